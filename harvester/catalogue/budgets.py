"""What has been asked of hosts that have a budget. In the catalogue, so that a restart does not give a fresh one."""

from collections.abc import Sequence
from math import ceil

from sqlalchemy import Connection, delete, insert, select, update

from harvester.catalogue.schema import asked
from harvester.politeness.windows import Window


def spend(connection: Connection, host: str, windows: Sequence[Window], now: float) -> float:
    """Take one request out of the host's budget: 0, or, where nothing is left, the seconds until something is.

    `now` is seconds since 1970. A request is written with the next whole second, so a window is never shorter than
    it says.
    """
    longest = max(window.seconds for window in windows)
    # The change comes before the question: SQLite then keeps other processes out until this is committed.
    connection.execute(delete(asked).where(asked.c.host == host, asked.c.at <= int(now) - longest))
    # A clock that was set back: what was asked in its future counts as asked now, and no longer than that.
    connection.execute(update(asked).where(asked.c.host == host, asked.c.at > ceil(now)).values(at=ceil(now)))
    wait = remaining(connection, host, windows, now)
    if not wait:
        connection.execute(insert(asked).values(host=host, at=ceil(now)))
    return wait


def remaining(connection: Connection, host: str, windows: Sequence[Window], now: float) -> float:
    """Seconds until the host may be asked again; 0 for at once."""
    return max(_wait(connection, host, window, now) for window in windows)


def _wait(connection: Connection, host: str, window: Window, now: float) -> float:
    """The window is full while the n-th last request is still in it, n being how many it takes."""
    nth_last = (
        select(asked.c.at).where(asked.c.host == host).order_by(asked.c.at.desc()).offset(window.requests - 1).limit(1)
    )
    at = connection.execute(nth_last).scalar()
    return 0.0 if at is None else max(0.0, at + window.seconds - now)
