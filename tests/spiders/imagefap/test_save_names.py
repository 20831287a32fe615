"""Names of files: what an uploader wrote, fit for every file system."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.parsing.file_names import escape_reserved
from harvester.spiders.imagefap.save_names import MAX_NAME_BYTES, file_stem, numbered_name, sanitise_name


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("pier & gulls.jpeg", "pier & gulls.jpeg"),
        ("old/mill.png", "old-mill.png"),
        ('a\\b:c*d?e"f<g>h|i\0j\tk.jpg', "abcdefghijk.jpg"),
        ("café.jpg", "cafe\u0301.jpg"),
        ("ends. . .", "ends"),
        ("  spaces.jpg ", "spaces.jpg"),
        ("CON", "__CON"),
        ("LPT9", "__LPT9"),
        ("con", "con"),
        ("CON.jpg", "CON.jpg"),
        ("...", "__"),
        ("", "__"),
        ("\u2100.jpg", "ac.jpg"),  # one character that normalises to a/c
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
    ],
)
def test_names_are_sanitised_by_the_old_tools_rules(name: str, clean: str) -> None:
    """Separators become dashes, forbidden characters go, devices and nothing get two underscores, 255 at most."""
    assert sanitise_name(name) == clean


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.JPG", "a"), ("a.jpeg", "a"), ("no extension", "no extension"), ("v1.2 final", "v1.2 final"),
     ("a.tar.gif", "a.tar"), (".jpg", "_.jpg"), ("-x.jpg", "_-x"), ("con.jpg", "_con"), ("a\u202eb", "ab"),
     ("x" * 300, "x" * 239)],
)  # fmt: skip
def test_only_a_picture_extension_is_removed(name: str, expected: str) -> None:
    """The bytes give the extension, so what stands before it is kept; there is room for it and for a number."""
    assert file_stem(name) == expected


@given(st.text(max_size=400))
@example("\ud800.jpg")
@example("\uff0f..\uff0fetc")
def test_a_name_is_never_a_path_and_always_fits(name: str) -> None:
    """And sanitising it again changes nothing."""
    for file_name in (sanitise_name(name), file_stem(name), numbered_name(file_stem(name), 999) + ".jpeg"):
        assert file_name not in ("", ".", "..")
        assert not set(file_name) & set('/\\\0:*?"<>|')
        assert len(file_name.encode()) <= MAX_NAME_BYTES
    assert sanitise_name(sanitise_name(name)) == sanitise_name(name)
    assert not file_stem(name).startswith((".", "-", " "))
    assert not set(file_stem(name)) & set(
        "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    assert escape_reserved(file_stem(name)) == file_stem(name)


def test_different_pictures_of_one_name_are_numbered() -> None:
    """The first keeps the name."""
    assert [numbered_name("a", n) for n in (1, 2, 3)] == ["a", "a (2)", "a (3)"]
