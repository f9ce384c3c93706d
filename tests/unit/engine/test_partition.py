"""One partition number's working state: guards, outbox, undo, seal."""

import pytest

from stream_app.engine import stored
from stream_app.engine.batch import PUT_OFF_MS, Batch
from stream_app.engine.records import Origin
from stream_app.engine.rules import AgentMistakeError, Begun, EngineUseError, OutboxLimits
from tests.unit.engine.engine_builders import (
    OURS,
    PAY,
    PEOPLE,
    TALK,
    a_partition,
    a_record,
    an_entry,
    an_output,
    decode,
    out,
    records,
    remember,
    run,
    run_one,
    save,
    written,
)


def value_of(sealed, key=b"ann"):
    return stored.decode(written(sealed)[key].value)


def body_of(sealed, key=b"ann"):
    return PEOPLE.decode(value_of(sealed, key).body)


def restarted(sealed, committed=None):
    """A new owner that finds these sealed values in its store."""
    store = {}
    save(store, sealed)
    return a_partition(store, committed)


def nothing(state, given):
    pass


class TestGuard:
    def test_a_value_remembers_the_last_offset_per_topic(self):
        state = a_partition()
        run_one(state, records(3, 4))
        second = run_one(state, records(9, topic="talk"))
        assert value_of(second).guard == {PAY: 4, TALK: 9}
        assert body_of(second)["seen"] == ["e3", "e4", "e9"]

    def test_what_was_folded_is_skipped_and_staged_again_from_the_outbox(self):
        first = run_one(a_partition(), records(3, 4))
        again = run_one(restarted([first]), records(3, 4, 5))
        assert (again.counts.skipped, again.counts.folded) == (2, 1)
        assert out(again) == [(3, 0, "alerts", "e3"), (4, 0, "alerts", "e4"), (5, 0, "alerts", "e5")]
        assert body_of(again)["seen"] == ["e3", "e4", "e5"]

    def test_a_record_that_changes_nothing_moves_the_guard(self):
        state = a_partition()
        run_one(state, records(3))
        assert value_of(run_one(state, records(4), nothing)).guard == {PAY: 4}

    def test_a_record_that_finds_no_value_and_leaves_none_leaves_its_guard(self):
        """Else, read again, it would be folded into a value that another topic has made meanwhile."""
        first = run_one(a_partition(), records(3), nothing)
        assert (value_of(first).guard, value_of(first).body) == ({PAY: 3}, None)
        made = run_one(restarted([first]), records(7, topic="talk"))
        assert out(run_one(restarted([first, made]), records(3))) == []

    def test_in_a_table_without_stubs_it_writes_nothing(self):
        assert written(run_one(a_partition(stubs=False), records(3), nothing)) == {}

    def test_guards_of_one_key_say_nothing_of_another(self):
        state = a_partition()
        sealed = run_one(state, [a_record(1, "ann"), a_record(2, "bob")])
        assert value_of(sealed).guard == {PAY: 1}
        assert value_of(sealed, b"bob").guard == {PAY: 2}


class TestOutbox:
    def test_effects_stay_in_the_value_until_a_checkpoint_has_delivered_them(self):
        state = a_partition()
        first = run_one(state, records(3))
        second = run_one(state, records(4))
        assert [e.offset for e in value_of(second).outbox] == [3, 4]
        state.acknowledge(first)
        assert [e.offset for e in value_of(run_one(state, records(5))).outbox] == [4, 5]

    def test_what_lies_below_the_committed_offset_is_out(self):
        first = run_one(a_partition(), records(3, 4))
        state = restarted([first], committed={PAY: 4})
        assert [e.offset for e in value_of(run_one(state, records(5))).outbox] == [4, 5]

    def test_running_numbers_follow_the_order_of_staging(self):
        def two_calls(state, given):
            remember(state, given)
            state.stage([an_entry("b"), an_output("c")])

        sealed = run_one(a_partition(), records(3), two_calls)
        assert out(sealed) == [(3, 0, "alerts", "e3"), (3, 1, "alerts", "b"), (3, 2, "links", "c")]
        assert sealed.effects[2].origin == Origin(PAY, 0, b"ann", 3, 2)

    def test_a_long_outbox_seals_the_batch_and_makes_the_next_one_wait(self):
        state = a_partition(limits=OutboxLimits(seal_above=100, most=1_000))
        batch = Batch(state, records(1, 2, 3), 1, decode)
        remember(state, batch.advance())
        remember(state, batch.advance())
        sealed = batch.advance()
        assert sealed.end_offset == 3
        assert state.waiting
        with pytest.raises(EngineUseError, match="waits"):
            batch.advance()
        state.acknowledge(sealed)
        remember(state, batch.advance())
        last = batch.advance()
        assert (last.end_offset, batch.done, state.waiting) == (4, True, False)
        assert [e.offset for e in value_of(last).outbox] == [3]

    def test_an_event_whose_effects_do_not_fit_yet_is_taken_again_after_the_checkpoint(self):
        state = a_partition(limits=OutboxLimits(seal_above=10_000, most=150))
        sealed = run(state, records(1, 2))
        assert [batch.end_offset for batch in sealed] == [2, 3]
        assert [batch.counts.folded for batch in sealed] == [1, 1]
        assert sealed[0].highest_ms == 1
        assert out(sealed[1]) == [(2, 0, "alerts", "e2")]
        assert body_of(sealed[1])["seen"] == ["e1", "e2"]

    def test_effects_that_could_never_fit_are_a_mistake_of_the_agent(self):
        state = a_partition(limits=OutboxLimits(seal_above=10_000, most=250))

        def too_many(state, given):
            remember(state, given)
            state.stage([an_entry()] * 9)

        sealed = run_one(state, records(1), too_many)
        assert out(sealed) == [(1, 0, "processing_error", "AgentMistakeError")]


