"""Text lines about groups and decisions, for `scrapy verdict`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from harvester.catalogue import lookup
from harvester.catalogue.duplicates import pairs, verdicts
from harvester.catalogue.duplicates.verdicts import Decision, Verdict
from harvester.duplicates.groups import NAME_DIGITS, Group
from harvester.duplicates.proposal import propose_keeper
from harvester.text import escape_control_chars, format_time

MAX_NAMES_SHOWN = 3
"""Largest number of names shown for one picture."""


def verdict_label(verdict: str) -> str:
    """The word for a verdict in texts for users; the catalogue stores `false` for *not a duplicate*."""
    return "not a duplicate" if verdict == "false" else verdict


def _verdict_cell(verdict: str) -> str:
    return verdict_label(verdict).ljust(len("not a duplicate"))


def summary_line(group: Group) -> str:
    """A group on one line: name, state, members by verdict and, if undecided, the proposal."""
    counts = Counter(member.verdict for member in group.members)
    counts_text = ", ".join(f"{number} {verdict_label(word)}" for word, number in sorted(counts.items()))
    line = f"{group.name}  {group.state:<9}  {len(group.members)} images: {counts_text}"
    return line if group.state == "decided" else f"{line}; {proposal_text(group)}"


def proposal_text(group: Group) -> str:
    """The picture that is proposed to be kept, with the reasons."""
    member, reasons = propose_keeper(group)
    return f"keep {member.sha256[:NAME_DIGITS]}? {', '.join(reasons)}"


def describe_group(connection: Connection, group: Group) -> Iterator[str]:
    """A group in full: its summary, its members with their names, and the scores of its pairs."""
    yield summary_line(group)
    names = lookup.names_by_sha256(connection, [member.sha256 for member in group.members])
    for member in group.members:
        format_text = f"{member.format}{' animated' if member.animated else ''}"
        size = f"{member.width} × {member.height}, {member.bytes:,} bytes, {format_text}"
        known_names = _format_names(names.get(member.sha256, ()))
        yield f"  {_verdict_cell(member.verdict)}  {member.sha256[:NAME_DIGITS]}  {size}  {known_names}"
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
    """Every decision, oldest first, with the verdicts that it changed."""
    verdicts_by_sha256: dict[str, dict[int, str]] = {}
    given_by_decision: dict[int, Sequence[Verdict]] = {}
    for decision in verdicts.iter_decisions(connection):
        timestamp = format_time(decision.at)
        if decision.undoes is not None:
            yield f"{decision.id}  {timestamp}  {decision.origin}  undoes {decision.undoes}"
            for entry in given_by_decision.get(decision.undoes, ()):
                verdicts_by_sha256[entry.sha256].pop(decision.undoes, None)
            continue
        yield f"{decision.id}  {timestamp}  {decision.origin}"
        given_by_decision[decision.id] = [entry for entry in decision.verdicts if entry.album is None]
        for entry in decision.verdicts:
            if entry.album is not None:
                occurrence = f"image {entry.image} of album {entry.album}"
                yield f"  {_verdict_cell(entry.verdict)}  {entry.sha256[:NAME_DIGITS]} as {occurrence}"
                continue
            earlier = verdicts_by_sha256.setdefault(entry.sha256, {})
            if entry.verdict != next(reversed(earlier.values()), "new"):
                yield f"  {_verdict_cell(entry.verdict)}  {entry.sha256[:NAME_DIGITS]}"
            earlier[decision.id] = entry.verdict


def undo_message(connection: Connection, decision: Decision) -> Iterator[str]:
    """The verdicts that hold now on the pictures of an undone decision."""
    timestamp = format_time(decision.at)
    yield f"Undid decision {decision.id} of {timestamp}; the verdicts are now:"
    current = verdicts.current_verdicts(connection, [entry.sha256 for entry in decision.verdicts])
    for entry in decision.verdicts:
        yield f"  {_verdict_cell(current.get(entry.sha256, 'new'))}  {entry.sha256[:NAME_DIGITS]}"


def _format_names(names: Sequence[str]) -> str:
    rest_text = f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else ""
    return escape_control_chars(", ".join(names[:MAX_NAMES_SHOWN])) + rest_text
