"""The engine of one worker: what it takes over at an assignment, and what a stop waits for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from faust.assignor.client_assignment import ClientAssignment
from faust.types import TP

from schemas.actions import Effect
from stream_app.engine import stored
from stream_app.engine.app import EngineApp
from stream_app.engine.assignment import assignment_of
from stream_app.engine.batch import Batch
from stream_app.engine.checkpoint import plan
from stream_app.engine.clock import Siblings, Told
from stream_app.engine.clocks import TimerRule
from stream_app.engine.effects import Entry
from stream_app.engine.engine import Engine, Work
from stream_app.engine.epochs import headers_of
from stream_app.engine.fetched import EngineBatch
from stream_app.engine.ports import Write
from stream_app.engine.records import Record
from stream_app.engine.topic_ids import TopicInfo
from tests.turns import waits
from tests.unit.engine_seams.test_app import TextCodec, the_settings

TOPIC = "bank.transactions"
TOPIC_ID = "11111111-1111-1111-1111-111111111111"
TOPICS = {TOPIC: TopicInfo(TOPIC, TOPIC_ID, 3)}
ONE, TWO = TP(TOPIC, 1), TP(TOPIC, 2)


def an_assignment(committed: int | None = None, first: int = 0):
    return assignment_of(TOPICS, {ONE: committed, TWO: 40}, {ONE: first, TWO: 30}, {ONE: 50, TWO: 50})


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[EngineApp]:
    """An app with one topic and table, which owns the partition numbers 1 and 2."""
    app = EngineApp(replace(the_settings(tmp_path), cached_values=7), {})
    app.state_table("profiles", TextCodec())
    app.event_topic(TOPIC, decode=lambda record: record.value, table="profiles")
    app.finalize()
    app._create_directories()
    store = app.engine.tables["profiles"].store
    changelog = app.engine.tables["profiles"].changelog_topic.get_topic_name()
    assigned = {TP(changelog, number) for number in (1, 2)}
    await store.on_rebalance(assigned, set(), assigned)
    yield app
    await store.on_stop()


@pytest.fixture
def engine(app: EngineApp) -> Engine:
    return app.engine


async def test_the_values_of_a_partition_number_that_moved_away_count_no_longer(app: EngineApp):
    store = app.engine.tables["profiles"].store
    value = stored.encode(stored.Stored({}, {}, None, None, (), b"x"))
    store.partition(1).write({b"C1": Write(value, None, None, None)}, 0)
    store.partition(2).write({key: Write(value, None, None, None) for key in (b"C2", b"C3")}, 0)
    assert store.value_count == 3
    changelog = TP(app.engine.tables["profiles"].changelog_topic.get_topic_name(), 2)
    await store.on_rebalance(set(), {changelog}, set())
    assert store.value_count == 1
    await store.on_rebalance({changelog}, set(), {changelog})
    assert store.value_count == 3


async def test_a_standby_is_neither_counted_nor_read_until_its_turn_comes(app: EngineApp):
    table = app.engine.tables["profiles"]
    changelog, store = table.changelog_topic.get_topic_name(), table.store
    two = TP(changelog, 2)
    app.assignor._assignment = ClientAssignment(actives={changelog: [1]}, standbys={changelog: [2]})
    await store.on_rebalance({TP(changelog, 1), two}, set(), set())
    store.apply_changelog_batch([a_changelog_batch(two, [(b"C2", "old", 5), (b"C2", "new", 6)])], str, str)
    assert (store.owned, store.standby, store.value_count) == ({1}, {2}, 0)
    assert table.committed("C2") is None
    assert store.persisted_offset(two) == 1

    app.assignor._assignment = ClientAssignment(actives={changelog: [1, 2]}, standbys={})
    await store.on_rebalance({TP(changelog, 1), two}, set(), set())
    assert (store.owned, store.standby, store.value_count) == ({1, 2}, frozenset(), 1)
    assert table.committed("C2") == "new"
    assert store.persisted_offset(two) == 1, "it goes on where it is"


async def test_restored_records_are_let_go_of_though_faust_keeps_the_last_batch(app: EngineApp):
    table = app.engine.tables["profiles"]
    changelog = table.changelog_topic.get_topic_name()
    ours, gone = (a_changelog_batch(TP(changelog, number), [(b"C1", "x", 5)]) for number in (1, 0))
    table.store.apply_changelog_batch([ours, gone], str, str)
    assert table.store.records_restored == 1
    assert [batch.message.value for batch in (ours, gone)] == [[], []]


async def test_changelog_batches_of_another_table_or_of_a_partition_that_has_gone_are_dropped(app: EngineApp):
    table = app.engine.tables["profiles"]
    changelog, store = table.changelog_topic.get_topic_name(), table.store
    gone, foreign = TP(changelog, 0), TP("app-links-changelog", 1)
    store.apply_changelog_batch([a_changelog_batch(tp, [(b"C1", "x", 5)]) for tp in (gone, foreign)], str, str)
    assert (store.value_count, store.records_restored) == (0, 0)


def a_changelog_batch(tp: TP, records: Sequence[tuple[bytes, str, int]]) -> SimpleNamespace:
    """What the fetch loop hands to recovery: one event for a batch of (key, body, epoch), offsets from 0."""
    value = [
        SimpleNamespace(key=key, value=a_value(body), offset=offset, headers=headers_of(epoch))
        for offset, (key, body, epoch) in enumerate(records)
    ]
    return SimpleNamespace(message=SimpleNamespace(topic=tp.topic, partition=tp.partition, value=value))


def a_value(body: str) -> bytes:
    return stored.encode(stored.Stored({}, {}, None, None, (), body.encode()))


class TestAssignment:
    def test_reading_starts_at_the_committed_offset_or_where_the_log_begins(self):
        assert an_assignment(committed=20, first=5).start == {ONE: 20, TWO: 40}
        assert an_assignment(committed=None, first=5).start[ONE] == 5

    def test_what_was_deleted_before_it_was_read_is_lost(self):
        assert an_assignment(committed=20, first=25).lost == {ONE: 5}
        assert an_assignment(committed=None, first=25).lost == {}, "a new group has not missed what it never awaited"


class TestTakeOver:
    async def test_lost_records_are_counted_and_told(self, engine: Engine, caplog: pytest.LogCaptureFixture):
        engine.take_over(an_assignment(committed=20, first=25))
        assert engine.records_lost == {TOPIC: 5}
        (told,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert told.getMessage().startswith("bank.transactions-1: 5 records were deleted")

    async def test_only_what_lies_below_the_committed_offset_counts_as_delivered(self, engine: Engine):
        held = Entry(TOPIC_ID, 1, 22, 0, Effect("stream", "alerts", "", b"{}"))
        value = stored.encode(stored.Stored({TOPIC_ID: 22}, {}, None, None, (held,), b"x"))
        engine.tables["profiles"].store.partition(1).write({b"C1": Write(value, None, None, None)}, 0)
        engine.take_over(an_assignment(committed=20, first=25))
        _, state = engine.source(ONE)
        batch = Batch(state, [Record(TOPIC, TOPIC_ID, 1, 25, b"C1", b"new")], 1, lambda record: record.value)
        batch.advance()
        state.put("profiles", b"C1", "new")
        sealed = batch.advance()
        assert stored.decode(plan([sealed]).writes["profiles", 1][b"C1"].value).outbox == (held,)

    async def test_the_partition_numbers_share_one_cache_budget(self, engine: Engine):
        engine.take_over(an_assignment())
        assert [engine.source(tp)[1].tables["profiles"].cache_size for tp in (ONE, TWO)] == [3, 3]

    async def test_a_clock_goes_on_where_reading_does_and_begins_anew_where_another_has_moved_it(self, engine: Engine):
        topic = engine.registry.get(TOPIC)
        assert topic is not None
        topic.rule = replace(topic.rule, moves_clock=True)
        engine.add_timers(TimerRule("profiles", "timers", lambda key, until_ms: b"", 10))
        siblings, read = Siblings(1), {TOPIC: False}
        siblings.hear(0, Told(7_000, idle=False))
        engine.take_over(an_assignment(committed=20))
        engine.clocks.follow(siblings, idle_seconds=0.0)
        assert [engine.clocks.now_ms("profiles", number, read) for number in (1, 2)] == [7_000, 7_000]
        engine.clocks.follow(Siblings(3), idle_seconds=0.0)
        engine.release()
        engine.take_over(an_assignment(committed=25))
        assert [engine.clocks.now_ms("profiles", number, read) for number in (1, 2)] == [None, 7_000]


class Heard(list[str]):
    """A meter that keeps what it hears."""

    observe = list.append


async def test_a_meter_hears_of_a_record_when_it_is_finished(app: EngineApp):
    heard = Heard()
    meter = app.meter_port(heard)
    app.engine.take_over(an_assignment())
    topic, state = app.engine.source(ONE)
    batch = EngineBatch(topic, state, [Record(TOPIC, TOPIC_ID, 1, 0, b"C1", b"x")], 1)
    app.engine.begin(Work(batch))
    batch.advance()
    meter.observe("applied")
    assert heard == []
    batch.advance()
    assert heard == ["applied"]


async def test_a_stop_waits_for_the_batch_that_an_agent_has_begun(engine: Engine):
    engine.take_over(an_assignment())
    topic, state = engine.source(ONE)
    batch = EngineBatch(topic, state, [Record(TOPIC, TOPIC_ID, 1, 0, b"C1", b"x")], 1)
    fetching = asyncio.create_task(engine.hand_over(batch))
    engine.begin(await topic.mailbox.take())
    fetching.cancel()
    await asyncio.wait({fetching})
    stopping = asyncio.create_task(engine.wait_quiet())
    assert await waits(stopping)
    engine.end()
    await stopping
