"""Proposal of the picture of a group to keep, with reasons; it decides nothing."""

from collections.abc import Callable
from typing import NamedTuple

from harvester.duplicates.groups import Group, Member

_LOSSLESS = {"PNG", "TIFF", "BMP"}

_CRITERIA: tuple[tuple[Callable[[Member], int], Callable[[Member], str]], ...] = (
    (lambda one: one.width * one.height, lambda one: f"most pixels ({one.width} × {one.height})"),
    (lambda one: one.bytes, lambda one: f"most bytes ({one.bytes:,})"),
    (lambda one: one.format in _LOSSLESS, lambda one: f"lossless format ({one.format})"),
    (lambda one: -one.stored_at, lambda _: "stored first"),
    (lambda one: one.embedded, lambda _: "has generation data"),
)
"""Criteria for the better picture, most important first: a measure and its description."""


class Proposal(NamedTuple):
    """The picture to keep, and the criteria that narrowed down the choice."""

    member: Member
    reasons: tuple[str, ...]


def propose_keeper(group: Group) -> Proposal:
    """Propose one of the members that are not marked as not duplicates; if all are marked, one of all."""
    candidates = [member for member in group.members if member.verdict != "false"] or list(group.members)
    reasons = []
    for measure, describe in _CRITERIA:
        best_value = max(map(measure, candidates))
        winners = [member for member in candidates if measure(member) == best_value]
        if len(winners) < len(candidates):
            reasons.append(describe(winners[0]))
        candidates = winners
    return Proposal(candidates[0], tuple(reasons) or ("equal to the others",))
