"""Groups of look-alikes: what hangs together by pairs, with what was decided of each member. Reads only."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sqlalchemy import Connection, select, union

from harvester.catalogue import pairs as table
from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import blobs, pairs
from harvester.catalogue.verdicts import standing

NEW, REOPENED, DECIDED = "new", "re-opened", "decided"
STATES = (NEW, REOPENED, DECIDED)

SHORT = 12
"""Digits of a sha256 that are shown."""


class Member(NamedTuple):
    """A blob of a group; `verdict` is `new`, `false`, `keep` or `skip`. Sizes in pixels and bytes."""

    sha256: str
    ext: str
    format: str
    width: int
    height: int
    bytes: int
    animated: bool
    stored_at: int
    embedded: bool  # has generation data
    verdict: str


@dataclass(frozen=True)
class Group:
    """Two or more look-alikes, the one stored first at the front."""

    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        """The first digits of the member stored first; those of any other name the group as well."""
        return self.members[0].sha256[:SHORT]

    @property
    def state(self) -> str:
        """`decided` where no member is new, `re-opened` where some are, `new` where all are."""
        new = sum(member.verdict == "new" for member in self.members)
        return DECIDED if not new else NEW if new == len(self.members) else REOPENED


def groups(connection: Connection) -> list[Group]:
    """Every group, the largest first."""
    links = list(table.all_links(connection))
    paired = union(select(pairs.c.first), select(pairs.c.second)).subquery()
    rows = connection.execute(_facts().where(blobs.c.sha256.in_(select(paired.c[0])))).all()
    found = _grouped(components(links), {row.sha256: row for row in rows}, standing(connection))
    return sorted(found, key=lambda group: (-len(group.members), group.name))


def components(links: Sequence[tuple[str, str]]) -> list[list[str]]:
    """What hangs together, each blob once."""
    if not links:
        return []
    ends = np.array(links, dtype="S64")
    shas, numbers = np.unique(ends, return_inverse=True)
    left, right = numbers.reshape(-1, 2).T
    graph = coo_array((np.ones(len(links), dtype=np.int8), (left, right)), shape=(len(shas), len(shas)))
    count, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(count + 1))
    texts = shas[order].astype(str).tolist()
    return [texts[start:end] for start, end in pairwise(starts)]


def group_of(connection: Connection, sha256: str) -> Group | None:
    """The group that a blob is in, None where it is in none."""
    component = _reach(connection, sha256)
    rows: dict[str, Any] = {}
    for chunk in chunks(component):
        rows.update((row.sha256, row) for row in connection.execute(_facts().where(blobs.c.sha256.in_(chunk))))
    return next(iter(_grouped([component], rows, standing(connection, component))), None)


def _reach(connection: Connection, start: str) -> list[str]:
    found, waiting = {start: None}, deque([[start]])
    while waiting:
        near = waiting.popleft()
        ends = {end for pair in table.pairs_of(connection, near) for end in (pair.first, pair.second)}
        if fresh := sorted(ends - found.keys()):
            found.update(dict.fromkeys(fresh))
            waiting.append(fresh)
    return list(found)


def _facts() -> Any:
    names = ("sha256", "ext", "format", "width", "height", "bytes", "animated", "stored_at")
    return select(*(blobs.c[name] for name in names), blobs.c.embedded.is_not(None).label("embedded"))


def _grouped(found: Iterable[Sequence[str]], rows: dict[str, Any], verdict_of: dict[str, str]) -> Iterable[Group]:
    for component in found:
        members = [
            Member._make((*rows[sha256], verdict_of.get(sha256, "new")))
            for sha256 in component
            if sha256 in rows  # bytes that were lost connect, but are no member
        ]
        if len(members) > 1:
            yield Group(tuple(sorted(members, key=lambda member: (member.stored_at, member.sha256))))
