"""The checkpoint task: how much may be under way, by number and by size, and when it leaves."""

import asyncio

from stream_app.engine.checkpointer import GROUP_SECONDS, Checkpointer
from stream_app.engine.partition import PartitionState
from stream_app.engine.table import NEW_VALUE_BYTES
from tests.unit.engine.engine_builders import a_partition, records, run_one, written
from tests.unit.engine.test_checkpoint import Diary


def a_checkpointer(in_flight_records: int = 100, in_flight_bytes: int = 100_000) -> Checkpointer:
    return Checkpointer(Diary().ports(), lambda point: None, in_flight_records, in_flight_bytes)


def a_batch(body: int = 10, state: PartitionState | None = None):
    """A batch that replaces a value of so many characters by another."""

    def rewrite(state, given):
        state.put("people", b"ann", {"seen": [given.event.name * body], "due": None})

    state = state or a_partition()
    written(run_one(state, records(1, 2), rewrite))
    return run_one(state, records(3, 4), rewrite)


def test_a_batchs_size_is_that_of_its_values_when_they_were_last_written_and_of_its_effects():
    assert 50_000 < a_batch(25_000).size < 51_000
    state = a_partition()
    before = written(run_one(state, records(1)))[b"ann"].value
    assert run_one(state, records(2)).size == len(before) + len(b"e2")


def test_a_value_that_was_never_written_counts_for_an_ordinary_one():
    assert run_one(a_partition(stubs=False), records(1), lambda state, given: None).size == 0
    assert run_one(a_partition(), records(1)).size == NEW_VALUE_BYTES + len(b"e1")


async def test_no_batch_is_begun_while_too_many_records_are_under_way():
    checkpointer = a_checkpointer(in_flight_records=2)
    assert checkpointer.has_room
    checkpointer.add(a_batch())
    assert not checkpointer.has_room


async def test_nor_while_they_are_too_many_bytes_and_room_comes_with_their_delivery():
    checkpointer = a_checkpointer(in_flight_bytes=50_000)
    checkpointer.add(a_batch(20_000))
    assert checkpointer.has_room
    checkpointer.add(a_batch(20_000))
    assert not checkpointer.has_room
    checkpointer.start()
    await checkpointer.wait_until(lambda: checkpointer.has_room)
    await checkpointer.wait_idle()
    assert checkpointer.records_done == 4


async def settled(checkpointer):
    """Let the checkpointer do what it can do at once."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_while_the_worker_is_behind_a_group_grows_to_half_of_what_may_be_under_way():
    checkpointer = a_checkpointer(in_flight_records=8)
    checkpointer.start()
    checkpointer.seconds_behind = 60.0
    checkpointer.add(a_batch())
    await settled(checkpointer)
    assert checkpointer.checkpoints == 0
    checkpointer.add(a_batch())
    await checkpointer.wait_idle()
    assert (checkpointer.checkpoints, checkpointer.records_done) == (1, 4)


async def test_it_leaves_at_once_when_the_worker_has_caught_up_or_somebody_waits():
    for hurry in (lambda c: setattr(c, "seconds_behind", 0.0), lambda c: asyncio.ensure_future(c.wait_idle())):
        checkpointer = a_checkpointer()
        checkpointer.start()
        checkpointer.seconds_behind = 60.0
        checkpointer.add(a_batch())
        await settled(checkpointer)
        hurry(checkpointer)
        await settled(checkpointer)
        assert checkpointer.checkpoints == 1


async def test_and_in_any_case_before_long():
    checkpointer = a_checkpointer()
    checkpointer.start()
    checkpointer.seconds_behind = 60.0
    checkpointer.add(a_batch())
    await asyncio.wait_for(checkpointer._idle.wait(), GROUP_SECONDS * 20)
    assert checkpointer.checkpoints == 1
