"""Which attachments are pictures, and where the best of each lies."""

from typing import Any

import pytest

from harvester.spiders.mastodon.media import find_fallback_url, parse_attachment, parse_attachments
from tests.spiders.mastodon.entities import attachment, status

ORIGIN = "https://origin.example/files/1.png"
CACHED = "https://social.example/cache/media/1/original/a.png"
PROXY = "https://social.example/media_proxy/1/original"
PREVIEW = "https://social.example/cache/media/1/small/a.png"


@pytest.mark.parametrize(
    ("remote", "url", "preview", "first", "others", "last", "reduced"),
    [
        (ORIGIN, CACHED, PREVIEW, ORIGIN, (CACHED,), PREVIEW, False),
        (None, CACHED, PREVIEW, CACHED, (), PREVIEW, False),
        (ORIGIN, PROXY, PREVIEW, ORIGIN, (), PREVIEW, False),
        (PROXY, CACHED, None, CACHED, (), "", False),
        (ORIGIN, None, PROXY, ORIGIN, (), "", False),
        (ORIGIN, ORIGIN, ORIGIN, ORIGIN, (), "", False),
        (None, PROXY, None, PROXY, (), "", False),
        (None, None, PREVIEW, PREVIEW, (), "", True),
        ("javascript:alert(1)", "//x/y.jpg", PREVIEW, PREVIEW, (), "", True),
    ],
)
def test_the_best_address_comes_first(
    remote: str | None,
    url: str | None,
    preview: str | None,
    first: str,
    others: tuple[str, ...],
    last: str,
    reduced: bool,
) -> None:
    """The origin's file, then the server's, then the preview; a proxy only where there is nothing else."""
    result = parse_attachment(attachment(remote_url=remote, url=url, preview_url=preview))
    assert (result.url, result.other_urls, result.preview_url, result.is_reduced, result.reason) == (
        first,
        others,
        last,
        reduced,
        "",
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"url": None, "preview_url": None}, "no-address"),
        ({"url": 5, "preview_url": ["x"]}, "no-address"),
        ({"url": "ftp://x.example/a.jpg", "preview_url": ""}, "no-address"),
        ({"type": "video", "url": "https://x.example/a.mp4"}, "video"),
        ({"type": "gifv", "url": "https://x.example/a.mp4"}, "video"),
        ({"type": "audio", "url": "https://x.example/a"}, "video"),
        ({"type": "video", "url": None}, "video"),
        ({"type": "unknown", "url": PROXY, "remote_url": "https://o.example/a.mp3"}, "video"),
        ({"type": "image", "url": "https://x.example/a.webm"}, "video"),
        ({"type": "gifv", "url": "https://x.example/a.gif"}, ""),
        ({"type": "unknown", "url": PROXY, "remote_url": ORIGIN}, ""),
        ({"type": "unknown", "url": PROXY, "remote_url": "https://o.example/a.PNG?name=a.png"}, ""),
        ({"type": "hologram"}, ""),
        ({"type": None}, ""),
    ],
)
def test_the_type_is_a_hint_and_the_ending_too(changed: dict[str, Any], reason: str) -> None:
    """A remote picture can be `unknown`, a GIF `gifv`; one without an address is reported."""
    assert parse_attachment(attachment(**changed)).reason == reason


def test_of_two_addresses_the_picture_is_chosen() -> None:
    """Where a GIF was made a video, the GIF itself may still be at its origin, or here."""
    gif, video = "https://o.example/a.gif", "https://social.example/a.mp4"
    assert parse_attachment(attachment(type="gifv", remote_url=gif, url=video)).url == gif
    assert parse_attachment(attachment(type="gifv", remote_url=video, url=gif)).url == gif


def test_picture_details_are_stored() -> None:
    """Alt text, size, focus, blurhash; Sharkey writes the size flat."""
    result = parse_attachment(attachment(3))
    assert (result.ident, result.alt) == ("113", "Hill 3")
    assert result.metadata == {
        "type": "image",
        "blurhash": "LGF5]+Yk^6#M@-5c,1J5@[or[Q6.",
        "width": 640,
        "height": 480,
        "focus": [0, 1],
    }
    sharkey = parse_attachment(attachment(meta={"width": 5, "height": 6}, blurhash=None, description=None))
    assert (sharkey.alt, sharkey.metadata) == ("", {"type": "image", "width": 5, "height": 6})


def test_gotosocial_lists_unfetched_attachments_in_the_text() -> None:
    """Those pictures are found there, with their descriptions; a sound among them stays one."""
    note = (
        '<p>hi</p><div class="gts-system-message gts-placeholder-attachments"><hr><p><i lang="en">Note from x:</i></p>'
        '<ul><li><a href="https://o.example/f/1.png?a=1&amp;b=2" rel="nofollow">1.png</a> [A sloth &amp; a tree]</li>'
        '<li><a href="https://o.example/f/2.mp3">2.mp3</a></li></ul></div>'
    )
    all_pictures = parse_attachments(status(content=note, media_attachments=[attachment()]))
    assert [(p.url, p.alt, p.reason) for p in all_pictures[1:]] == [
        ("https://o.example/f/1.png?a=1&b=2", "A sloth & a tree", ""),
        ("https://o.example/f/2.mp3", "", "video"),
    ]


def test_one_address_twice_in_a_post_is_one_picture() -> None:
    """All without an address are reported."""
    lost = attachment(url=None, preview_url=None)
    assert len(parse_attachments(status(media_attachments=[attachment(), attachment(), lost, lost]))) == 3


def test_more_than_four_pictures_are_all_kept() -> None:
    """Mastodon keeps four, Akkoma and Pixelfed show more."""
    assert len(parse_attachments(status(media_attachments=[attachment(n) for n in range(12)]))) == 12


@pytest.mark.parametrize("for_good", [True, False])
@pytest.mark.parametrize("preview", [PREVIEW, ""])
@pytest.mark.parametrize("others", [[], [CACHED], [CACHED, "https://other.example/1.png"]])
def test_every_copy_is_tried_once(others: list[str], preview: str, for_good: bool) -> None:
    """One after the other; the preview at last, and only where no failure may pass."""
    metadata = {"other_addresses": others, "reduced_address": preview}
    tried, address = [], find_fallback_url(ORIGIN, metadata, all_permanent=for_good)
    while address and len(tried) < 9:
        tried.append(address)
        address = find_fallback_url(address, metadata, all_permanent=for_good)
    assert tried == others + [preview] * bool(preview and for_good)
