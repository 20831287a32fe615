"""Decisions on a group of near-duplicates: checks and records them.

A UsageProblem means that nothing was recorded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from harvester.catalogue.duplicates import pairs, verdicts
from harvester.catalogue.duplicates.verdicts import Verdict
from harvester.duplicates.groups import Group, find_group_of
from harvester.errors import UsageProblem

ORIGIN = "verdict"
"""The origin of decisions made with `scrapy verdict`, which undoes only these."""

_SHA256_PREFIX = re.compile("[0-9a-f]{1,64}")
_OPTIONS = {"keep": "--keep", "skip": "--skip", "false": "--not-duplicate"}


@dataclass(frozen=True)
class DecisionInput:
    """Prefixes of sha256 by verdict; `rest_not_duplicate` marks all members not named as not duplicates."""

    prefixes_by_verdict: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rest_not_duplicate: bool = False

    def __bool__(self) -> bool:
        return self.rest_not_duplicate or any(self.prefixes_by_verdict.values())


def find_group(connection: Connection, prefix: str) -> Group:
    """The group with a member whose sha256 starts with `prefix`. Raises UsageProblem unless exactly one matches."""
    prefix = prefix.lower()
    sha256s = pairs.paired_with_prefix(connection, prefix) if _SHA256_PREFIX.fullmatch(prefix) else []
    if len(sha256s) > 1:
        raise UsageProblem(f"{prefix}: several images in groups have a sha256 that starts with this; give more digits.")
    group = find_group_of(connection, sha256s[0]) if sha256s else None
    if group is None:
        raise UsageProblem(
            f"{prefix}: no group has an image whose sha256 starts with this; scrapy dedupe finds groups."
        )
    return group


def decide_group(connection: Connection, group: Group, decision: DecisionInput) -> Group:
    """Record the decision together with the current verdicts of the other members; return the updated group."""
    given_verdicts = dict(_verdicts_by_member(group, decision))
    before = {member.sha256: member.verdict for member in group.members if member.verdict != "new"}
    after = before | given_verdicts
    hides = "skip" in given_verdicts.values() or "keep" in before.values()
    if hides and "skip" in after.values() and "keep" not in after.values():
        raise UsageProblem("This would hide images of the group and keep none: --skip needs a --keep.")
    verdicts.record_decision(connection, ORIGIN, [Verdict(sha256, verdict) for sha256, verdict in after.items()])
    updated_group = find_group_of(connection, group.members[0].sha256)
    assert updated_group is not None
    return updated_group


def _verdicts_by_member(group: Group, decision: DecisionInput) -> Iterator[tuple[str, str]]:
    verdict_by_sha256: dict[str, str] = {}
    for verdict, prefixes in decision.prefixes_by_verdict.items():
        for prefix in prefixes:
            sha256 = _find_member(group, prefix)
            if verdict_by_sha256.setdefault(sha256, verdict) != verdict:
                raise UsageProblem(
                    f"{prefix}: {_OPTIONS[verdict_by_sha256[sha256]]} and {_OPTIONS[verdict]} cannot both be given."
                )
    yield from verdict_by_sha256.items()
    if decision.rest_not_duplicate:
        yield from ((member.sha256, "false") for member in group.members if member.sha256 not in verdict_by_sha256)


def _find_member(group: Group, prefix: str) -> str:
    sha256s = [member.sha256 for member in group.members if member.sha256.startswith(prefix.lower())]
    if len(sha256s) != 1 or not prefix:
        count_text = "more than one image" if sha256s else "no image"
        raise UsageProblem(f"{prefix}: {count_text} of the group {group.name} has a sha256 that starts with this.")
    return sha256s[0]
