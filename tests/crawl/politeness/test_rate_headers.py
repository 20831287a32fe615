"""What servers say in headers is understood in every form they say it in."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.crawl.politeness.rate_headers import find_ai_opt_outs, rate_limit_delay, retry_delay

NOW = datetime(2026, 8, 1, 13, 45, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": "Sat, 01 Aug 2026 13:50:00 GMT"}, 300),
        ({"retry-after": "Sat, 01 Aug 2026 13:40:00 GMT"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"x-ratelimit-reset": "2026-08-01T13:50:00.809356Z"}, 300.809356),
        ({"x-ratelimit-reset": "2026-08-01T13:50:00.123Z"}, 300.123),
        ({"x-ratelimit-reset": "1785592200"}, 300),
        ({"x-ratelimit-reset": "1785592200000"}, 300),
        ({"x-ratelimit-reset": "300"}, 300),
        ({"retry-after": "7", "x-ratelimit-reset": "300"}, 7),
        ({"retry-after": "soon", "x-ratelimit-reset": "300"}, 300),
        ({"retry-after": "Sat, 01 Aug 2026 13:50:00 GMT", "date": "Sat, 01 Aug 2026 13:49:00 GMT"}, 60),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, HTTP date, ISO 8601, epoch; counted from the server's own clock; nonsense is nothing."""
    assert retry_delay(headers, NOW) == (None if seconds is None else pytest.approx(seconds, abs=0.001))


@pytest.mark.parametrize(("remaining", "seconds"), [("0", 300), ("0.5", 300), ("1", None), ("many", None), ("", None)])
def test_only_a_remaining_of_zero_is_a_used_up_limit(remaining: str, seconds: float | None) -> None:
    """X-RateLimit-Remaining: 0 means the reset has to be waited for."""
    headers = {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": "2026-08-01T13:50:00Z"}
    assert rate_limit_delay(headers, NOW) == (None if seconds is None else pytest.approx(seconds))


@given(
    st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "date"]), st.text())
)
def test_any_header_gives_seconds_or_none(headers: dict[str, str]) -> None:
    """Whatever stands there: seconds from 0, or None."""
    for seconds in (retry_delay(headers, NOW), rate_limit_delay(headers, NOW)):
        assert seconds is None or seconds >= 0


@given(st.integers(0, 10**7))
def test_all_header_forms_give_the_same_wait(seconds: int) -> None:
    """A wait written as seconds, HTTP date, ISO 8601 and epoch is the same wait."""
    moment = datetime.fromtimestamp(NOW + seconds, UTC)
    forms = [{"retry-after": str(seconds)}, {"retry-after": format_datetime(moment, usegmt=True)},
             {"x-ratelimit-reset": moment.isoformat()}, {"x-ratelimit-reset": str(int(NOW + seconds))}]  # fmt: skip
    assert {retry_delay(form, NOW) for form in forms} == {float(seconds)}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["noai"], ["noai"]),
        (["noindex, NoImageAI , noai"], ["noai", "noimageai"]),
        (["otherbot: noai"], []),
        (["otherbot: noindex, noai"], []),
        (["harvester: noml"], ["noml"]),
        (["otherbot: noai, Harvester: noml"], ["noml"]),
        (["otherbot: noai", "noimageai"], ["noimageai"]),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, noai"], ["noai"]),
        (["max-snippet: 20, noai"], ["noai"]),
        (["*: noai"], ["noai"]),
        (["none, nosnippet"], []),
        ([], []),
    ],
)
def test_noai_headers_are_read(tags: list[str], expected: list[str]) -> None:
    """For everybody or for us, in any order and any case, beside other words."""
    assert find_ai_opt_outs(tags, "harvester") == expected
