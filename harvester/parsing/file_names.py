"""File names from strangers' texts: legal on every system, short, never hidden, never leading out of the folder."""

import re
import unicodedata

MAX_NAME_LENGTH = 80
"""Characters; in UTF-8 at most three times as many bytes, which every file system allows."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE | re.DOTALL
)
_OWN_FILES = frozenset({"image_download.log", "download_status.json", "accounts.csv", "user_posts.json"})
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters by category, but invisible


def folder_name(text: str | None, default: str) -> str:
    """The text as the name of one folder; `default` if nothing of it is left.

    Control characters, direction marks and characters with a meaning in paths become `_`. The name does not begin or
    end with a dot or a blank, and is not reserved on Windows.
    """
    normalized = unicodedata.normalize("NFC", (text or "")[: 4 * MAX_NAME_LENGTH])
    visible = "".join(_visible_letter(letter) for letter in normalized)
    name = _FORBIDDEN.sub("_", visible).strip(" .")
    name = name.encode("utf-8")[: 3 * MAX_NAME_LENGTH].decode("utf-8", "ignore")[:MAX_NAME_LENGTH].rstrip(" .")
    return escape_reserved(name) if name.strip("_ .") else default


def escape_reserved(name: str) -> str:
    """The name, after a `_` if it would be hidden, look like an option, or is reserved by Windows or harvester."""
    is_reserved = name.startswith((".", "-")) or _DEVICES.fullmatch(name) or name.lower() in _OWN_FILES
    return f"_{name}" if is_reserved else name


def fold_name(name: str) -> str:
    """A key that is equal for names that some file system treats as one: up to case and Unicode form."""
    upper = unicodedata.normalize("NFKD", name).upper().casefold()
    return unicodedata.normalize("NFKD", upper).casefold()


def _visible_letter(letter: str) -> str:
    category = unicodedata.category(letter)
    return "_" if category in _INVISIBLE_CATEGORIES else " " if category == "Zs" or letter in _BLANK_LETTERS else letter
