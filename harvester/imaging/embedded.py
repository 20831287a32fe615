"""Generation data in the bytes of a picture: which program made it, from which prompt, and how.

Read are A1111's `parameters` (and EXIF UserComment), ComfyUI's `prompt` and `workflow`, NovelAI's `Comment`, InvokeAI's
`invokeai_metadata` and `sd-metadata`, SwarmUI's `sui_image_params`. docs/embedded.md says what comes of each.
"""

from typing import Any

from harvester.imaging import generators
from harvester.imaging.texts import texts_of
from harvester.text import storable

KEPT = 64 * 1024
"""Characters of a raw text that is kept; of longer ones only the length, for the blob has them."""

LONGEST = 20_000
"""Characters of a prompt."""

FIELDS = ("prompt", "negative_prompt", "model", "sampler", "seed", "steps", "cfg")

_NAMES = (
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


def generation_data(data: bytes) -> dict[str, Any] | None:
    """`tool`, what is known of `FIELDS` as texts, `raw` texts by name, and lengths of those `left_out`.

    None where the file has nothing of the kind. Never raises, whatever the bytes are.
    """
    texts = {name: text for name, text in texts_of(data).items() if name in _NAMES and text.strip()}
    read = generators.read(texts)
    if read is None:
        return None
    tool, found = read
    told = {name: text for name in FIELDS if (text := _text(found.get(name)))}
    kept = {name: storable(text) for name, text in texts.items() if len(text) <= KEPT}
    left_out = {name: len(text) for name, text in texts.items() if len(text) > KEPT}
    return {"tool": tool, **told, "raw": kept, **({"left_out": left_out} if left_out else {})}


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return storable(str(value)).strip()[:LONGEST] or None
