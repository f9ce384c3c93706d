"""A batch's way through the agent: order, exceptions, letters, what a sealed batch tells."""

import gc
import itertools
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import BadMessage, BrokenInvariant, StateError
from stream_app.engine import stored
from stream_app.engine.batch import Batch
from stream_app.engine.partition import PartitionState
from stream_app.engine.rules import EngineUseError
from stream_app.engine.sealed import SealedBatch
from tests.unit.engine.engine_builders import (
    PEOPLE,
    a_partition,
    a_record,
    decode,
    out,
    records,
    remember,
    run,
    run_one,
    written,
)


def seen(sealed, key=b"ann"):
    return PEOPLE.decode(stored.decode(written(sealed)[key].value).body)["seen"]


def failing(name, times=1, error=ZeroDivisionError):
    """An agent that raises on one event, after it has put and staged."""
    left = [times]

    def agent(state, given):
        remember(state, given)
        if given.event.name == name and left[0]:
            left[0] -= 1
            raise error

    return agent


def test_an_event_on_which_the_agent_raises_once_is_undone_and_taken_again():
    sealed = run_one(a_partition(), records(1, 2, 3), failing("e2"))
    assert seen(sealed) == ["e1", "e2", "e3"]
    assert out(sealed) == [(1, 0, "alerts", "e1"), (2, 0, "alerts", "e2"), (3, 0, "alerts", "e3")]


def test_an_event_on_which_it_raises_twice_goes_to_the_dead_letters_and_the_batch_goes_on():
    sealed = run_one(a_partition(), records(1, 2, 3), failing("e2", times=2))
    assert seen(sealed) == ["e1", "e3"]
    assert out(sealed)[1] == (2, 0, "processing_error", "ZeroDivisionError")
    assert (sealed.counts.folded, sealed.counts.rejected) == (2, 1)


def test_a_batch_that_is_done_goes_with_its_records_and_needs_no_collection():
    batch = Batch(a_partition(), records(1, 2), 1, decode)
    gone = weakref.ref(batch)
    gc.disable()
    try:
        while not batch.done:
            batch.advance()
        del batch
        assert gone() is None
    finally:
        gc.enable()


def test_each_event_has_its_own_tries():
    def once_each(state, given, failed=set()):  # noqa: B006 - remembers over the calls
        remember(state, given)
        if given.event.name not in failed:
            failed.add(given.event.name)
            raise ZeroDivisionError

    assert seen(run_one(a_partition(), records(1, 2, 3), once_each)) == ["e1", "e2", "e3"]


def test_an_agent_refuses_a_record_with_a_reason_of_its_own_at_once():
    sealed = run_one(a_partition(), records(1, 2), failing("e2", error=BadMessage("bad_value", "amount")))
    assert out(sealed) == [(1, 0, "alerts", "e1"), (2, 0, "bad_value", "amount")]


@pytest.mark.parametrize("error", [BrokenInvariant, StateError])
def test_an_error_of_ours_comes_out_and_makes_no_letter(error):
    state = a_partition()
    batch = Batch(state, records(1, 2), 1, decode)
    remember(state, batch.advance())
    with pytest.raises(error):
        batch.fail(error("ours"))
    assert batch.end_offset == 1
    batch.abandon()
    assert out(run_one(state, records(1)))[0] == (1, 0, "alerts", "e1")


def test_broken_bytes_are_letters_and_leave_no_guard():
    sealed = run_one(a_partition(), [a_record(1, text="broken"), a_record(2, "bob")])
    assert out(sealed)[0] == (1, 0, "bad_json", "not ours")
    assert list(written(sealed)) == [b"bob"]
    assert sealed.counts.undecodable == 1


def test_a_letter_is_not_hidden_by_the_guard_of_a_later_record_of_its_key():
    state = a_partition()
    batch = [a_record(1, text="broken"), a_record(2)]
    run_one(state, batch)
    assert out(run_one(state, batch)) == [(1, 0, "bad_json", "not ours"), (2, 0, "alerts", "e2")]


def test_a_sealed_batch_tells_where_it_ends_and_its_highest_time():
    sealed = run_one(a_partition(), [a_record(4, text="a@70"), a_record(6, text="b@90"), a_record(9, text="c@80")])
    assert (sealed.topic, sealed.partition, sealed.generation, sealed.end_offset) == ("pay", 0, 1, 10)
    assert sealed.highest_ms == 90


def test_records_read_again_count_for_the_clock():
    state = a_partition()
    run_one(state, records(3))
    assert run_one(state, records(3)).highest_ms == 3


def cut_after(name: str, state: PartitionState, batch: Batch, agent=remember, how=Batch.cut) -> list[SealedBatch]:
    """Run a batch to its end that is cut (or left) while an event is with the agent."""
    sealed = []
    while not batch.done:
        turn = batch.advance()
        if isinstance(turn, SealedBatch):
            sealed.append(turn)
            continue
        if turn.event.name == name:
            how(batch)
        try:
            agent(state, turn)
        except ZeroDivisionError as error:
            batch.fail(error)
    return sealed


