"""Which of a group to keep: a proposal with its reasons. Nothing is decided here."""

from collections.abc import Callable
from typing import NamedTuple

from harvester.duplicates.groups import Group, Member

_LOSSLESS = {"PNG", "TIFF", "BMP"}

_MERITS: tuple[tuple[Callable[[Member], int], Callable[[Member], str]], ...] = (
    (lambda one: one.width * one.height, lambda one: f"most pixels ({one.width} × {one.height})"),
    (lambda one: one.bytes, lambda one: f"most bytes ({one.bytes:,})"),
    (lambda one: one.format in _LOSSLESS, lambda one: f"lossless format ({one.format})"),
    (lambda one: -one.stored_at, lambda _: "stored first"),
    (lambda one: one.embedded, lambda _: "has generation data"),
)
"""What makes a copy the better one, the weightiest first."""


class Proposal(NamedTuple):
    """The copy to keep, and why: each reason left fewer copies to choose from."""

    member: Member
    reasons: tuple[str, ...]


def best(group: Group) -> Proposal:
    """Of those that were not said to be something else; of all, where that was said of each."""
    left = [member for member in group.members if member.verdict != "false"] or list(group.members)
    reasons = []
    for merit, reason in _MERITS:
        most = max(map(merit, left))
        winners = [member for member in left if merit(member) == most]
        if len(winners) < len(left):
            reasons.append(reason(winners[0]))
        left = winners
    return Proposal(left[0], tuple(reasons) or ("equal to the others",))
