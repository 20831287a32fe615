"""Folder names from what strangers wrote."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.parsing.file_names import MAX_NAME_LENGTH, escape_reserved, fold_name, folder_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ajuro", "Ajuro"),
        ("Flux.1 D", "Flux.1 D"),
        ("..", "unknown"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".hidden", "hidden"),
        ("trailing. ", "trailing"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("urn:air:flux1:checkpoint", "urn_air_flux1_checkpoint"),
        ("a\x00b\u202ec", "a_b_c"),
        ("\ud800", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        ("e\u0301", "é"),
        ("-rf", "_-rf"),
        ("conout$", "_conout$"),
        ("Nul .txt", "_Nul .txt"),
        ("image_download.log", "_image_download.log"),
        ("\u3164\u115f", "unknown"),
        ("a\u3164", "a"),
    ],
)
def test_names_are_made_legal(text: str | None, name: str) -> None:
    """No way out, nothing reserved, nothing unseen; `unknown` where nothing is left."""
    assert folder_name(text, "unknown") == name


@given(st.text())
def test_any_text_is_one_folder(text: str) -> None:
    """One part of a path, bounded, not hidden, the same when named again."""
    name = folder_name(text, "unknown")
    assert name
    assert "/" not in name
    assert "\\" not in name
    assert name.strip(" .") == name
    assert len(name) <= MAX_NAME_LENGTH + 1
    assert len(name.encode()) <= 255
    assert name.isprintable()
    assert not name.startswith("-")
    assert unicodedata.is_normalized("NFC", name)
    assert escape_reserved(name) == name


@given(st.text(max_size=30))
def test_names_that_a_file_system_equates_fold_to_one(text: str) -> None:
    """Whatever its capitals and its Unicode form."""
    forms = {text, text.lower(), text.casefold(), text.lower().casefold()}
    forms |= {unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len({fold_name(form) for form in forms}) == 1


@pytest.mark.parametrize(("first", "second"), [("Ab", "aB"), ("é", "E\u0301"), ("straße", "STRASSE"), ("ﬁn", "FIN")])
def test_names_that_differ_in_capitals_or_form_fold_to_one(first: str, second: str) -> None:
    """As NTFS, APFS and ext4 with casefold see them."""
    assert fold_name(first) == fold_name(second)
