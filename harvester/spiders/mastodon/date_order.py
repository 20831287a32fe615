"""Evidence that a listing is in the order of dates, so that posts older than `since` can end its walk.

Servers sort by id, and imported or late posts have new ids and old dates (pixelfed/pixelfed#2333). A page of old posts
therefore ends a walk only where the ids themselves tell the dates, or where pages have come in the order of dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

OLD_PAGES = 2
"""Pages in a row, older than wanted, that end a walk whose pages have come in the order of dates."""

SNOWFLAKE_TOLERANCE = timedelta(days=1)
"""The most by which the time in an id may differ from that of its post."""


@dataclass
class DateOrder:
    """The pages of one walk so far that are in order, up to the last one: none has a newer post than the one before."""

    newest: datetime | None = None  # the newest post of the last page
    has_wanted: bool = False  # whether one of them has posts that are not too old
    old_pages: int = 0  # in a row, up to the last one

    def is_past(self, dates: Mapping[str, datetime | None], *, is_too_old: bool) -> bool:
        """Add a page by the ids and dates of its posts; return whether all posts behind it are too old, like itself."""
        newest = max((moment for moment in dates.values() if moment), default=None)
        if self.newest and newest and newest > self.newest:
            self.has_wanted = False
        self.newest = newest or self.newest
        self.has_wanted = self.has_wanted or not is_too_old
        self.old_pages = self.old_pages + 1 if is_too_old else 0
        return is_too_old and (have_dated_ids(dates) or (self.has_wanted and self.old_pages >= OLD_PAGES))


def have_dated_ids(dates: Mapping[str, datetime | None]) -> bool:
    """Whether every id tells the date of its post: milliseconds since 1970 << 16 (M `lib/mastodon/snowflake.rb`)."""
    return all(
        moment is not None
        and ident.isascii()
        and ident.isdigit()
        and abs((int(ident) >> 16) / 1000 - moment.timestamp()) < SNOWFLAKE_TOLERANCE.total_seconds()
        for ident, moment in dates.items()
    )
