"""Verdicts on near-duplicates: an append-only log, from which the current verdicts are computed.

One decision has verdicts on the members of one group. The latest verdict on a picture holds. A `skip` holds as long as
a picture that the same decision kept still exists; if that decision kept none, it always holds. See
docs/decisions/0012-verdicts-survive.md.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, exists, func, insert, not_, or_, select

from harvester.catalogue.schema import blobs, decisions, verdicts
from harvester.catalogue.sql import chunks, now


class Verdict(NamedTuple):
    """A verdict on a picture: `new`, `false` (not a duplicate), `keep` or `skip`.

    With `album` and `image` (rows) it applies to that occurrence only.
    """

    sha256: str
    verdict: str
    album: int | None = None
    image: int | None = None


@dataclass(frozen=True)
class Decision:
    """A row of the log. If `undoes` is set, this row undoes that decision and has no verdicts."""

    id: int
    at: int
    origin: str
    undoes: int | None
    verdicts: tuple[Verdict, ...]


def record_decision(connection: Connection, origin: str, new_verdicts: Collection[Verdict]) -> int:
    """Log the verdicts of one decision; return its row."""
    row = _insert_decision(connection, origin)
    rows = [
        {
            "decision_id": row,
            "sha256": verdict.sha256,
            "verdict": verdict.verdict,
            "album_id": verdict.album,
            "image_id": verdict.image,
        }
        for verdict in new_verdicts
    ]
    connection.execute(insert(verdicts), rows)
    return row


def undo_decision(connection: Connection, origin: str) -> Decision | None:
    """Undo, by a new entry, the latest decision of this origin that is not undone; None if there is none."""
    is_undoable = and_(
        decisions.c.origin == origin, decisions.c.undoes.is_(None), decisions.c.id.not_in(_undone_decisions())
    )
    latest = connection.execute(select(func.max(decisions.c.id)).where(is_undoable)).scalar()
    if latest is None:
        return None
    _insert_decision(connection, origin, undoes=latest)
    return next(iter_decisions(connection, only_id=latest))


def _insert_decision(connection: Connection, origin: str, undoes: int | None = None) -> int:
    result = connection.execute(insert(decisions).values(at=now(), origin=origin, undoes=undoes))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def past_decisions(connection: Connection, origin: str) -> set[frozenset[Verdict]]:
    """Every decision of this origin, each as the set of its verdicts."""
    verdicts_by_decision: dict[int, set[Verdict]] = {}
    query = (
        select(verdicts).join(decisions, decisions.c.id == verdicts.c.decision_id).where(decisions.c.origin == origin)
    )
    for row in connection.execute(query):
        verdicts_by_decision.setdefault(row.decision_id, set()).add(_verdict_from_row(row))
    return {frozenset(group) for group in verdicts_by_decision.values()}


def current_verdicts(connection: Connection, sha256s: Sequence[str] | None = None) -> dict[str, str]:
    """The current verdicts on these pictures, or on all: `false`, `keep` or `skip`; pictures left out are new."""
    current: dict[str, str] = {}
    for chunk in [None] if sha256s is None else chunks(sha256s):
        current.update(connection.execute(_current_query(chunk)).all())
    return current


def skipped_pictures(connection: Connection) -> set[str]:
    """The pictures (sha256) that exports skip."""
    return set(connection.execute(_current_query(None, "skip").with_only_columns(verdicts.c.sha256)).scalars())


def kept_placements() -> Select[Any]:
    """Image and album (rows) of each placement whose latest verdict is `keep`."""
    is_effective = and_(verdicts.c.album_id.is_not(None), verdicts.c.image_id.is_not(None), verdicts.c.verdict != "new",
                verdicts.c.decision_id.not_in(_undone_decisions()))  # fmt: skip
    latest_ids = select(func.max(verdicts.c.id)).where(is_effective).group_by(verdicts.c.image_id, verdicts.c.album_id)
    query = select(verdicts.c.image_id, verdicts.c.album_id)
    return query.where(verdicts.c.verdict == "keep", verdicts.c.id.in_(latest_ids))


def iter_decisions(connection: Connection, only_id: int | None = None) -> Iterator[Decision]:
    """Every decision, oldest first, or only one; includes verdicts on single occurrences."""
    query = select(decisions).order_by(decisions.c.id)
    rows = connection.execute(query if only_id is None else query.where(decisions.c.id == only_id)).all()
    for chunk in chunks(rows):
        verdicts_by_decision: dict[int, list[Verdict]] = {}
        verdict_query = select(verdicts).where(verdicts.c.decision_id.in_([row.id for row in chunk]))
        for row in connection.execute(verdict_query.order_by(verdicts.c.id)):
            verdicts_by_decision.setdefault(row.decision_id, []).append(_verdict_from_row(row))
        for row in chunk:
            yield Decision(row.id, row.at, row.origin, row.undoes, tuple(verdicts_by_decision.get(row.id, ())))


def _verdict_from_row(row: Any) -> Verdict:
    return Verdict(row.sha256, row.verdict, row.album_id, row.image_id)


def _undone_decisions() -> Select[Any]:
    return select(decisions.c.undoes).where(decisions.c.undoes.is_not(None))


def _current_query(sha256s: Sequence[str] | None, verdict: str | None = None) -> Select[Any]:
    """The latest verdicts on whole pictures that still hold."""
    is_effective = and_(
        verdicts.c.album_id.is_(None), verdicts.c.verdict != "new", verdicts.c.decision_id.not_in(_undone_decisions())
    )
    if sha256s is not None:
        is_effective = and_(is_effective, verdicts.c.sha256.in_(sha256s))
    latest_ids = select(func.max(verdicts.c.id)).where(is_effective).group_by(verdicts.c.sha256)
    keepers = verdicts.alias("favoured")
    is_kept = and_(keepers.c.decision_id == verdicts.c.decision_id, keepers.c.verdict == "keep",
                keepers.c.album_id.is_(None))  # fmt: skip
    has_keeper = exists().where(is_kept, blobs.c.sha256 == keepers.c.sha256)
    query = select(verdicts.c.sha256, verdicts.c.verdict).where(verdicts.c.id.in_(latest_ids))
    # The most frequent case comes first.
    query = query.where(or_(verdicts.c.verdict != "skip", has_keeper, not_(exists().where(is_kept))))
    return query if verdict is None else query.where(verdicts.c.verdict == verdict)
