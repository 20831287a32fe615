"""Groups of look-alikes: what hangs together by pairs, with what was decided of each member. Reads only."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Connection, exists, select, union

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
    rows = {row[0]: row for row in connection.execute(_facts().where(blobs.c.sha256.in_(_paired())))}
    found = _grouped(components(table.all_links(connection)), rows, standing(connection))
    return sorted(found, key=lambda group: (-len(group.members), group.name))


def counted(connection: Connection) -> tuple[int, int]:
    """How many pictures are in groups, and how many groups there are."""
    paired = _paired().subquery()
    lost = set(connection.execute(select(paired).where(~exists().where(blobs.c.sha256 == paired.c.first))).scalars())
    sizes = [sum(sha256 not in lost for sha256 in part) for part in components(table.all_links(connection))]
    return sum(size for size in sizes if size > 1), sum(size > 1 for size in sizes)


def _paired() -> CompoundSelect[tuple[str]]:
    return union(select(pairs.c.first), select(pairs.c.second))


def components(links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """What hangs together, each blob once."""
    part_of: dict[str, list[str]] = {}
    for first, second in links:
        one, other = part_of.setdefault(first, [first]), part_of.setdefault(second, [second])
        if one is not other:
            small, large = sorted((one, other), key=len)
            large += small
            part_of.update(dict.fromkeys(small, large))
    return list({id(part): part for part in part_of.values()}.values())


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