def test_a_batch_that_is_cut_leaves_in_two_parts():
    state = a_partition()
    first, second = cut_after("e2", state, Batch(state, records(1, 2, 3), 1, decode))
    assert [seen(first), seen(second)] == [["e1", "e2"], ["e1", "e2", "e3"]]
    assert [first.end_offset, second.end_offset] == [3, 4]
    assert [offset for offset, *_ in out(first)] == [1, 2]
    assert [offset for offset, *_ in out(second)] == [3]
    assert (first.counts.folded, second.counts.folded) == (2, 1)


def test_a_part_on_which_the_agent_failed_is_not_cut():
    """So many failures may end the worker: that is asked of the whole batch, before anything of it leaves."""
    state = a_partition()
    (sealed,) = cut_after("e2", state, Batch(state, records(1, 2, 3), 1, decode), failing("e1", times=2))
    assert (sealed.counts.rejected, sealed.counts.folded) == (1, 2)


def test_a_cut_behind_the_last_record_makes_no_empty_part():
    state = a_partition()
    (sealed,) = cut_after("e2", state, Batch(state, records(1, 2), 1, decode))
    assert sealed.end_offset == 3


def test_a_batch_that_is_left_ends_behind_the_record_under_way():
    state = a_partition()
    given_ = [*records(1, 2), a_record(3, text="broken"), a_record(4)]
    (sealed,) = cut_after("e2", state, Batch(state, given_, 1, decode), how=Batch.leave)
    assert (seen(sealed), sealed.end_offset, sealed.counts.folded) == (["e1", "e2"], 3, 2)
    (rest,) = run(state, given_[2:])
    assert (seen(rest), rest.end_offset) == (["e1", "e2", "e4"], 5)


def test_a_batch_that_is_left_while_the_agent_fails_ends_with_the_letter_of_that_record():
    state = a_partition()
    batch = Batch(state, records(1, 2, 3), 1, decode)
    (sealed,) = cut_after("e2", state, batch, failing("e2", times=2), how=Batch.leave)
    assert (sealed.counts.rejected, sealed.counts.folded, sealed.end_offset) == (1, 1, 3)


def test_a_batch_that_is_left_between_two_parts_takes_up_nothing_more():
    state = a_partition()
    batch = Batch(state, records(1, 2, 3), 1, decode)
    batch.cut()
    remember(state, batch.advance())
    assert batch.advance().end_offset == 2
    batch.leave()
    assert (batch.advance().end_offset, batch.done) == (2, True)


def test_topics_that_do_not_move_the_clock_tell_no_time():
    assert run_one(a_partition(), records(3, topic="talk")).highest_ms is None


def test_the_first_events_time_decides_who_goes_first():
    state = a_partition()
    assert Batch(state, [a_record(1, text="a@70"), a_record(2, text="b@10")], 1, decode).first_ms == 70
    assert Batch(state, [a_record(1, text="broken")], 1, decode).first_ms == 1_001


def test_the_agent_gets_time_stamp_position_and_trace():
    record = a_record(7)
    given_ = Batch(a_partition(), [record], 1, decode).advance()
    assert (given_.received_ms, given_.position, given_.traceparent) == (1_007, record.position, None)
    record.headers = [("traceparent", b"00-%s-%s-01" % (b"a" * 32, b"b" * 16))]
    assert given_.traceparent == f"00-{'a' * 32}-{'b' * 16}-01"


def test_wrong_use_is_an_error():
    state = a_partition()
    with pytest.raises(EngineUseError, match="at least one"):
        Batch(state, [], 1, decode)
    batch = Batch(state, records(1), 1, decode)
    with pytest.raises(EngineUseError, match="no event"):
        batch.fail(ZeroDivisionError())
    batch.advance()
    batch.advance()
    with pytest.raises(EngineUseError, match="done"):
        batch.advance()


def test_abandoning_a_batch_that_has_not_begun_disturbs_no_other():
    state = a_partition()
    running = Batch(state, records(1), 1, decode)
    remember(state, running.advance())
    Batch(state, records(1, topic="talk"), 1, decode).abandon()
    assert seen(running.advance()) == ["e1"]


# Law: a chunk boundary never shows in an outcome.

INPUT = [
    a_record(n, "ann" if n % 3 else "bob", "broken" if n == 5 else f"e{n}@{n * 10}", "pay" if n < 8 else "talk")
    for n in range(16)
]


def outcome(cuts):
    """All that leaves and the last value of each key, with the input cut at these places."""
    state, effects, values = a_partition(), [], {}
    borders = sorted({0, 8, 16, *cuts})
    for start, end in itertools.pairwise(borders):
        for sealed in run(state, INPUT[start:end], failing("e6", times=2)):
            effects += out(sealed)
            values |= {key: seen(sealed, key) for key in written(sealed)}
    return effects, values


@given(st.sets(st.integers(0, 16)))
def test_any_split_into_batches_gives_the_same_effects_and_values(cuts):
    assert outcome(cuts) == outcome(set())
