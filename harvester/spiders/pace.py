"""How fast pages are asked for: with a pause between two of one host, whoever asks."""

import asyncio
import time

from harvester.errors import BadInput


class Pace:
    """At most one page of a host in so many seconds (a number, or a text with one). Raises BadInput."""

    def __init__(self, seconds: str | float) -> None:
        try:
            self._seconds = float(seconds)
        except ValueError:
            self._seconds = -1
        if not 0 <= self._seconds <= 3600:
            raise BadInput(f"MASTODON_PAGE_SECONDS={seconds}: must be a number from 0 to 3600.")
        self._next: dict[str, float] = {}

    async def turn(self, host: str) -> None:
        """Return when it is the host's turn."""
        now = time.monotonic()
        at = max(now, self._next.get(host, now))
        self._next[host] = at + self._seconds
        await asyncio.sleep(at - now)
