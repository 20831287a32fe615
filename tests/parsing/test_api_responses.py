"""Errors of JSON APIs, from bytes to one sentence."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.errors import ListingIncomplete
from harvester.parsing.api_responses import error_text, read_document
from harvester.parsing.responses import SiteResponse

VALUES = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "path"]), inner, max_size=3)
        | inner.map(json.dumps)
    ),
    max_leaves=8,
)


def _response(body: Any) -> SiteResponse:
    return SiteResponse(
        "https://site.example/x", 400, {}, body if isinstance(body, bytes) else json.dumps(body).encode()
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": "no such tag"}, "HTTP 400: no such tag"),
        ({"error": {"message": "no such tag"}, "message": "other"}, "HTTP 400: no such tag"),
        ({"message": "no such tag"}, "HTTP 400: no such tag"),
        ({"error": {"message": '[{"path": ["tags", 0], "message": "invalid"}]'}}, "HTTP 400: tags.0: invalid"),
        ({"error": {"message": '[{"path": 5, "message": "invalid"}]'}}, "HTTP 400: : invalid"),
        ({"error": "x" * 500}, f"HTTP 400: {'x' * 300}"),
        (["no", "object"], "HTTP 400, a list instead of a JSON object"),
        ("maintenance", "HTTP 400, a single value instead of a JSON object"),
        ({"detail": 5}, "HTTP 400"),
        (b"<!DOCTYPE html>", "HTTP 400, a web page instead of JSON"),
        (b"error code: 1020", "HTTP 400, text instead of JSON"),
        (b" ", "HTTP 400, nothing instead of JSON"),
    ],
)
def test_an_error_is_told_in_the_words_of_the_api(body: Any, text: str) -> None:
    """A text, an object, the list of a validation, or nothing that can be read."""
    assert error_text(_response(body)) == text


@given(value=VALUES)
def test_any_error_gives_a_text_that_can_be_stored(value: Any) -> None:
    """Whatever the values are."""
    assert error_text(_response(value)).startswith("HTTP 400")
    error_text(_response(value)).encode()


def test_a_document_that_is_none_makes_the_listing_incomplete() -> None:
    """With the reason."""
    assert read_document(_response([1])).value == [1]
    with pytest.raises(ListingIncomplete, match="the response is not JSON"):
        read_document(_response(b"<html>"))
