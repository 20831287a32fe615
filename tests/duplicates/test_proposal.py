"""Which copy is proposed, and which reasons are given for it."""

import pytest

from harvester.duplicates.groups import Group, Member
from harvester.duplicates.proposal import propose_keeper

PLAIN = Member("a" * 64, "jpg", "JPEG", 400, 300, 9_000, False, 100, False, "new")


@pytest.mark.parametrize(
    ("other", "reasons"),
    [
        (PLAIN._replace(width=800, bytes=5), ("most pixels (800 × 300)",)),
        (PLAIN._replace(bytes=10_000, stored_at=200), ("most bytes (10,000)",)),
        (PLAIN._replace(format="PNG", stored_at=200), ("lossless format (PNG)",)),
        (PLAIN._replace(stored_at=50), ("stored first",)),
        (PLAIN._replace(embedded=True), ("has generation data",)),
    ],
)
def test_the_first_criterion_that_differs_decides_and_is_the_reason(other: Member, reasons: tuple[str, ...]) -> None:
    """Pixels, bytes, format, age, generation data, in this order."""
    other = other._replace(sha256="b" * 64)
    assert propose_keeper(Group((PLAIN, other))) == (other, reasons)


def test_every_reason_that_narrowed_the_choice_is_given() -> None:
    """Of three, one has fewer pixels and one fewer bytes."""
    large, dense = (PLAIN._replace(sha256=name * 64, width=800, bytes=size) for name, size in (("b", 1), ("c", 2)))
    assert propose_keeper(Group((PLAIN, large, dense))) == (dense, ("most pixels (800 × 300)", "most bytes (2)"))


def test_a_false_member_is_not_proposed() -> None:
    """A false member has the most pixels, and is not the same picture."""
    false = PLAIN._replace(sha256="b" * 64, width=800, verdict="false")
    assert propose_keeper(Group((PLAIN, false))).member == PLAIN
