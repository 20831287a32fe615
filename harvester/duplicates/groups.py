"""Groups of near-duplicates: pictures connected by pairs, with the verdict on each member. Reads only."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from harvester.catalogue.duplicates import members as member_table
from harvester.catalogue.duplicates import pairs as table
from harvester.catalogue.duplicates.verdicts import current_verdicts

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
    """Every group, the largest first."""
    members = _members_by_sha256(member_table.iter_paired_blobs(connection), current_verdicts(connection))
    unsorted = _build_groups(find_components(table.iter_links(connection)), members)
    return sorted(unsorted, key=lambda group: (-len(group.members), group.name))


def count_groups(connection: Connection) -> tuple[int, int]:
    """How many pictures are in groups, and how many groups there are."""
    lost = member_table.lost_paired_blobs(connection)
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
    verdict_of = current_verdicts(connection, component)
    members = _members_by_sha256(member_table.iter_blobs(connection, component), verdict_of)
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


def _members_by_sha256(rows: Iterable[Any], verdict_of: Mapping[str, str]) -> dict[str, Member]:
    return {row[0]: Member._make((*row, verdict_of.get(row[0], "new"))) for row in rows}


_BY_AGE = attrgetter("stored_at", "sha256")


def _build_groups(component_list: Iterable[Sequence[str]], members: Mapping[str, Member]) -> Iterable[Group]:
    for component in component_list:
        present = filter(None, map(members.get, component))  # lost blobs connect others but are not members
        if len(group := sorted(present, key=_BY_AGE)) > 1:
            yield Group(tuple(group))
