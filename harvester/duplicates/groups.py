"""Groups of near-duplicates: pictures connected by pairs, with the verdict on each member. Reads only."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, select

from harvester.catalogue.duplicates import pairs as table
from harvester.catalogue.duplicates.verdicts import current_verdicts
from harvester.catalogue.schema import blobs
from harvester.catalogue.sql import chunks

NEW, REOPENED, DECIDED = "new", "re-opened", "decided"
STATES = (NEW, REOPENED, DECIDED)

NAME_DIGITS = 12
"""Number of digits of a sha256 that are shown."""


class Member(NamedTuple):
    """A blob of a group. `verdict` is `new`, `false` (not a duplicate), `keep` or `skip`; sizes in pixels and bytes."""

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
    """Two or more near-duplicates, in the order in which they were stored."""

    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        """The first digits of the sha256 of the first member. Those of any other member also find the group."""
        return self.members[0].sha256[:NAME_DIGITS]

    @property
    def state(self) -> str:
        """`decided` if no member is new, `re-opened` if some are, `new` if all are."""
        new_count = sum(member.verdict == "new" for member in self.members)
        return DECIDED if not new_count else NEW if new_count == len(self.members) else REOPENED


def find_groups(connection: Connection) -> list[Group]:
    """Every group, largest first."""
    members = _load_members(connection, table.is_paired(connection), current_verdicts(connection))
    unsorted = _build_groups(find_components(table.iter_links(connection)), members)
    return sorted(unsorted, key=lambda group: (-len(group.members), group.name))


def count_groups(connection: Connection) -> tuple[int, int]:
    """The number of pictures in groups, and the number of groups."""
    paired = table.paired_blobs().subquery()
    lost = set(connection.execute(select(paired).where(~exists().where(blobs.c.sha256 == paired.c.first))).scalars())
    sizes = [sum(sha256 not in lost for sha256 in part) for part in find_components(table.iter_links(connection))]
    return sum(size for size in sizes if size > 1), sum(size > 1 for size in sizes)


def find_components(links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The connected components of the links; each blob is in one of them."""
    component_of: dict[str, list[str]] = {}
    for first, second in links:
        left, right = component_of.get(first) or [first], component_of.get(second) or [second]
        if left is not right:
            large, small = (left, right) if len(left) >= len(right) else (right, left)
            large += small
            component_of[first] = large
            component_of.update(dict.fromkeys(small, large))
    return list({id(component): component for component in component_of.values()}.values())


def find_group_of(connection: Connection, sha256: str) -> Group | None:
    """The group of a blob; None if it is in no group."""
    component = _find_component(connection, sha256)
    verdict_of, members = current_verdicts(connection, component), dict[str, Member]()
    for chunk in chunks(component):
        members |= _load_members(connection, blobs.c.sha256.in_(chunk), verdict_of)
    return next(iter(_build_groups([component], members)), None)


def _find_component(connection: Connection, sha256: str) -> list[str]:
    reached, queue = {sha256: None}, deque([[sha256]])
    while queue:
        batch = queue.popleft()
        ends = {end for pair in table.pairs_of(connection, batch) for end in (pair.first, pair.second)}
        if fresh := sorted(ends - reached.keys()):
            reached.update(dict.fromkeys(fresh))
            queue.append(fresh)
    return list(reached)


def _load_members(
    connection: Connection, clause: ColumnElement[bool], verdict_of: Mapping[str, str]
) -> dict[str, Member]:
    """The members among the blobs that meet a condition, by sha256."""
    columns = [blobs.c[name] for name in Member._fields if name not in ("embedded", "verdict")]
    query = select(*columns, blobs.c.embedded.is_not(None)).where(clause)
    rows = connection.execute(query.execution_options(yield_per=5000))
    return {row[0]: Member._make((*row, verdict_of.get(row[0], "new"))) for row in rows}


_BY_AGE = attrgetter("stored_at", "sha256")


def _build_groups(component_list: Iterable[Sequence[str]], members: Mapping[str, Member]) -> Iterable[Group]:
    for component in component_list:
        present = filter(None, map(members.get, component))  # lost blobs connect others but are not members
        if len(group := sorted(present, key=_BY_AGE)) > 1:
            yield Group(tuple(group))
