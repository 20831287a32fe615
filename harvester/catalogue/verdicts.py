"""Verdicts on look-alikes: a log that only grows. One decision is what one look at a group said of its members."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from harvester.catalogue.schema import decisions, verdicts
from harvester.catalogue.writer import now


class Verdict(NamedTuple):
    """`new`, `false`, `keep` or `skip` on a picture; with album and image (rows) only on that occurrence of it."""

    sha256: str
    verdict: str
    album: int | None = None
    image: int | None = None


def decide(connection: Connection, origin: str, given: Collection[Verdict]) -> int:
    """Log the verdicts of one decision; returns its row."""
    result = connection.execute(insert(decisions).values(at=now(), origin=origin))
    assert result.inserted_primary_key is not None
    row = int(result.inserted_primary_key[0])
    rows = [
        {"decision_id": row, "sha256": one.sha256, "verdict": one.verdict, "album_id": one.album, "image_id": one.image}
        for one in given
    ]
    connection.execute(insert(verdicts), rows)
    return row


def decided(connection: Connection, origin: str) -> set[frozenset[Verdict]]:
    """Every decision of that origin, as the set of its verdicts."""
    found: dict[int, set[Verdict]] = {}
    rows = (
        select(verdicts).join(decisions, decisions.c.id == verdicts.c.decision_id).where(decisions.c.origin == origin)
    )
    for row in connection.execute(rows):
        found.setdefault(row.decision_id, set()).add(Verdict(row.sha256, row.verdict, row.album_id, row.image_id))
    return {frozenset(group) for group in found.values()}
