"""The fence waits while the lease may still be renewed, and ends the worker when its generation is gone."""

import asyncio
from types import SimpleNamespace

import pytest

from stream_app.engine.fatal import Exit
from stream_app.engine.fence import Fence, watch_heartbeats
from tests.turns import waits


class Group:
    """A hand on the clock, the generation, and what the fence did."""

    def __init__(self) -> None:
        self.now = 100.0
        self.generation = 7
        self.ended: list[tuple[Exit, str]] = []
        self.fence = Fence(10.0, lambda: self.generation, clock=lambda: self.now, end=self._end)

    def _end(self, code: Exit, why: str) -> None:
        self.ended.append((code, why))


@pytest.fixture
def group() -> Group:
    return Group()


async def test_a_fresh_heartbeat_in_the_same_generation_lets_writes_pass(group: Group):
    group.fence.renew()
    await group.fence.check({7})
    assert group.ended == []


async def test_batches_of_another_generation_end_the_worker_even_while_the_lease_runs(group: Group):
    group.fence.renew()
    await group.fence.check({6, 7})
    assert [code for code, _ in group.ended] == [Exit.FENCED]


async def test_an_expired_lease_waits_for_the_heartbeat_that_renews_it(group: Group):
    group.fence.renew()
    group.now += 7.1
    waiting = asyncio.create_task(group.fence.check({7}))
    assert await waits(waiting)
    group.fence.renew()
    await waiting
    assert group.ended == []


async def test_a_worker_that_waits_ends_when_it_learns_that_the_generation_moved(group: Group):
    group.now += 60
    waiting = asyncio.create_task(group.fence.check({7}))
    assert await waits(waiting)
    group.generation = 8
    await waiting
    assert [code for code, _ in group.ended] == [Exit.FENCED]


async def test_a_lease_that_runs_out_with_records_on_the_way_is_told_and_ends_nothing(group: Group):
    group.fence.renew()
    group.now += 7.1
    assert not await group.fence.outlasts(asyncio.get_running_loop().create_future())
    assert group.ended == []


async def test_records_that_arrive_within_the_lease_are_waited_for(group: Group):
    group.fence.renew()
    on_the_way = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(group.fence.outlasts(on_the_way))
    assert await waits(waiting)
    on_the_way.set_result(None)
    assert await waiting


@pytest.mark.parametrize(("accepted", "holds"), [(True, True), (False, False)])
async def test_only_an_accepted_heartbeat_renews_the_lease(accepted: bool, holds: bool):
    fence = Fence(10.0, lambda: 1)

    async def heartbeat() -> bool:
        return accepted

    coordinator = SimpleNamespace(_do_heartbeat=heartbeat)
    watch_heartbeats(coordinator, fence)
    wrapped = coordinator._do_heartbeat
    watch_heartbeats(coordinator, fence)
    assert coordinator._do_heartbeat is wrapped, "wrapped once, however often partitions are assigned"
    assert await coordinator._do_heartbeat() is accepted
    assert fence.holds is holds


async def test_a_heartbeat_counts_from_when_it_was_sent_not_from_its_answer(group: Group):
    group.fence.renew(at=90.0)
    group.fence.renew(at=80.0)  # an answer that was overtaken
    group.now = 97.0
    assert group.fence.holds
    group.now = 97.1
    assert not group.fence.holds
