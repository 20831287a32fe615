"""Budgets: in no window more requests than it allows, however the requests come."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, func, select

from harvester.catalogue.schema import metadata, request_log
from harvester.catalogue.store import open_catalogue
from harvester.crawl.politeness.rate_limits import Window, parse_windows
from harvester.crawl.politeness.request_log import take_request

START = 1_800_000_000.0


def _open_in_memory() -> Engine:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine


@given(
    gaps=st.lists(st.floats(0, 20), min_size=1, max_size=80),
    limits=st.lists(st.builds(Window, st.integers(1, 6), st.integers(1, 30)), min_size=1, max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_no_window_holds_more_than_it_allows(gaps: list[float], limits: list[Window]) -> None:
    """Whenever a request asks, and however long it is made to wait, no window of a budget is exceeded."""
    now, granted = START, []
    with _open_in_memory().begin() as connection:
        for gap in gaps:
            now += gap
            while wait := take_request(connection, "h", limits, now):
                assert wait > 0
                now += wait
            granted.append(now)
        assert connection.execute(select(func.count()).select_from(request_log)).scalar_one() <= len(granted)
    for window in limits:
        for first, later in zip(granted, granted[window.requests :], strict=False):
            assert later - first >= window.seconds - 1e-3


def test_a_budget_is_remembered_and_shared(tmp_path: Path) -> None:
    """Another process, or the next run, finds what was spent; another host has its own."""
    address = f"sqlite:///{tmp_path / 'catalogue.db'}"
    limits = parse_windows("2/60s, 100/3600s")
    for expected_wait in (0, 0, 59):
        engine = open_catalogue(address)
        with engine.begin() as connection:
            assert take_request(connection, "h", limits, START) == pytest.approx(expected_wait, abs=1.5)
            assert not take_request(connection, f"other {expected_wait} {id(engine)}", limits, START)
        engine.dispose()


def test_a_clock_that_was_set_back_costs_one_window_at_most(tmp_path: Path) -> None:
    """What was asked in the future counts as asked now."""
    limits = parse_windows("1/60s")
    with _open_in_memory().begin() as connection:
        assert not take_request(connection, "h", limits, START + 9999)
        assert take_request(connection, "h", limits, START) <= 60
        assert not take_request(connection, "h", limits, START + 60)


@pytest.mark.parametrize("text", ["80/60s", "80/60s,160/300s", " 80/60s , 160/300s , 800/3600s "])
def test_windows_are_read(text: str) -> None:
    """Requests, a slash, seconds and an s; several with commas."""
    assert parse_windows(text)[0] == Window(80, 60)


@pytest.mark.parametrize("text", ["", "80", "80/60", "80/1m", "0/60s", "80/0s", "-1/60s", "80/60s,", "80/60s 1/2s"])
def test_invalid_windows_are_refused(text: str) -> None:
    """ValueError, so that the setting is refused."""
    with pytest.raises(ValueError, match=r"^"):
        parse_windows(text)
