"""What a person says of a group, checked and written down. Raises BadInput, in which case nothing was."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from harvester.catalogue import pairs, verdicts
from harvester.catalogue.verdicts import Verdict
from harvester.duplicates.groups import Group, group_of
from harvester.errors import BadInput

ORIGIN = "verdict"
"""Of decisions made with `scrapy verdict`; only these are taken back by it."""

_START = re.compile("[0-9a-f]{1,64}")


@dataclass(frozen=True)
class Said:
    """Beginnings of sha256 by verdict; `rest_false`: all members that are not named are false."""

    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rest_false: bool = False

    def __bool__(self) -> bool:
        return self.rest_false or any(self.named.values())


def find(connection: Connection, start: str) -> Group:
    """The group that has a member whose sha256 begins so. Raises BadInput where there is none, or more than one."""
    start = start.lower()
    found = pairs.beginning(connection, start) if _START.fullmatch(start) else []
    if len(found) > 1:
        raise BadInput(f"{start}: more than one picture of a group begins so; give more digits.")
    group = group_of(connection, found[0]) if found else None
    if group is None:
        raise BadInput(f"{start}: no group has a picture whose sha256 begins so; scrapy dedupe finds the groups.")
    return group


def decide(connection: Connection, group: Group, said: Said) -> Group:
    """Log what was said together with what holds of the others; returns the group as it is then."""
    given = dict(_given(group, said))
    before = {member.sha256: member.verdict for member in group.members if member.verdict != "new"}
    after = before | given
    hides = "skip" in given.values() or "keep" in before.values()
    if hides and "skip" in after.values() and "keep" not in after.values():
        raise BadInput("Pictures of this group would be hidden and none kept: a skip goes with a --keep.")
    verdicts.decide(connection, ORIGIN, [Verdict(sha256, verdict) for sha256, verdict in after.items()])
    again = group_of(connection, group.members[0].sha256)
    assert again is not None
    return again


def _given(group: Group, said: Said) -> Iterator[tuple[str, str]]:
    given: dict[str, str] = {}
    for verdict, starts in said.named.items():
        for start in starts:
            sha256 = _member(group, start)
            if given.setdefault(sha256, verdict) != verdict:
                raise BadInput(f"{start}: --{given[sha256]} and --{verdict} at once.")
    yield from given.items()
    if said.rest_false:
        yield from ((member.sha256, "false") for member in group.members if member.sha256 not in given)


def _member(group: Group, start: str) -> str:
    found = [member.sha256 for member in group.members if member.sha256.startswith(start.lower())]
    if len(found) != 1 or not start:
        many = "more than one picture" if found else "no picture"
        raise BadInput(f"{start}: {many} of the group {group.name} begins so.")
    return found[0]