class TestEffectsWithoutValue:
    """A table without stubs: what its records bring about where there is no value."""

    def mention(self, state, given):
        state.stage([an_output("mood", "mood")])
        if state.get("people", given.record.key) is not None:
            self.claim(state, given)

    def claim(self, state, given):
        state.put("people", given.record.key, {"seen": [given.event.name], "due": None})

    def test_outputs_may_leave_without_a_value(self):
        sealed = run_one(a_partition(stubs=False), records(1), self.mention)
        assert (out(sealed), written(sealed)) == ([(1, 0, "mood", "mood")], {})

    def test_stream_entries_may_not_be_there_a_value_or_not(self):
        state = a_partition(stubs=False)
        sealed = run_one(state, records(1), lambda state, given: state.stage([an_entry()]))
        assert out(sealed) == [(1, 0, "processing_error", "AgentMistakeError")]
        run_one(state, records(2), self.claim)
        assert out(run_one(state, records(3))) == [(3, 0, "processing_error", "AgentMistakeError")]

    def test_a_value_that_comes_before_they_are_out_takes_them_over(self):
        state = a_partition(stubs=False)
        first = run_one(state, records(1), self.mention)
        claimed = run_one(state, records(7, topic="talk"), self.claim)
        later = run_one(state, records(2), self.mention)
        assert [(e.topic_id, e.offset) for e in value_of(claimed).outbox] == [(PAY, 1)]
        replayed = run_one(restarted([first, claimed, later]), records(1, 2))
        assert out(replayed) == [(1, 0, "mood", "mood"), (2, 0, "mood", "mood")]

    def test_a_value_that_comes_later_does_not(self):
        state = a_partition(stubs=False)
        state.acknowledge(run_one(state, records(1), self.mention))
        claimed = run_one(state, records(7, topic="talk"), self.claim)
        assert value_of(claimed).outbox == ()

    def test_nor_does_it_take_those_of_an_abandoned_batch(self):
        state = a_partition(stubs=False)
        batch = Batch(state, records(1, 2), 1, decode)
        self.mention(state, batch.advance())
        batch.advance()
        batch.abandon()
        claimed = run_one(state, records(7, topic="talk"), self.claim)
        assert value_of(claimed).outbox == ()


class TestNotes:
    """What a meter hears: each finished record once, whatever it took to finish it."""

    def told(self, batch, agent=remember, limits=OutboxLimits()):  # noqa: B008 - a frozen value
        told = []

        def noting(state, given):
            state.note(lambda: told.append(given.event.name))
            agent(state, given)

        run(a_partition(limits=limits), batch, noting)
        return told

    def test_a_finished_record_is_told_with_or_without_a_value(self):
        assert self.told(records(1, 2)) == ["e1", "e2"]
        assert self.told(records(1, 2), nothing) == ["e1", "e2"]

    def test_a_record_taken_twice_is_told_once(self):
        failed = []

        def once(state, given):
            if not failed:
                failed.append(given)
                raise ZeroDivisionError

        assert self.told(records(1), once) == ["e1"]
        assert self.told(records(1, 2), limits=OutboxLimits(seal_above=10_000, most=150)) == ["e1", "e2"]

    def test_a_dead_lettered_record_is_not_told(self):
        def too_many(state, given):
            remember(state, given)
            state.stage([an_entry()] * 9)

        def fail(state, given):
            raise ZeroDivisionError

        assert self.told(records(1), fail) == []
        assert self.told(records(1), too_many, OutboxLimits(seal_above=10_000, most=250)) == []


