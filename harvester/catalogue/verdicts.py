"""Verdicts on look-alikes: a log that only grows, and what holds now, which follows from it.

One decision is what one look at a group said of its members. The latest verdict on a picture holds; a `skip` holds as
long as one of the pictures that were kept by the same decision is still there (or where none was: always).
docs/decisions/0012-verdicts-survive.md says why.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, exists, func, insert, not_, or_, select

from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import blobs, decisions, verdicts
from harvester.catalogue.writer import now


class Verdict(NamedTuple):
    """`new`, `false`, `keep` or `skip` on a picture; with album and image (rows) only on that occurrence of it."""

    sha256: str
    verdict: str
    album: int | None = None
    image: int | None = None


@dataclass(frozen=True)
class Decision:
    """A row of the log; `undoes` is the decision that it takes back, in which case it gives no verdicts."""

    id: int
    at: int
    origin: str
    undoes: int | None
    given: tuple[Verdict, ...]


def decide(connection: Connection, origin: str, given: Collection[Verdict]) -> int:
    """Log the verdicts of one decision; returns its row."""
    row = _log(connection, origin)
    rows = [
        {"decision_id": row, "sha256": one.sha256, "verdict": one.verdict, "album_id": one.album, "image_id": one.image}
        for one in given
    ]
    connection.execute(insert(verdicts), rows)
    return row


def undo(connection: Connection, origin: str) -> Decision | None:
    """Take back the latest decision of that origin that was not taken back yet, by a new entry; None: there is none."""
    gave = and_(decisions.c.origin == origin, decisions.c.undoes.is_(None), decisions.c.id.not_in(_undone()))
    latest = connection.execute(select(func.max(decisions.c.id)).where(gave)).scalar()
    if latest is None:
        return None
    _log(connection, origin, undoes=latest)
    return next(log(connection, only=latest))


def _log(connection: Connection, origin: str, undoes: int | None = None) -> int:
    result = connection.execute(insert(decisions).values(at=now(), origin=origin, undoes=undoes))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def decided(connection: Connection, origin: str) -> set[frozenset[Verdict]]:
    """Every decision of that origin, as the set of its verdicts."""
    found: dict[int, set[Verdict]] = {}
    rows = (
        select(verdicts).join(decisions, decisions.c.id == verdicts.c.decision_id).where(decisions.c.origin == origin)
    )
    for row in connection.execute(rows):
        found.setdefault(row.decision_id, set()).add(_verdict(row))
    return {frozenset(group) for group in found.values()}


def standing(connection: Connection, sha256s: Sequence[str] | None = None) -> dict[str, str]:
    """The verdict that holds on each of these pictures, or on all: `false`, `keep` or `skip`; the others are new."""
    found: dict[str, str] = {}
    for chunk in [None] if sha256s is None else chunks(sha256s):
        found.update(connection.execute(_holding(chunk)).all())
    return found


def hidden(connection: Connection) -> set[str]:
    """The pictures (sha256) that exports leave out."""
    return set(connection.execute(_holding(None, "skip").with_only_columns(verdicts.c.sha256)).scalars())


def kept_places() -> Select[Any]:
    """Image and album (rows) of the occurrences on which the latest verdict is `keep`; each once."""
    says = and_(verdicts.c.album_id.is_not(None), verdicts.c.image_id.is_not(None), verdicts.c.verdict != "new",
                verdicts.c.decision_id.not_in(_undone()))  # fmt: skip
    latest = select(func.max(verdicts.c.id)).where(says).group_by(verdicts.c.image_id, verdicts.c.album_id)
    found = select(verdicts.c.image_id, verdicts.c.album_id)
    return found.where(verdicts.c.verdict == "keep", verdicts.c.id.in_(latest))


def log(connection: Connection, only: int | None = None) -> Iterator[Decision]:
    """Every decision, the oldest first; or one. Verdicts on single occurrences are part of it."""
    found = select(decisions).order_by(decisions.c.id)
    rows = connection.execute(found if only is None else found.where(decisions.c.id == only)).all()
    for chunk in chunks(rows):
        given: dict[int, list[Verdict]] = {}
        within = select(verdicts).where(verdicts.c.decision_id.in_([row.id for row in chunk]))
        for row in connection.execute(within.order_by(verdicts.c.id)):
            given.setdefault(row.decision_id, []).append(_verdict(row))
        for row in chunk:
            yield Decision(row.id, row.at, row.origin, row.undoes, tuple(given.get(row.id, ())))


def _verdict(row: Any) -> Verdict:
    return Verdict(row.sha256, row.verdict, row.album_id, row.image_id)


def _undone() -> Select[Any]:
    return select(decisions.c.undoes).where(decisions.c.undoes.is_not(None))


def _holding(sha256s: Sequence[str] | None, verdict: str | None = None) -> Select[Any]:
    """The latest entries that say something of a whole picture, and still make sense."""
    says = and_(verdicts.c.album_id.is_(None), verdicts.c.verdict != "new", verdicts.c.decision_id.not_in(_undone()))
    if sha256s is not None:
        says = and_(says, verdicts.c.sha256.in_(sha256s))
    latest = select(func.max(verdicts.c.id)).where(says).group_by(verdicts.c.sha256)
    favoured = verdicts.alias("favoured")
    kept = and_(favoured.c.decision_id == verdicts.c.decision_id, favoured.c.verdict == "keep",
                favoured.c.album_id.is_(None))  # fmt: skip
    there = exists().where(kept, blobs.c.sha256 == favoured.c.sha256)
    found = select(verdicts.c.sha256, verdicts.c.verdict).where(verdicts.c.id.in_(latest))
    found = found.where(or_(verdicts.c.verdict != "skip", there, not_(exists().where(kept))))  # the frequent ones first
    return found if verdict is None else found.where(verdicts.c.verdict == verdict)
