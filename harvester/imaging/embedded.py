"""Reader of generation data in the bytes of a picture: the program, the prompt and the settings that made it.

It reads A1111's `parameters` (and EXIF UserComment), ComfyUI's `prompt` and `workflow`, NovelAI's `Comment`, InvokeAI's
`invokeai_metadata` and `sd-metadata`, SwarmUI's `sui_image_params`. docs/embedded.md describes the result for each.
"""

from typing import Any

from harvester.imaging import prompt_formats
from harvester.imaging.text_chunks import read_texts
from harvester.text import strip_unstorable

MAX_RAW_CHARS = 64 * 1024
"""Characters of a raw text; of longer texts only the length is kept, as the blob has them."""

MAX_PROMPT_CHARS = 20_000
"""Characters of a prompt."""

GENERATION_FIELDS = ("prompt", "negative_prompt", "model", "sampler", "seed", "steps", "cfg")

_TEXT_NAMES = (
    "parameters",
    "prompt",
    "workflow",
    "UserComment",
    "Comment",
    "Description",
    "Software",
    "invokeai_metadata",
    "invokeai_workflow",
    "sd-metadata",
    "Dream",
    "ImageDescription",
    "Make",
    "Model",
)


def read_generation_data(data: bytes) -> dict[str, Any] | None:
    """`tool`, the known fields as texts, `raw` texts by name, and the lengths of those `left_out`.

    None if the file has no generation data. Never raises, whatever the bytes are.
    """
    texts = {name: text for name, text in read_texts(data).items() if name in _TEXT_NAMES and text.strip()}
    parsed = prompt_formats.parse_generation_texts(texts)
    if parsed is None:
        return None
    tool, fields = parsed
    values = {name: text for name in GENERATION_FIELDS if (text := _to_text(fields.get(name)))}
    raw_texts = {name: strip_unstorable(text) for name, text in texts.items() if len(text) <= MAX_RAW_CHARS}
    left_out = {name: len(text) for name, text in texts.items() if len(text) > MAX_RAW_CHARS}
    return {"tool": tool, **values, "raw": raw_texts, **({"left_out": left_out} if left_out else {})}


def _to_text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return strip_unstorable(str(value)).strip()[:MAX_PROMPT_CHARS] or None
