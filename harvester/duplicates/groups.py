"""Groups of look-alikes: what hangs together by pairs, with what was decided of each member. Reads only."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, select

from harvester.catalogue import pairs as table
from harvester.catalogue.queries import chunks
from harvester.catalogue.schema import blobs
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
    members = _members(connection, table.are_paired(connection), standing(connection))
    found = _grouped(components(table.all_links(connection)), members)
    return sorted(found, key=lambda group: (-len(group.members), group.name))


def counted(connection: Connection) -> tuple[int, int]:
    """How many pictures are in groups, and how many groups there are."""
    paired = table.paired().subquery()
    lost = set(connection.execute(select(paired).where(~exists().where(blobs.c.sha256 == paired.c.first))).scalars())
    sizes = [sum(sha256 not in lost for sha256 in part) for part in components(table.all_links(connection))]
    return sum(size for size in sizes if size > 1), sum(size > 1 for size in sizes)


def components(links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """What hangs together, each blob once."""
    part_of: dict[str, list[str]] = {}
    for first, second in links:
        one, other = part_of.get(first) or [first], part_of.get(second) or [second]
        if one is not other:
            large, small = (one, other) if len(one) >= len(other) else (other, one)
            large += small
            part_of[first] = large
            part_of.update(dict.fromkeys(small, large))
    return list({id(part): part for part in part_of.values()}.values())


def group_of(connection: Connection, sha256: str) -> Group | None:
    """The group that a blob is in, None where it is in none."""
    component = _reach(connection, sha256)
    verdict_of, members = standing(connection, component), dict[str, Member]()
    for chunk in chunks(component):
        members |= _members(connection, blobs.c.sha256.in_(chunk), verdict_of)
    return next(iter(_grouped([component], members)), None)


def _reach(connection: Connection, start: str) -> list[str]:
    found, waiting = {start: None}, deque([[start]])
    while waiting:
        near = waiting.popleft()
        ends = {end for pair in table.pairs_of(connection, near) for end in (pair.first, pair.second)}
        if fresh := sorted(ends - found.keys()):
            found.update(dict.fromkeys(fresh))
            waiting.append(fresh)
    return list(found)


def _members(connection: Connection, which: ColumnElement[bool], verdict_of: Mapping[str, str]) -> dict[str, Member]:
    """By sha256."""
    told = [blobs.c[name] for name in Member._fields if name not in ("embedded", "verdict")]
    found = select(*told, blobs.c.embedded.is_not(None)).where(which)
    rows = connection.execute(found.execution_options(yield_per=5000))
    return {row[0]: Member._make((*row, verdict_of.get(row[0], "new"))) for row in rows}


_AGE = attrgetter("stored_at", "sha256")


def _grouped(found: Iterable[Sequence[str]], members: Mapping[str, Member]) -> Iterable[Group]:
    for component in found:
        there = filter(None, map(members.get, component))  # bytes that were lost connect, but are no member
        if len(group := sorted(there, key=_AGE)) > 1:
            yield Group(tuple(group))
