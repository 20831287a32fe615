"""The fair queue gives out every pending image once, fairly over hosts, within its limits."""

import asyncio
from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.catalogue.queries import PendingImage
from harvester.crawl.fair_queue import FairQueue


def _pending_image(row: int, host: str) -> PendingImage:
    return PendingImage(row, str(row), "", host, None, None, None, {}, 0, None, None, {})


class _PendingTable:
    """Owed images by host, as the catalogue would answer."""

    def __init__(self, hosts: list[str]) -> None:
        self.rows: dict[str, list[int]] = defaultdict(list)
        for row, host in enumerate(hosts):
            self.rows[host].append(row)

    async def fetch(self, host: str, after: int, limit: int) -> list[PendingImage]:
        await asyncio.sleep(0)
        return [_pending_image(row, host) for row in self.rows[host] if row > after][:limit]


async def _drain(
    table: _PendingTable, order: list[int], silent: set[str], *, per_host: int, in_progress: int
) -> list[int]:
    """Deals everything, finishing images in the order the numbers say; checks the bounds at every step."""
    queue = FairQueue(table.fetch, per_host=per_host, in_progress=in_progress)
    queue.add({host: rows[0] for host, rows in table.rows.items()})
    queue.close()
    out: dict[int, str] = {}
    issued: list[int] = []

    async def finish() -> None:
        steps = iter(order * 1000)
        while True:
            await asyncio.sleep(0)
            if out:
                row = sorted(out)[next(steps) % len(out)]
                queue.mark_answered(row, silent=out.pop(row) in silent)
                queue.mark_finished(row)

    finishing = asyncio.ensure_future(finish())
    async for batch in queue.batches():
        assert len({image.host for image in batch}) == 1
        for image in batch:
            out[image.row] = image.host
            issued.append(image.row)
        assert len(out) <= in_progress
        assert max(Counter(out.values()).values()) <= per_host
    finishing.cancel()
    return issued


@given(
    hosts=st.lists(st.sampled_from("abcd"), max_size=60),
    order=st.lists(st.integers(0, 99), min_size=1, max_size=20),
    silent=st.sets(st.sampled_from("abcd")),
    per_host=st.integers(1, 5),
    in_progress=st.integers(2, 8),
)
@settings(max_examples=150, deadline=None)
def test_every_image_is_issued_once(
    hosts: list[str], order: list[int], silent: set[str], per_host: int, in_progress: int
) -> None:
    """Whatever hosts, whichever finish first, whoever is silent: each image is dealt once, within the bounds."""
    table = _PendingTable(hosts)
    issued = asyncio.run(
        asyncio.wait_for(_drain(table, order, silent, per_host=per_host, in_progress=in_progress), timeout=20)
    )
    assert sorted(issued) == list(range(len(hosts)))


def test_silent_hosts_leave_half_of_the_slots() -> None:
    """Hosts that gave no answer get one image each and together at most half of the room."""

    async def run() -> Counter[str]:
        table = _PendingTable([f"silent{number % 9}" for number in range(90)] + ["good"] * 50)
        queue = FairQueue(table.fetch, per_host=8, in_progress=10)
        queue.add({host: rows[0] for host, rows in table.rows.items()})
        out: Counter[str] = Counter()
        batches = queue.batches()
        for host in (f"silent{number}" for number in range(9)):
            queue._silent.add(host)
        while out.total() < 10:
            for image in await anext(batches):
                out[image.host] += 1
        await batches.aclose()
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
def test_rows_added_again_cost_no_other(hosts: list[str], order: list[int], again: list[tuple[int, int]]) -> None:
    """Whenever earlier rows are added again meanwhile, every image is given out at least once."""

    async def run() -> set[int]:
        table = _PendingTable(hosts)
        queue = FairQueue(table.fetch, per_host=3, in_progress=5)
        queue.add({host: rows[0] for host, rows in table.rows.items()})
        queue.close()
        readded = {step: row % len(hosts) for step, row in again}
        steps = iter(order * 1000)
        issued: set[int] = set()
        out: list[int] = []
        step = 0

        async def finish() -> None:
            while True:
                await asyncio.sleep(0)
                if out:
                    queue.mark_finished(out.pop(next(steps) % len(out)))

        finishing = asyncio.ensure_future(finish())
        async for batch in queue.batches():
            issued.update(image.row for image in batch)
            out += [image.row for image in batch]
            step += 1
            if step in readded:
                queue.add({hosts[readded[step]]: readded[step]})
        finishing.cancel()
        return issued

    assert asyncio.run(asyncio.wait_for(run(), timeout=20)) == set(range(len(hosts)))


def test_an_image_that_gets_a_name_while_in_progress_is_issued_again() -> None:
    """Told of a row that is out, the dealer deals it once more after it is finished."""

    async def run() -> list[int]:
        table = _PendingTable(["h", "h"])
        queue = FairQueue(table.fetch, per_host=2, in_progress=2)
        queue.add({"h": 0})
        issued: list[int] = []
        batches = queue.batches()
        issued += [image.row for image in await anext(batches)]
        queue.add({"h": 0})
        queue.close()
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0.01)
        queue.mark_finished(0)
        table.rows["h"] = [0]
        issued += [image.row for image in await waiting]
        await batches.aclose()
        return issued

    assert asyncio.run(asyncio.wait_for(run(), timeout=20)) == [0, 1, 0]
