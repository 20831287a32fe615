"""Whatever bytes come, only values and expected errors come out of the parsers; `make fuzz` looks for longer."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.parsing.parsers import EXPECTED, PARSERS, samples

_WORDS = """items metadata nextCursor nextPage id url type stats heartCount meta prompt tags name username createdAt
account acct media_attachments remote_url preview_url description content reblog visibility public fields note links
href rel self subject error message modelVersionIds resources civitaiResources Model index image_urls a@x
http://[ https://a.example/b.jpg 2026-01-01T00:00:00Z 1e999 - \ud800 \0"""
WORDS = st.sampled_from(_WORDS.split())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(WORDS, inner, max_size=8),
    max_leaves=30,
)
MARKS = """<td id="img-12">
<td class='blk_header'>
<a href="/showfavorites.php?userid=7&folderid=12">
</a>
<a class="blk_favorites" href="x?folderid=-1">
<a href="/profile.php?user=%00%ff">
<font>
</font>
<input id="imageid_input" value="99999999999999999999">
<a imageid="5" original="http://[x/images/full/5.jpg">
<a framed original="https://h/images/full/1/5.jpg?end=99999999999" dimension="1x1">
<table><tr>
</tr></table>
<a href="/photo/5/" name="5">
<img id="mainPhoto" src="//[">
<title>(Picture 1) uploaded by on </title>
<meta name="description" content="View this nice x pic uploaded by y">
<svg>
<!--
]]>
<?
<![CDATA[
&#x110000;
lake.jpg
<input id="tgl_all">
<tr id="gid-5">
<form><input name="captcha">""".splitlines()
MARKUP = st.lists(st.sampled_from([*MARKS, "\0", "\ud800"]), max_size=40)
MANY_EXAMPLES = settings(max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def _parse(name: str, body: bytes) -> None:
    with suppress(*EXPECTED):
        PARSERS[name](body)


@pytest.mark.parametrize("name", PARSERS)
def test_good_bytes_are_read(name: str) -> None:
    """What the fuzzing begins with is accepted: it reaches the inside of the parsers."""
    for body in samples(name):
        if b'"error"' not in body:
            PARSERS[name](body)


@pytest.mark.parametrize("name", PARSERS)
@MANY_EXAMPLES
@given(st.binary(max_size=400))
def test_no_bytes_break_a_parser(name: str, body: bytes) -> None:
    """Of any kind."""
    _parse(name, body)


@pytest.mark.parametrize("name", ["civitai", "mastodon", "data-set", "embedded"])
@MANY_EXAMPLES
@given(VALUES)
@example({"items": [{"id": 1, "meta": {"meta": {"Model": {"a": {"b": [1]}}}}}]})
def test_no_json_breaks_a_parser(name: str, value: Any) -> None:
    """The words of the site at wrong places, with values of wrong types; bare, in a list, and as items of a page."""
    for shaped in (value, [value], {"items": [value], "metadata": value}, {"a@x": [value]}, {"links": [value]}):
        _parse(name, json.dumps(shaped).encode())


@MANY_EXAMPLES
@given(MARKUP)
def test_no_markup_breaks_a_parser(parts: list[str]) -> None:
    """The marks that pages are recognised by, at any place and depth."""
    _parse("imagefap", ("<html><body>" + "".join(parts) + "</html>").encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", PARSERS)
@MANY_EXAMPLES
@given(st.data())
def test_no_damage_breaks_a_parser(name: str, data: st.DataObject) -> None:
    """Good bytes with a piece of them cut out, doubled or replaced."""
    body = data.draw(st.sampled_from(samples(name)))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
    piece = data.draw(st.binary(max_size=8) | st.just(body[start:end] * 2) | st.sampled_from([b"[" * 999, b"9" * 5000]))
    _parse(name, body[:start] + piece + body[end:])


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize(
    "body",
    [b"[" * 500_000, b'{"items":' * 100_000, b"[" * 900 + b"]" * 900, b'{"items":[' + b"9" * 5000 + b"]}", b"\xff\xfe[",
     b'{"items":[{"id":1e400,"stats":{"heartCount":-0.0}}],"metadata":{"nextCursor":{}}}', b"\0" * 100_000,
     b"[" + b"[]," * 1_000_000 + b"[]]", b"[" + b"[]," * 50_000 + b"[]]", b'"' + b"\\ud800" * 100_000 + b'"',
     b"<div>" * 100_000 + b"</html>",
     b"<table><tr><td id=img-1>" * 20_000 + b"</html>", b"<a href=/showfavorites.php?folderid=1>" * 20_000 + b"</html>",
     b"<font>" * 50_000 + b"<a class=blk_favorites href=?folderid=1>" * 5000 + b"</html>", b"&#" + b"9" * 100_000],
    ids=range(15),
)  # fmt: skip
def test_no_bomb_breaks_a_parser(name: str, body: bytes) -> None:
    """Nesting, numbers, endless lists."""
    _parse(name, body)
