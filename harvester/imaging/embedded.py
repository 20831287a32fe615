"""Reader of generation data in the bytes of a picture: the program, the prompt and the settings that made it.

It reads A1111's `parameters` (and EXIF UserComment), ComfyUI's `prompt` and `workflow`, NovelAI's `Comment`, InvokeAI's
`invokeai_metadata` and `sd-metadata`, SwarmUI's `sui_image_params`. docs/embedded.md describes the result for each.
"""

from collections.abc import Mapping
from typing import Any

from harvester.imaging import prompt_formats
from harvester.imaging.text_chunks import read_texts
from harvester.text import strip_unstorable

MAX_RAW_CHARS = 64 * 1024
"""Characters of a raw text; of longer texts only the length is kept, as the blob has them."""

MAX_PROMPT_CHARS = 20_000
"""Characters of a prompt."""

GENERATION_FIELDS = ("prompt", "negative_prompt", "model", "sampler", "seed", "steps", "cfg")

_GENERATOR_NAMES = (
    "parameters",
    "prompt",
    "workflow",
    "UserComment",
    "invokeai_metadata",
    "invokeai_workflow",
    "sd-metadata",
    "Dream",
)
"""Texts that generators write; they are kept even if they are not understood."""

_OTHER_NAMES = ("Comment", "Description", "Software", "Source", "ImageDescription", "Make", "Model")
"""Texts that cameras and painting programs write too; they are kept if a generator wrote them."""


def read_generation_data(data: bytes) -> dict[str, Any] | None:
    """`tool`, the known fields as texts, `raw` texts by name, and the lengths of those `left_out`.

    Without `tool` and fields if there are texts that a generator may have written, but no known one. None if the file
    has no generation data. Never raises, whatever the bytes are.
    """
    names = (*_GENERATOR_NAMES, *_OTHER_NAMES)
    texts = {name: text for name, text in read_texts(data).items() if name in names and text.strip()}
    if (parsed := prompt_formats.parse_generation_texts(texts)) is not None:
        tool, fields = parsed
        values = {name: text for name in GENERATION_FIELDS if (text := _to_text(fields.get(name)))}
        return {"tool": tool, **values, **_raw_texts(texts)}
    return _raw_texts({name: text for name, text in texts.items() if name in _GENERATOR_NAMES}) or None


def _raw_texts(texts: Mapping[str, str]) -> dict[str, Any]:
    raw_texts = {name: strip_unstorable(text) for name, text in texts.items() if len(text) <= MAX_RAW_CHARS}
    left_out = {name: len(text) for name, text in texts.items() if len(text) > MAX_RAW_CHARS}
    return {name: value for name, value in (("raw", raw_texts), ("left_out", left_out)) if value}


def _to_text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return strip_unstorable(str(value)).strip()[:MAX_PROMPT_CHARS] or None
