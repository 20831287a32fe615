"""Folder names from what strangers wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.sites.naming import LONGEST, folder_name


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
    assert len(name) <= LONGEST + 1
    assert len(name.encode()) <= 255
    assert name.isprintable()