class TestReject:
    def test_the_old_value_stays_with_its_guard_moved_and_the_reason_in_its_outbox(self):
        state = a_partition()
        run_one(state, records(1))

        def fail(state, given):
            remember(state, given)
            raise ZeroDivisionError("the payload")

        sealed = run_one(state, records(2), fail)
        assert sealed.counts.rejected == 1
        assert out(sealed) == [(2, 0, "processing_error", "ZeroDivisionError")]
        assert body_of(sealed)["seen"] == ["e1"]
        assert value_of(sealed).guard == {PAY: 2}

    def test_a_replay_sends_the_letter_again_though_the_agent_could_now_take_the_event(self):
        def fail(state, given):
            raise ZeroDivisionError

        sealed = run_one(a_partition(), records(2), fail)
        assert value_of(sealed).body is None
        again = run_one(restarted([sealed]), records(2, 3))
        assert out(again) == [(2, 0, "processing_error", "ZeroDivisionError"), (3, 0, "alerts", "e3")]
        assert body_of(again)["seen"] == ["e3"]


class TestRepeatsOfOurOwnOutputs:
    def test_an_output_that_comes_twice_is_folded_once_and_moves_the_guard(self):
        origin = Origin(PAY, 1, b"bob", 40, 2)
        state = a_partition()
        run_one(state, [a_record(1, topic="ours", origin=origin)])
        sealed = run_one(state, [a_record(2, topic="ours", origin=origin)])
        assert (sealed.counts.repeated, sealed.counts.folded, out(sealed)) == (1, 0, [])
        assert value_of(sealed).guard == {OURS: 2}

    def test_the_next_ordinal_of_the_same_record_is_news(self):
        state = a_partition()
        first, second = Origin(PAY, 1, b"bob", 40, 2), Origin(PAY, 1, b"bob", 40, 3)
        sealed = run_one(state, [a_record(1, topic="ours", origin=first), a_record(2, topic="ours", origin=second)])
        assert sealed.counts.folded == 2

    def test_where_state_decides_each_source_key_counts_for_itself(self):
        ahead, behind = Origin(PAY, 1, b"bob", 40, 0), Origin(PAY, 1, b"eve", 39, 0)
        by_key = [a_record(1, topic="ours", origin=ahead), a_record(2, topic="ours", origin=behind)]
        by_partition = [a_record(1, topic="theirs", origin=ahead), a_record(2, topic="theirs", origin=behind)]
        assert run_one(a_partition(), by_key).counts.folded == 2
        assert run_one(a_partition(), by_partition).counts.folded == 1

    def test_source_keys_are_bounded_and_the_one_heard_longest_ago_leaves(self):
        origins = [Origin(PAY, 0, b"%d" % n, 5, 0) for n in range(stored.MAX_KEYS + 1)]
        many = [a_record(n, topic="ours", origin=origin) for n, origin in enumerate(origins)]
        seen = value_of(run_one(a_partition(), many)).seen
        assert len(seen) == stored.MAX_KEYS
        assert (PAY, b"0") not in seen

    def test_of_a_long_source_key_a_digest_is_remembered_and_tells_its_repeats(self):
        first, other = Origin(PAY, 1, b"k" * 769, 40, 0), Origin(PAY, 1, b"k" * 770, 40, 0)
        sealed = run_one(
            a_partition(), [a_record(n, topic="ours", origin=origin) for n, origin in enumerate([first, other, first])]
        )
        assert (sealed.counts.folded, sealed.counts.repeated) == (2, 1)
        assert all(len(key) == 32 for _, key in value_of(sealed).seen)

    def test_no_source_partition_is_forgotten_while_its_topic_has_it(self):
        origins = [Origin(PAY, number, b"bob", 5, 0) for number in range(stored.MAX_PARTITIONS)]
        many = [a_record(n, topic="theirs", origin=origin) for n, origin in enumerate([*origins, *origins])]
        counts = run_one(a_partition(), many, lambda state, given: state.put("people", b"ann", {"due": None})).counts
        assert (counts.folded, counts.repeated) == (stored.MAX_PARTITIONS, stored.MAX_PARTITIONS)

    def test_a_rejected_output_is_remembered_too(self):
        def fail(state, given):
            raise ZeroDivisionError

        origin = Origin(PAY, 1, b"bob", 40, 0)
        state = a_partition()
        run_one(state, [a_record(1, topic="ours", origin=origin)], fail)
        assert run_one(state, [a_record(2, topic="ours", origin=origin)]).counts.repeated == 1

    def test_an_output_without_origin_is_folded(self):
        assert run_one(a_partition(), [a_record(1, topic="ours")]).counts.folded == 1


