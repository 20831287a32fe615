"""The dealer deals every owed image once, fairly over hosts, within its bounds."""

import asyncio
from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.catalogue.owed import Dealer
from harvester.catalogue.queries import Owed


def _image(row: int, host: str) -> Owed:
    return Owed(row, str(row), "", host, None, None, None, {}, 0, None, None, {})


class _Shelf:
    """Owed images by host, as the catalogue would answer."""

    def __init__(self, hosts: list[str]) -> None:
        self.rows: dict[str, list[int]] = defaultdict(list)
        for row, host in enumerate(hosts):
            self.rows[host].append(row)

    async def fetch(self, host: str, after: int, limit: int) -> list[Owed]:
        await asyncio.sleep(0)
        return [_image(row, host) for row in self.rows[host] if row > after][:limit]


async def _deal(shelf: _Shelf, order: list[int], silent: set[str], *, per_host: int, in_hand: int) -> list[int]:
    """Deals everything, finishing images in the order the numbers say; checks the bounds at every step."""
    dealer = Dealer(shelf.fetch, per_host=per_host, in_hand=in_hand)
    dealer.add({host: rows[0] for host, rows in shelf.rows.items()})
    dealer.no_more()
    out: dict[int, str] = {}
    dealt: list[int] = []

    async def finish() -> None:
        steps = iter(order * 1000)
        while True:
            await asyncio.sleep(0)
            if out:
                row = sorted(out)[next(steps) % len(out)]
                dealer.answered(row, silent=out.pop(row) in silent)
                dealer.finished(row)

    finishing = asyncio.ensure_future(finish())
    async for hand in dealer.hands():
        assert len({image.host for image in hand}) == 1
        for image in hand:
            out[image.row] = image.host
            dealt.append(image.row)
        assert len(out) <= in_hand
        assert max(Counter(out.values()).values()) <= per_host
    finishing.cancel()
    return dealt


@given(
    hosts=st.lists(st.sampled_from("abcd"), max_size=60),
    order=st.lists(st.integers(0, 99), min_size=1, max_size=20),
    silent=st.sets(st.sampled_from("abcd")),
    per_host=st.integers(1, 5),
    in_hand=st.integers(2, 8),
)
@settings(max_examples=150, deadline=None)
def test_everything_is_dealt_once(
    hosts: list[str], order: list[int], silent: set[str], per_host: int, in_hand: int
) -> None:
    """Whatever hosts, whichever finish first, whoever is silent: each image is dealt once, within the bounds."""
    shelf = _Shelf(hosts)
    dealt = asyncio.run(asyncio.wait_for(_deal(shelf, order, silent, per_host=per_host, in_hand=in_hand), timeout=20))
    assert sorted(dealt) == list(range(len(hosts)))


def test_silent_hosts_leave_half_of_the_room() -> None:
    """Hosts that gave no answer get one image each and together at most half of the hands."""

    async def run() -> Counter[str]:
        shelf = _Shelf([f"silent{number % 9}" for number in range(90)] + ["good"] * 50)
        dealer = Dealer(shelf.fetch, per_host=8, in_hand=10)
        dealer.add({host: rows[0] for host, rows in shelf.rows.items()})
        out: Counter[str] = Counter()
        hands = dealer.hands()
        for host in (f"silent{number}" for number in range(9)):
            dealer._silent.add(host)
        while out.total() < 10:
            for image in await anext(hands):
                out[image.host] += 1
        await hands.aclose()
        return out

    out = asyncio.run(asyncio.wait_for(run(), timeout=20))
    assert out["good"] == 5
    assert sorted(out.values()) == [1, 1, 1, 1, 1, 5]


@given(
    hosts=st.lists(st.sampled_from("ab"), min_size=1, max_size=150),
    order=st.lists(st.integers(0, 99), min_size=1, max_size=20),
    again=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 149)), max_size=5),
)
@settings(max_examples=100, deadline=None)
def test_rows_told_again_cost_no_other(hosts: list[str], order: list[int], again: list[tuple[int, int]]) -> None:
    """Whenever earlier rows are told again while dealing goes on, every image is dealt at least once."""

    async def run() -> set[int]:
        shelf = _Shelf(hosts)
        dealer = Dealer(shelf.fetch, per_host=3, in_hand=5)
        dealer.add({host: rows[0] for host, rows in shelf.rows.items()})
        dealer.no_more()
        told = {step: row % len(hosts) for step, row in again}
        steps = iter(order * 1000)
        dealt: set[int] = set()
        out: list[int] = []
        step = 0

        async def finish() -> None:
            while True:
                await asyncio.sleep(0)
                if out:
                    dealer.finished(out.pop(next(steps) % len(out)))

        finishing = asyncio.ensure_future(finish())
        async for hand in dealer.hands():
            dealt.update(image.row for image in hand)
            out += [image.row for image in hand]
            step += 1
            if step in told:
                dealer.add({hosts[told[step]]: told[step]})
        finishing.cancel()
        return dealt

    assert asyncio.run(asyncio.wait_for(run(), timeout=20)) == set(range(len(hosts)))


def test_an_image_that_gets_a_name_while_it_is_out_is_dealt_again() -> None:
    """Told of a row that is out, the dealer deals it once more after it is finished."""

    async def run() -> list[int]:
        shelf = _Shelf(["h", "h"])
        dealer = Dealer(shelf.fetch, per_host=2, in_hand=2)
        dealer.add({"h": 0})
        dealt: list[int] = []
        hands = dealer.hands()
        dealt += [image.row for image in await anext(hands)]
        dealer.add({"h": 0})
        dealer.no_more()
        waiting = asyncio.ensure_future(anext(hands))
        await asyncio.sleep(0.01)
        dealer.finished(0)
        shelf.rows["h"] = [0]
        dealt += [image.row for image in await waiting]
        await hands.aclose()
        return dealt

    assert asyncio.run(asyncio.wait_for(run(), timeout=20)) == [0, 1, 0]
