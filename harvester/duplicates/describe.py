"""Groups and decisions in words, line by line."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from harvester.catalogue import lookup
from harvester.catalogue.duplicates import pairs, verdicts
from harvester.catalogue.duplicates.verdicts import Decision, Verdict
from harvester.duplicates.groups import NAME_DIGITS, Group
from harvester.duplicates.proposal import propose_keeper
from harvester.text import escape_control_chars

MAX_NAMES_SHOWN = 3
"""Of so many names of one picture each is shown."""


def summary_line(group: Group) -> str:
    """A group on one line: name, state, members by verdict, and what to keep where something is to be decided."""
    counts = Counter(member.verdict for member in group.members)
    counts_text = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
    line = f"{group.name}  {group.state:<9}  {len(group.members)} pictures: {counts_text}"
    return line if group.state == "decided" else f"{line}; {proposal_text(group)}"


def proposal_text(group: Group) -> str:
    """What to keep, and why."""
    member, reasons = propose_keeper(group)
    return f"keep {member.sha256[:NAME_DIGITS]}? {', '.join(reasons)}"


def describe_group(connection: Connection, group: Group) -> Iterator[str]:
    """A group whole: its members with their names, the scores of its pairs, the proposal."""
    yield summary_line(group)
    names = lookup.names_by_sha256(connection, [member.sha256 for member in group.members])
    for member in group.members:
        format_text = f"{member.format}{' animated' if member.animated else ''}"
        size = f"{member.width} × {member.height}, {member.bytes:,} bytes, {format_text}"
        known_names = _format_names(names.get(member.sha256, ()))
        yield f"  {member.verdict:<5}  {member.sha256[:NAME_DIGITS]}  {size}  {known_names}"
    for (first, second), scores in _pair_scores(connection, group).items():
        yield f"  {first[:NAME_DIGITS]} – {second[:NAME_DIGITS]}  {', '.join(scores)}"


def _pair_scores(connection: Connection, group: Group) -> Mapping[tuple[str, str], Sequence[str]]:
    scores: dict[tuple[str, str], list[str]] = {}
    for pair in sorted(pairs.pairs_of(connection, [member.sha256 for member in group.members])):
        orientation = f" {pair.orientation}" if pair.orientation else ""
        score = "" if pair.method == "pixels" else f" {pair.score}"
        scores.setdefault((pair.first, pair.second), []).append(f"{pair.method}{score}{orientation}")
    return scores


def history_lines(connection: Connection) -> Iterator[str]:
    """Every decision, the oldest first, with what it changed."""
    verdicts_by_sha256: dict[str, dict[int, str]] = {}
    given_by_decision: dict[int, Sequence[Verdict]] = {}
    for decision in verdicts.iter_decisions(connection):
        timestamp = datetime.fromtimestamp(decision.at, UTC).isoformat(timespec="seconds")
        if decision.undoes is not None:
            yield f"{decision.id}  {timestamp}  {decision.origin}  takes back {decision.undoes}"
            for entry in given_by_decision.get(decision.undoes, ()):
                verdicts_by_sha256[entry.sha256].pop(decision.undoes, None)
            continue
        yield f"{decision.id}  {timestamp}  {decision.origin}"
        given_by_decision[decision.id] = [entry for entry in decision.verdicts if entry.album is None]
        for entry in decision.verdicts:
            if entry.album is not None:
                occurrence = f"image {entry.image} of album {entry.album}"
                yield f"  {entry.verdict:<5}  {entry.sha256[:NAME_DIGITS]} as {occurrence}"
                continue
            earlier = verdicts_by_sha256.setdefault(entry.sha256, {})
            if entry.verdict != next(reversed(earlier.values()), "new"):
                yield f"  {entry.verdict:<5}  {entry.sha256[:NAME_DIGITS]}"
            earlier[decision.id] = entry.verdict


def undo_message(connection: Connection, decision: Decision) -> Iterator[str]:
    """What holds now of the pictures that a decision which was taken back had spoken of."""
    timestamp = datetime.fromtimestamp(decision.at, UTC).isoformat(timespec="seconds")
    yield f"decision {decision.id} of {timestamp} is taken back; now:"
    current = verdicts.current_verdicts(connection, [entry.sha256 for entry in decision.verdicts])
    for entry in decision.verdicts:
        yield f"  {current.get(entry.sha256, 'new'):<5}  {entry.sha256[:NAME_DIGITS]}"


def _format_names(names: Sequence[str]) -> str:
    rest_text = f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else ""
    return escape_control_chars(", ".join(names[:MAX_NAMES_SHOWN])) + rest_text
