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

from harvester.blobs import BlobStore, digest
from harvester.catalogue import verdicts
from harvester.catalogue.pairs import forget
from harvester.catalogue.schema import blobs
from harvester.catalogue.searches import HASHES
from harvester.catalogue.store import open_catalogue
from harvester.duplicates import deciding
from harvester.duplicates.deciding import Said
from harvester.duplicates.groups import DECIDED, Group, groups
from harvester.duplicates.limits import Limit, Limits
from harvester.duplicates.search import search
from harvester.errors import BadInput
from harvester.imaging import decode
from harvester.imaging.values import RECIPE

HASH = st.sets(st.integers(0, 5), max_size=3).map(lambda bits: 2**63 + sum(2**bit for bit in bits))
LIMIT = st.tuples(st.integers(0, 2), st.sampled_from([None, 0, 1])).map(
    lambda bits: Limit(bits[0], None if bits[1] is None else min(bits))
)
LIMITS = st.dictionaries(st.sampled_from(HASHES), LIMIT, min_size=1, max_size=2).map(Limits)


class Collection(RuleBasedStateMachine):
    """A catalogue of blobs that have fingerprints and no files, and what is known to be true of it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = BlobStore(Path(self.folder.name) / "blobs")
        self.engine = open_catalogue(f"sqlite:///{self.folder.name}/catalogue.db")
        self.there: dict[str, dict[str, Any]] = {}
        self.compared: set[str] = set()
        self.limits = Limits({})
        self.said: list[dict[str, str]] = []
        self.number = 0

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.engine.dispose()
        self.folder.cleanup()

    @rule(found=st.lists(st.tuples(st.tuples(HASH, HASH, HASH, HASH), st.booleans()), min_size=1, max_size=6))
    def crawl(self, found: list[tuple[tuple[int, ...], bool]]) -> None:
        """New blobs."""
        for hashes, animated in found:
            self.number += 1
            sha256 = digest(str(self.number).encode())
            row = {"animated": animated, **dict(zip(HASHES, hashes, strict=True))}
            facts = {"ext": "jpg", "format": "JPEG", "mode": "RGB", "width": 9, "height": self.number, "bytes": 99}
            texts = {method: f"{row[method]:016x}" for method in HASHES}
            facts |= {"sha256": sha256, "frames": 1, "recipe": RECIPE, "stored_at": self.number}
            with self.engine.begin() as connection:
                connection.execute(insert(blobs).values(**facts, animated=animated, **texts))
            self.there[sha256] = row

    @rule(limits=LIMITS)
    def dedupe(self, limits: Limits) -> None:
        """A search, with other limits than before."""
        before = {member for group in self._groups() if group.state == DECIDED for member in group.members}
        search(self.engine, self.store, limits, decode.Limits())
        self.compared, self.limits = set(self.there), limits
        after = {member.sha256: member for group in self._groups() for member in group.members}
        reopened = [member for member in before if after.get(member.sha256, member).verdict != member.verdict]
        assert reopened == [], "a decided member was re-opened by a search"

    @precondition(lambda self: self._groups())
    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        """Something is said of some members of a group."""
        group = data.draw(st.sampled_from(self._groups()))
        members = st.sampled_from([member.sha256 for member in group.members])
        named = data.draw(st.dictionaries(members, st.sampled_from(["keep", "skip", "false"]), min_size=1))
        by_verdict = {verdict: [s for s, said in named.items() if said == verdict] for verdict in named.values()}
        with self.engine.begin() as connection:
            try:
                deciding.decide(connection, group, Said(by_verdict))
            except BadInput:
                return
        self.said.append({member.sha256: self._holds(member.sha256) for member in group.members} | named)

    @rule()
    def undo(self) -> None:
        """The last decision is taken back."""
        with self.engine.begin() as connection:
            taken = verdicts.undo(connection, deciding.ORIGIN)
        assert (taken is None) == (not self.said)
        if taken:
            self.said.pop()

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """Some blobs go."""
        gone = data.draw(st.lists(st.sampled_from(sorted(self.there)), min_size=1, max_size=3, unique=True))
        with self.engine.begin() as connection:
            forget(connection, gone)
            connection.execute(delete(blobs).where(blobs.c.sha256.in_(gone)))
        for sha256 in gone:
            del self.there[sha256]
            self.compared.discard(sha256)

    @invariant()
    def every_decision_that_makes_sense_holds(self) -> None:
        """In groups, and beyond them."""
        with self.engine.connect() as connection:
            hidden, standing = verdicts.hidden(connection), verdicts.standing(connection)
        holding = {sha256: self._holds(sha256) for said in self.said for sha256 in said}
        assert standing == {sha256: verdict for sha256, verdict in holding.items() if verdict != "new"}
        assert hidden == {sha256 for sha256, verdict in holding.items() if verdict == "skip"}
        for group in self._groups():
            for member in group.members:
                assert member.verdict == holding.get(member.sha256, "new")

    @invariant()
    def groups_are_what_hangs_together(self) -> None:
        """Those that comparing each compared blob with each finds."""
        found = {frozenset(member.sha256 for member in group.members) for group in self._groups()}
        assert found == {group for group in map(frozenset, self._hanging_together()) if len(group) > 1}

    def _groups(self) -> list[Group]:
        with self.engine.connect() as connection:
            return groups(connection)

    def _holds(self, sha256: str) -> str:
        for said in reversed(self.said):
            if (verdict := said.get(sha256, "new")) != "new":
                favoured = [other for other, of_other in said.items() if of_other == "keep"]
                lost = verdict == "skip" and favoured and not set(favoured) & self.there.keys()
                return "new" if lost else verdict
        return "new"

    def _hanging_together(self) -> Iterator[set[str]]:
        group_of = {sha256: {sha256} for sha256 in self.compared}
        for one, other in combinations(self.compared, 2):
            if self._are_alike(self.there[one], self.there[other]) and group_of[one] is not group_of[other]:
                group_of[one] |= group_of[other]
                for member in group_of[other]:
                    group_of[member] = group_of[one]
        yield from group_of.values()

    def _are_alike(self, one: dict[str, Any], other: dict[str, Any]) -> bool:
        moving = one["animated"] or other["animated"]
        for method, limit in self.limits.methods.items():
            bits = limit.animated if moving else limit.regular
            if bits is not None and (one[method] ^ other[method]).bit_count() <= bits:
                return True
        return False


def test_any_order() -> None:
    """The rules and invariants above, in orders that hypothesis makes up."""
    run_state_machine_as_test(Collection, settings=settings(max_examples=20, stateful_step_count=12, deadline=None))