class TestKeys:
    @pytest.mark.parametrize(("table", "key"), [("people", b"bob"), ("others", b"ann")])
    def test_another_key_or_table_is_a_mistake(self, table, key):
        state = a_partition()
        Batch(state, records(1), 1, decode).advance()
        with pytest.raises(AgentMistakeError):
            state.get(table, key)
        with pytest.raises(AgentMistakeError):
            state.put(table, key, 1)

    def test_outside_a_record_nothing_is_read_written_staged_or_finished(self):
        state = a_partition()
        for use in (
            lambda: state.get("people", b"ann"),
            lambda: state.put("people", b"ann", 1),
            lambda: state.stage([]),
            lambda: state.note(print),
            state.finish,
        ):
            with pytest.raises(EngineUseError):
                use()

    def test_one_batch_at_a_time_over_all_topics(self):
        state = a_partition()
        Batch(state, records(1), 1, decode).advance()
        assert state.busy
        with pytest.raises(EngineUseError, match="under way"):
            Batch(state, records(1, topic="talk"), 1, decode).advance()


class TestValues:
    def test_a_key_is_encoded_once_per_batch(self):
        sealed = run_one(a_partition(), records(1, 2, 3))
        assert list(written(sealed)) == [b"ann"]
        assert body_of(sealed)["seen"] == ["e1", "e2", "e3"]

    def test_the_agent_reads_what_it_has_put(self):
        def put_then_read(state, given):
            state.put("people", b"ann", {"seen": ["mine"], "due": None})
            assert state.get("people", b"ann")["seen"] == ["mine"]

        assert run_one(a_partition(), records(1), put_then_read).counts.folded == 1

    def test_values_are_read_from_the_store_once_they_have_left_the_cache(self):
        store = {}
        state = a_partition(store, cache_size=1)
        for offset, key in enumerate(("ann", "bob", "cid", "ann")):
            sealed = run_one(state, records(offset, key=key))
            save(store, [sealed])
            state.acknowledge(sealed)
        assert body_of(sealed)["seen"] == ["e0", "e3"]

    def test_a_sealed_value_is_read_though_the_store_does_not_have_it_yet(self):
        state = a_partition(cache_size=1)
        run_one(state, [a_record(1), a_record(2, "bob"), a_record(3, "cid")])
        assert body_of(run_one(state, records(4)))["seen"] == ["e1", "e4"]

    def test_a_value_replaced_meanwhile_stays_the_newer_one(self):
        store = {}
        state = a_partition(store)
        first, second = run_one(state, records(1)), run_one(state, records(2))
        save(store, [first])
        state.acknowledge(first)
        assert body_of(run_one(state, records(3)))["seen"] == ["e1", "e2", "e3"]
        assert second.end_offset == 3

    def test_the_index_learns_the_old_and_the_new_due_time(self):
        state = a_partition()
        writes = [written(run_one(state, records(n), due_at(ms)))[b"ann"] for n, ms in enumerate((50, 70, None))]
        assert [(write.was_due_ms, write.next_due_ms) for write in writes] == [(None, 50), (50, 70), (70, None)]


class TestHighestTime:
    def highest(self, *batches):
        state = a_partition()
        for batch in batches:
            sealed = run_one(state, batch)
        return value_of(sealed).highest_ms, written(sealed)[b"ann"].highest_ms

    def test_a_value_keeps_the_highest_time_of_its_events(self):
        assert self.highest([a_record(1, text="a@70"), a_record(2, text="b@50")]) == (70, 70)
        assert self.highest([a_record(1, text="a@70")], [a_record(2, text="b@50")]) == (70, 70)

    def test_topics_that_do_not_move_the_clock_leave_it_as_it_was(self):
        master_data = [a_record(1, topic="talk", text="wall clock@9000")]
        assert self.highest(master_data) == (None, None)
        assert self.highest([a_record(1, text="a@70")], master_data) == (70, 70)

    def test_an_event_that_the_agent_cannot_take_counts_as_it_does_for_the_batch(self):
        def fail(state, given):
            raise ZeroDivisionError

        sealed = run_one(a_partition(), [a_record(1, text="a@70")], fail)
        assert value_of(sealed).highest_ms == sealed.highest_ms == 70

    def test_a_new_owner_finds_it_in_the_value_and_keeps_it(self):
        first = run_one(a_partition(), [a_record(1, text="a@70")])
        assert value_of(run_one(restarted([first]), [a_record(2, topic="talk", text="b@90")])).highest_ms == 70


