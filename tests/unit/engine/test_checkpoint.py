"""The plan of a checkpoint, and the order in which it is carried out."""

import pytest

from stream_app.engine import stored
from stream_app.engine.checkpoint import MAX_ENTRIES_PER_CALL, plan, run_checkpoint
from stream_app.engine.ports import Ports
from tests.unit.engine.engine_builders import (
    PAY,
    PEOPLE,
    TALK,
    a_partition,
    a_record,
    an_entry,
    an_output,
    records,
    remember,
    run_one,
    written,
)


class Diary:
    """Every port at once: it writes down what it is asked, and raises where it is told to."""

    def __init__(self, raise_at=None):
        self.lines = []
        self.raise_at = raise_at

    def note(self, line):
        self.lines.append(line)
        if line == self.raise_at:
            raise ConnectionError(line)

    async def check(self, generations):
        self.note(f"fence {sorted(generations)}")

    async def append(self, writes, fence):
        self.note("changelog")
        return dict.fromkeys(writes, 99)

    async def deliver(self, calls, fence):
        self.note("redis")

    async def produce(self, staged, fence):
        self.note("outputs")

    def advance(self, topic, partition, next_offset):
        self.note(f"offset {topic}-{partition} {next_offset}")

    async def write(self, table, partition, writes, changelog_offset):
        self.note(f"store {table}-{partition} {changelog_offset}")

    def ports(self):
        return Ports(self, self, self, self, self, self)


def with_an_output(state, given):
    remember(state, given)
    state.stage([an_output("claim")])


WHOLE = [
    "at before_changelog",
    "fence [1]",
    "changelog",
    "at after_changelog",
    "fence [1]",
    "redis",
    "at mid_effects",
    "outputs",
    "at after_effects",
    "offset pay-0 3",
    "at after_offsets",
    "store people-0 99",
    "at after_store",
]


async def test_the_order_is_the_contract():
    state, diary = a_partition(), Diary()
    await run_checkpoint(
        plan([run_one(state, records(1, 2), with_an_output)]), diary.ports(), lambda p: diary.note(f"at {p}")
    )
    assert diary.lines == WHOLE


@pytest.mark.parametrize("n", [n for n, line in enumerate(WHOLE) if line != "fence [1]"])
async def test_nothing_follows_a_step_that_failed_and_nothing_is_acknowledged(n):
    state, diary = a_partition(), Diary(raise_at=WHOLE[n])
    sealed = run_one(state, records(1, 2), with_an_output)
    with pytest.raises(ConnectionError):
        await run_checkpoint(plan([sealed]), diary.ports(), lambda p: diary.note(f"at {p}"))
    assert diary.lines == WHOLE[: n + 1]
    later = stored.decode(written(run_one(state, records(3)))[b"ann"].value)
    assert [entry.offset for entry in later.outbox] == [1, 1, 2, 2, 3]


async def test_delivered_batches_are_acknowledged():
    state = a_partition()
    await run_checkpoint(plan([run_one(state, records(1, 2))]), Diary().ports())
    later = stored.decode(written(run_one(state, records(3)))[b"ann"].value)
    assert [entry.offset for entry in later.outbox] == [3]


async def test_what_has_nothing_to_write_still_claims_its_partition_and_has_no_effects():
    diary = Diary()
    await run_checkpoint(plan([run_one(a_partition(), records(1), lambda state, given: None)]), diary.ports())
    assert diary.lines == ["fence [1]", "changelog", "fence [1]", "offset pay-0 2", "store people-0 99"]


def test_a_key_changed_by_several_batches_is_written_once_with_its_last_value():
    state = a_partition()
    planned = plan([run_one(state, records(1)), run_one(state, records(2)), run_one(state, records(7, topic="talk"))])
    write = planned.writes["people", 0][b"ann"]
    value = stored.decode(write.value)
    assert PEOPLE.decode(value.body)["seen"] == ["e1", "e2", "e7"]
    assert value.guard == {PAY: 2, TALK: 7}
    assert planned.offsets == {("pay", 0): 3, ("talk", 0): 8}


def test_a_merged_write_knows_the_due_time_that_the_store_knows():
    def due_at(ms):
        return lambda state, given: state.put("people", b"ann", {"seen": [], "due": ms})

    state = a_partition()
    stored_before = run_one(state, records(1), due_at(50))
    plan([stored_before])
    state.acknowledge(stored_before)
    planned = plan([run_one(state, records(2), due_at(60)), run_one(state, records(3), due_at(70))])
    write = planned.writes["people", 0][b"ann"]
    assert (write.was_due_ms, write.next_due_ms) == (50, 70)


def test_entries_go_by_stream_and_source_in_offset_order():
    def to_two_streams(state, given):
        remember(state, given)
        state.stage([an_entry("card", "arrivals"), an_output("claim")])

    state = a_partition()
    planned = plan(
        [
            run_one(state, records(1, 2), to_two_streams),
            run_one(state, records(5, topic="talk"), to_two_streams),
            run_one(state, [a_record(3)], to_two_streams),
        ]
    )
    calls = {(call.stream, call.topic_id): call for call in planned.calls}
    assert set(calls) == {(stream, topic) for stream in ("alerts", "arrivals") for topic in (PAY, TALK)}
    pay = calls["alerts", PAY]
    assert [staged.record.offset for staged in pay.entries] == [1, 2, 3]
    assert (pay.topic, pay.partition, pay.end_offset) == ("pay", 0, 3)
    assert [staged.record.offset for staged in planned.outputs] == [1, 2, 5, 3]


def test_letters_go_with_the_outputs():
    planned = plan([run_one(a_partition(), [a_record(1, text="broken")])])
    assert [staged.effect.name for staged in planned.outputs] == ["bad_json"]
    assert planned.calls == ()


def test_a_call_never_splits_a_record():
    def three(state, given):
        remember(state, given)
        state.stage([an_entry("b"), an_entry("c")])

    state = a_partition()
    count = MAX_ENTRIES_PER_CALL // 3 + 2
    sealed = run_one(state, [a_record(n, f"k{n}") for n in range(count)], three)
    calls = plan([sealed]).calls
    assert len(calls) == 2
    assert sum(len(call.entries) for call in calls) == 3 * count
    for call in calls:
        assert len(call.entries) % 3 == 0
        assert call.end_offset == call.entries[-1].record.offset
