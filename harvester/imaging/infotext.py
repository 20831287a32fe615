"""Parser of A1111's infotext, which Forge, SD.Next, Fooocus and others write too.

    a castle at dawn
    Negative prompt: blurry
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Model: mist, Lora hashes: "a: b, Seed: 9"

Source: https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/master/modules/infotext_utils.py. Some programs and
sites make one line of it. Nothing here raises.
"""

import json
import re
from itertools import islice
from typing import Any

_MAX_SETTINGS_CHARS = 20_000  # characters
_NEGATIVE = "Negative prompt:"
_SETTINGS_LINE = re.compile(r"^Steps: ?\d+(?=,)", re.MULTILINE)
_SETTINGS_IN_LINE = re.compile(r"(?<=\s)Steps: ?\d+(?=,)")
_MAX_STARTS = 20  # places that are tried
_SETTING = re.compile(r'(?:^|, ?)([A-Za-z][\w /-]{0,40}): ?("(?:[^"\\]|\\.){0,2000}"|[^,]*)')
_NEEDED = {"Sampler", "Seed", "CFG scale", "Size", "Model", "Model hash"}
"""Beside `Steps`, a line of settings has at least one of these: a text about steps has none."""


def parse_infotext(text: str) -> dict[str, Any] | None:
    """The fields of an infotext; None if there are no settings in the text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    starts = [match.start() for match in _SETTINGS_LINE.finditer(text)][: -_MAX_STARTS - 1 : -1]
    starts += [match.start() for match in islice(_SETTINGS_IN_LINE.finditer(text), _MAX_STARTS)]
    for start in starts:
        settings = _parse_settings(text[start:].partition("\n")[0])
        if _NEEDED.intersection(settings):
            prompt, negative = _split_prompts(text[:start])
            return {
                "prompt": prompt,
                "negative_prompt": negative,
                "model": settings.get("Model"),
                "sampler": settings.get("Sampler"),
                "seed": settings.get("Seed"),
                "steps": settings.get("Steps"),
                "cfg": settings.get("CFG scale"),
            }
    return None


def _parse_settings(line: str) -> dict[str, str]:
    """Name -> value; of several values with one name the first counts, as JSON of other programs stands at the end."""
    settings: dict[str, str] = {}
    for match in _SETTING.finditer(line[:_MAX_SETTINGS_CHARS]):
        settings.setdefault(match[1], _unquote(match[2].strip()))
    return settings


def _unquote(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def _split_prompts(text: str) -> tuple[str, str]:
    """The prompt and the negative prompt: the latter begins a line, or stands in the only line, once."""
    lines = text.rstrip("\n").split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip().startswith(_NEGATIVE)), None)
    if first is not None:
        negative = "\n".join(lines[first:]).strip().removeprefix(_NEGATIVE)
        return "\n".join(lines[:first]).strip(), negative.strip()
    if not text.endswith("\n") and text.count(_NEGATIVE) == 1:
        prompt, _, negative = text.partition(_NEGATIVE)
        return prompt.strip(), negative.strip()
    return text.strip(), ""
