"""Names made from what strangers wrote: legal on every system, short, never hidden, never a way out of the folder."""

import re
import unicodedata

LONGEST = 80
"""Characters; in UTF-8 at most three times as many bytes, which every file system takes."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE | re.DOTALL
)
_OURS = frozenset({"image_download.log", "download_status.json", "accounts.csv", "user_posts.json"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters by their category, and nothing to see


def folder_name(text: str | None, otherwise: str) -> str:
    """The text as the name of one folder; `otherwise` where nothing of it is left.

    Control characters, direction marks and what has a meaning in paths become `_`; a name does not begin or end with a
    dot or a blank, and is none that Windows keeps for itself.
    """
    whole = unicodedata.normalize("NFC", (text or "")[: 4 * LONGEST])
    seen = "".join(_seen(letter) for letter in whole)
    name = _FORBIDDEN.sub("_", seen).strip(" .")
    name = name.encode("utf-8")[: 3 * LONGEST].decode("utf-8", "ignore")[:LONGEST].rstrip(" .")
    return guarded(name) if name.strip("_ .") else otherwise


def guarded(name: str) -> str:
    """With a `_` before a name that would be hidden, taken for an option, kept by Windows or by our own files."""
    meant_otherwise = name.startswith((".", "-")) or _DEVICES.fullmatch(name) or name.lower() in _OURS
    return f"_{name}" if meant_otherwise else name


def folded(name: str) -> str:
    """Equal for names that some file system takes for one: they differ in capitals or in their Unicode form only."""
    plain = unicodedata.normalize("NFKD", name).upper().casefold()
    return unicodedata.normalize("NFKD", plain).casefold()


def _seen(letter: str) -> str:
    kind = unicodedata.category(letter)
    return "_" if kind in _UNSEEN else " " if kind == "Zs" or letter in _BLANK else letter
