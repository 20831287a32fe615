"""Groups and decisions in words, line by line."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from harvester.catalogue import lookup, pairs, verdicts
from harvester.catalogue.verdicts import Decision, Verdict
from harvester.duplicates.best import best
from harvester.duplicates.groups import SHORT, Group
from harvester.text import printable

NAMES = 3
"""Of so many names of one picture each is shown."""


def heading(group: Group) -> str:
    """A group on one line: name, state, members by verdict, and what to keep where something is to be decided."""
    count = Counter(member.verdict for member in group.members)
    of_each = ", ".join(f"{number} {verdict}" for verdict, number in sorted(count.items()))
    told = f"{group.name}  {group.state:<9}  {len(group.members)} pictures: {of_each}"
    return told if group.state == "decided" else f"{told}; {proposal(group)}"


def proposal(group: Group) -> str:
    """What to keep, and why."""
    member, reasons = best(group)
    return f"keep {member.sha256[:SHORT]}? {', '.join(reasons)}"


def description(connection: Connection, group: Group) -> Iterator[str]:
    """A group whole: its members with their names, the scores of its pairs, the proposal."""
    yield heading(group)
    names = lookup.names_of(connection, [member.sha256 for member in group.members])
    for one in group.members:
        kind = f"{one.format}{' animated' if one.animated else ''}"
        size = f"{one.width} × {one.height}, {one.bytes:,} bytes, {kind}"
        yield f"  {one.verdict:<5}  {one.sha256[:SHORT]}  {size}  {_listed(names.get(one.sha256, ()))}"
    for (first, second), scores in _scores(connection, group).items():
        yield f"  {first[:SHORT]} – {second[:SHORT]}  {', '.join(scores)}"


def _scores(connection: Connection, group: Group) -> Mapping[tuple[str, str], Sequence[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for pair in sorted(pairs.pairs_of(connection, [member.sha256 for member in group.members])):
        turn = f" {pair.orientation}" if pair.orientation else ""
        bits = "" if pair.method == "pixels" else f" {pair.score}"
        found.setdefault((pair.first, pair.second), []).append(f"{pair.method}{bits}{turn}")
    return found


def history(connection: Connection) -> Iterator[str]:
    """Every decision, the oldest first, with what it changed."""
    said: dict[str, dict[int, str]] = {}
    given: dict[int, Sequence[Verdict]] = {}
    for decision in verdicts.log(connection):
        at = datetime.fromtimestamp(decision.at, UTC).isoformat(timespec="seconds")
        if decision.undoes is not None:
            yield f"{decision.id}  {at}  {decision.origin}  takes back {decision.undoes}"
            for one in given.get(decision.undoes, ()):
                said[one.sha256].pop(decision.undoes, None)
            continue
        yield f"{decision.id}  {at}  {decision.origin}"
        given[decision.id] = [one for one in decision.given if one.album is None]
        for one in decision.given:
            if one.album is not None:
                yield f"  {one.verdict:<5}  {one.sha256[:SHORT]} as image {one.image} of album {one.album}"
                continue
            before = said.setdefault(one.sha256, {})
            if one.verdict != next(reversed(before.values()), "new"):
                yield f"  {one.verdict:<5}  {one.sha256[:SHORT]}"
            before[decision.id] = one.verdict


def taken_back(connection: Connection, decision: Decision) -> Iterator[str]:
    """What holds now of the pictures that a decision which was taken back had spoken of."""
    at = datetime.fromtimestamp(decision.at, UTC).isoformat(timespec="seconds")
    yield f"decision {decision.id} of {at} is taken back; now:"
    holds = verdicts.standing(connection, [one.sha256 for one in decision.given])
    for one in decision.given:
        yield f"  {holds.get(one.sha256, 'new'):<5}  {one.sha256[:SHORT]}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return printable(", ".join(names[:NAMES])) + more
