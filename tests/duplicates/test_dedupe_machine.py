"""Whatever is crawled, searched, decided and removed in whatever order: groups are right, and decisions stay."""

import tempfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, insert

from harvester.catalogue.duplicates import verdicts
from harvester.catalogue.duplicates.dedupe_runs import HASHES
from harvester.catalogue.duplicates.pairs import forget_blobs
from harvester.catalogue.schema import blobs
from harvester.catalogue.store import open_catalogue
from harvester.duplicates import decide
from harvester.duplicates.decide import DecisionInput
from harvester.duplicates.groups import DECIDED, Group, find_groups
from harvester.duplicates.limits import Limit, MatchLimits
from harvester.duplicates.search import find_duplicates
from harvester.errors import UsageProblem
from harvester.imaging import decode
from harvester.imaging.types import FINGERPRINT_VERSION
from harvester.storage.blobs import BlobStore, digest

HASH = st.sets(st.integers(0, 5), max_size=3).map(lambda bits: 2**63 + sum(2**bit for bit in bits))
LIMIT = st.tuples(st.integers(0, 2), st.sampled_from([None, 0, 1])).map(
    lambda bits: Limit(bits[0], None if bits[1] is None else min(bits))
)
LIMITS = st.dictionaries(st.sampled_from(HASHES), LIMIT, min_size=1, max_size=2).map(MatchLimits)


class DedupeMachine(RuleBasedStateMachine):
    """A catalogue of blobs that have fingerprints and no files, and what is known to be true of it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = BlobStore(Path(self.folder.name) / "blobs")
        self.engine = open_catalogue(f"sqlite:///{self.folder.name}/catalogue.db")
        self.present: dict[str, dict[str, Any]] = {}
        self.compared: set[str] = set()
        self.limits = MatchLimits({})
        self.decisions: list[dict[str, str]] = []
        self.number = 0

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.engine.dispose()
        self.folder.cleanup()

    @rule(fingerprints=st.lists(st.tuples(st.tuples(HASH, HASH, HASH, HASH), st.booleans()), min_size=1, max_size=6))
    def crawl(self, fingerprints: list[tuple[tuple[int, ...], bool]]) -> None:
        """New blobs."""
        for hashes, animated in fingerprints:
            self.number += 1
            sha256 = digest(str(self.number).encode())
            row = {"animated": animated, **dict(zip(HASHES, hashes, strict=True))}
            facts = {"ext": "jpg", "format": "JPEG", "mode": "RGB", "width": 9, "height": self.number, "bytes": 99}
            texts = {method: f"{row[method]:016x}" for method in HASHES}
            facts |= {
                "sha256": sha256,
                "frames": 1,
                "fingerprint_version": FINGERPRINT_VERSION,
                "stored_at": self.number,
            }
            with self.engine.begin() as connection:
                connection.execute(insert(blobs).values(**facts, animated=animated, **texts))
            self.present[sha256] = row

    @rule(limits=LIMITS)
    def dedupe(self, limits: MatchLimits) -> None:
        """A search, with other limits than before."""
        before = {member for group in self._groups() if group.state == DECIDED for member in group.members}
        find_duplicates(self.engine, self.store, limits, decode.ImageLimits())
        self.compared, self.limits = set(self.present), limits
        after = {member.sha256: member for group in self._groups() for member in group.members}
        reopened = [member for member in before if after.get(member.sha256, member).verdict != member.verdict]
        assert reopened == [], "a decided member was re-opened by a search"

    @precondition(lambda self: self._groups())
    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        """Something is said of some members of a group."""
        group = data.draw(st.sampled_from(self._groups()))
        members = st.sampled_from([member.sha256 for member in group.members])
        chosen = data.draw(st.dictionaries(members, st.sampled_from(["keep", "skip", "false"]), min_size=1))
        by_verdict = {verdict: [s for s, choice in chosen.items() if choice == verdict] for verdict in chosen.values()}
        with self.engine.begin() as connection:
            try:
                decide.decide_group(connection, group, DecisionInput(by_verdict))
            except UsageProblem:
                return
        self.decisions.append(
            {member.sha256: self._current_verdict(member.sha256) for member in group.members} | chosen
        )

    @rule()
    def undo(self) -> None:
        """The last decision is undone."""
        with self.engine.begin() as connection:
            undone = verdicts.undo_decision(connection, decide.ORIGIN)
        assert (undone is None) == (not self.decisions)
        if undone:
            self.decisions.pop()

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """Some blobs go."""
        removed = data.draw(st.lists(st.sampled_from(sorted(self.present)), min_size=1, max_size=3, unique=True))
        with self.engine.begin() as connection:
            forget_blobs(connection, removed)
            connection.execute(delete(blobs).where(blobs.c.sha256.in_(removed)))
        for sha256 in removed:
            del self.present[sha256]
            self.compared.discard(sha256)

    @invariant()
    def every_valid_decision_holds(self) -> None:
        """In groups, and beyond them."""
        with self.engine.connect() as connection:
            skipped, current = verdicts.skipped_pictures(connection), verdicts.current_verdicts(connection)
        expected = {sha256: self._current_verdict(sha256) for decision in self.decisions for sha256 in decision}
        assert current == {sha256: verdict for sha256, verdict in expected.items() if verdict != "new"}
        assert skipped == {sha256 for sha256, verdict in expected.items() if verdict == "skip"}
        for group in self._groups():
            for member in group.members:
                assert member.verdict == expected.get(member.sha256, "new")

    @invariant()
    def groups_are_connected_components(self) -> None:
        """Those that comparing each compared blob with each finds."""
        actual = {frozenset(member.sha256 for member in group.members) for group in self._groups()}
        assert actual == {group for group in map(frozenset, self._connected_components()) if len(group) > 1}

    def _groups(self) -> list[Group]:
        with self.engine.connect() as connection:
            return find_groups(connection)

    def _current_verdict(self, sha256: str) -> str:
        for decision in reversed(self.decisions):
            if (verdict := decision.get(sha256, "new")) != "new":
                keepers = [other for other, of_other in decision.items() if of_other == "keep"]
                lost = verdict == "skip" and keepers and not set(keepers) & self.present.keys()
                return "new" if lost else verdict
        return "new"

    def _connected_components(self) -> Iterator[set[str]]:
        group_of = {sha256: {sha256} for sha256 in self.compared}
        for first, second in combinations(self.compared, 2):
            if (
                self._are_near_duplicates(self.present[first], self.present[second])
                and group_of[first] is not group_of[second]
            ):
                group_of[first] |= group_of[second]
                for member in group_of[second]:
                    group_of[member] = group_of[first]
        yield from group_of.values()

    def _are_near_duplicates(self, first: dict[str, Any], second: dict[str, Any]) -> bool:
        moving = first["animated"] or second["animated"]
        for method, limit in self.limits.methods.items():
            bits = limit.animated if moving else limit.regular
            if bits is not None and (first[method] ^ second[method]).bit_count() <= bits:
                return True
        return False


def test_any_order_of_operations() -> None:
    """The rules and invariants above, in orders that hypothesis makes up."""
    run_state_machine_as_test(DedupeMachine, settings=settings(max_examples=20, stateful_step_count=12, deadline=None))
