"""The request log of hosts with a budget, kept in the catalogue so that a restart does not reset a budget."""

from collections.abc import Sequence
from math import ceil

from sqlalchemy import Connection

from harvester.catalogue.request_log import add_request, time_of_nth_last_request, trim_requests
from harvester.crawl.politeness.rate_limits import Window


def take_request(connection: Connection, host: str, windows: Sequence[Window], now: float) -> float:
    """Take one request out of the host's budget. Returns 0, or the seconds to wait if the budget is used up.

    `now` is seconds since 1970. A request is logged at the next whole second, so a window is never shorter than
    configured.
    """
    longest_seconds = max(window.seconds for window in windows)
    # The change comes before the question: SQLite then keeps other processes out until this is committed.
    trim_requests(connection, host, int(now) - longest_seconds, ceil(now))
    wait = seconds_until_allowed(connection, host, windows, now)
    if not wait:
        add_request(connection, host, ceil(now))
    return wait


def seconds_until_allowed(connection: Connection, host: str, windows: Sequence[Window], now: float) -> float:
    """Seconds until the host may be asked again; 0 if it may be asked now."""
    return max(_window_wait(connection, host, window, now) for window in windows)


def _window_wait(connection: Connection, host: str, window: Window, now: float) -> float:
    """Seconds until the window has room: it is full while its n-th last request is in it, n being its size."""
    requested_at = time_of_nth_last_request(connection, host, window.requests)
    return 0.0 if requested_at is None else max(0.0, requested_at + window.seconds - now)