def due_at(ms):
    return lambda state, given: state.put("people", b"ann", {"seen": [], "due": ms})


class TestDueWorkThatRaises:
    """The index by due time must move on: what comes first in it holds up whatever waits for all earlier work."""

    WAKE = a_record(1, topic="talk", text="until 60")

    def raising(self, state, given):
        raise ZeroDivisionError

    def put_off(self, *batches):
        """The write of ann, whose work is due at 50, after a timer that could not be taken and these batches."""
        state = a_partition()
        written(run_one(state, records(1), due_at(50)))
        sealed = run_one(state, [self.WAKE], self.raising)
        for batch, agent in batches:
            sealed = run_one(state, batch, agent)
        return written(sealed)[b"ann"]

    def test_it_is_put_off_by_a_day_and_its_timer_is_dead_lettered(self):
        write = self.put_off()
        assert (write.was_due_ms, write.next_due_ms) == (50, 60 + PUT_OFF_MS)
        assert stored.decode(write.value).outbox[-1].effect.name == "processing_error"
        assert PEOPLE.decode(stored.decode(write.value).body)["due"] == 50, "the value itself is as it was"

    def test_a_record_that_changes_nothing_does_not_bring_it_forward(self):
        assert self.put_off((records(2), nothing)).next_due_ms == 60 + PUT_OFF_MS

    def test_a_record_that_changes_the_value_does(self):
        assert self.put_off((records(2), due_at(70))).next_due_ms == 70

    def test_a_new_owner_knows_that_it_was_put_off(self):
        state = a_partition({b"ann": self.put_off().value})
        write = written(run_one(state, records(2), nothing))[b"ann"]
        assert (write.was_due_ms, write.next_due_ms) == (60 + PUT_OFF_MS, 60 + PUT_OFF_MS)
        assert written(run_one(state, records(3), due_at(70)))[b"ann"].next_due_ms == 70

    def test_an_ordinary_event_that_is_refused_puts_nothing_off(self):
        state = a_partition()
        run_one(state, records(1), due_at(50))
        assert written(run_one(state, records(2), self.raising))[b"ann"].next_due_ms == 50


class TestDelete:
    def delete(self, state, given):
        state.delete("people", b"ann")

    def test_a_deleted_value_leaves_a_tombstone(self):
        state = a_partition()
        state.acknowledge(run_one(state, records(1)))
        assert written(run_one(state, records(2), self.delete))[b"ann"].value is None
        assert body_of(run_one(state, records(3)))["seen"] == ["e3"]

    def test_undelivered_effects_keep_it_as_a_stub(self):
        state = a_partition()
        run_one(state, records(1))
        stub = value_of(run_one(state, records(2), self.delete))
        assert (stub.body, [e.offset for e in stub.outbox], stub.guard) == (None, [1], {PAY: 2})

    def test_a_value_put_after_a_deletion_in_one_batch_stands(self):
        state = a_partition()
        state.acknowledge(run_one(state, records(1)))

        def delete_first(state, given):
            (self.delete if given.event.name == "e2" else remember)(state, given)

        assert body_of(run_one(state, records(2, 3), delete_first))["seen"] == ["e3"]


class TestAbandon:
    def test_nothing_of_an_abandoned_batch_remains(self):
        state = a_partition()
        run_one(state, records(1))
        batch = Batch(state, [a_record(2), a_record(3, "bob"), a_record(4)], 1, decode)
        for _ in range(3):
            remember(state, batch.advance())
        batch.abandon()
        assert batch.done
        assert not state.busy
        sealed = run_one(state, records(9, topic="talk"))
        assert (list(written(sealed)), out(sealed)) == ([b"ann"], [(9, 0, "alerts", "e9")])
        assert body_of(sealed)["seen"] == ["e1", "e9"]

    def test_what_a_checkpoint_delivered_meanwhile_is_kept(self):
        store = {}
        state = a_partition(store)
        first = run_one(state, records(1))
        batch = Batch(state, records(2, 3), 1, decode)
        remember(state, batch.advance())
        batch.advance()
        save(store, [first])
        state.acknowledge(first)
        batch.abandon()
        assert body_of(run_one(state, records(2)))["seen"] == ["e1", "e2"]

    def test_begin_tells_news_from_what_was_folded(self):
        state = a_partition()
        run_one(state, records(1))
        state.open(PAY)
        assert state.begin(a_record(1)) is Begun.SKIPPED
        assert state.begin(a_record(2)) is Begun.FOLD
