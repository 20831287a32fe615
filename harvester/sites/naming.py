"""Names of folders made from what strangers wrote: legal on every system, short, and never a way out of the folder."""

import re
import unicodedata

LONGEST = 80
"""Characters; in UTF-8 at most three times as many bytes, which every file system takes."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def folder_name(text: str | None, otherwise: str) -> str:
    """The text as the name of one folder; `otherwise` where nothing of it is left.

    Control characters, direction marks and what has a meaning in paths become `_`; a name does not begin or end with a
    dot or a blank, and is none that Windows keeps for itself.
    """
    whole = unicodedata.normalize("NFC", (text or "")[: 4 * LONGEST])
    seen = "".join(_seen(letter) for letter in whole)
    name = _FORBIDDEN.sub("_", seen).strip(" .")
    name = name.encode("utf-8")[: 3 * LONGEST].decode("utf-8", "ignore")[:LONGEST].rstrip(" .")
    if not name.strip("_ ."):
        return otherwise
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def _seen(letter: str) -> str:
    kind = unicodedata.category(letter)
    return "_" if kind in _UNSEEN else " " if kind == "Zs" else letter
