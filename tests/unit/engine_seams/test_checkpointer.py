"""The checkpoint task: how much may be under way, by number and by size."""

from stream_app.engine.checkpointer import Checkpointer
from tests.unit.engine.engine_builders import a_partition, records, run_one
from tests.unit.engine.test_checkpoint import Diary


def a_checkpointer(in_flight_records: int = 100, in_flight_bytes: int = 100_000) -> Checkpointer:
    return Checkpointer(Diary().ports(), lambda point: None, in_flight_records, in_flight_bytes)


def a_batch(body: int = 10):
    return run_one(
        a_partition(),
        records(1, 2),
        lambda state, given: state.put("people", b"ann", {"seen": ["x" * body], "due": None}),
    )


def test_a_batchs_size_is_that_of_its_new_values_and_effects():
    assert 50_000 < a_batch(50_000).size < 51_000
    with_alerts = run_one(a_partition(), records(1, 2))
    assert with_alerts.size == len(with_alerts.writes["people"][b"ann"].value or b"") + len(b"e1") + len(b"e2")


async def test_no_batch_is_begun_while_too_many_records_are_under_way():
    checkpointer = a_checkpointer(in_flight_records=2)
    assert checkpointer.has_room
    checkpointer.add(a_batch())
    assert not checkpointer.has_room


async def test_nor_while_they_are_too_many_bytes_and_room_comes_with_their_delivery():
    checkpointer = a_checkpointer(in_flight_bytes=50_000)
    checkpointer.add(a_batch(40_000))
    assert checkpointer.has_room
    checkpointer.add(a_batch(40_000))
    assert not checkpointer.has_room
    checkpointer.start()
    await checkpointer.wait_until(lambda: checkpointer.has_room)
    await checkpointer.wait_idle()
    assert checkpointer.records_done == 4
