"""Mailbox, hole check, error rate, crash points, registry, pins: each alone."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from stream_app.engine import pins
from stream_app.engine.backoff import Backoff
from stream_app.engine.crash_points import CrashPoints
from stream_app.engine.effects import BadInput
from stream_app.engine.engine import Engine, Work
from stream_app.engine.fetched import Hole, after_expected, in_order
from stream_app.engine.mailbox import Mailbox
from stream_app.engine.partition import PartitionState
from stream_app.engine.quality import ErrorRate
from stream_app.engine.records import Record
from stream_app.engine.rules import EngineUseError, TopicRule
from stream_app.engine.topics import Registry
from tests.turns import waits
from tests.unit.engine.engine_builders import TOPIC_IDS, a_partition, decode, remember


def fetched(*offsets: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(offset=offset) for offset in offsets]


def test_records_read_before_are_dropped_from_a_fetch():
    records, hole = after_expected(fetched(3, 4, 5), 5, None)
    assert ([r.offset for r in records], hole) == ([5], None)


def test_a_hole_is_looked_at_again_and_believed_when_it_is_still_there():
    records, hole = after_expected(fetched(9, 10), 5, None)
    assert (list(records), hole) == ([], Hole(5, 9))
    records, hole = after_expected(fetched(9, 10), 5, Hole(5, 9))
    assert ([r.offset for r in records], hole) == ([9, 10], None)


def test_a_stale_fetch_that_starts_elsewhere_is_another_hole():
    assert after_expected(fetched(12), 5, Hole(5, 9))[1] == Hole(5, 12)


class Desk:
    """A workplace of one partition number whose two topics, pay and talk, are of one table."""

    batch_records = 2

    def __init__(self) -> None:
        self.state = a_partition()

    def source(self, tp: TP) -> tuple[SimpleNamespace, PartitionState]:
        return SimpleNamespace(topic_id=TOPIC_IDS[tp.topic], decode=decode), self.state


def polled(topic: str, *offsets: int) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(topic=topic, partition=0, offset=n, key=b"ann", value=b"e@%d" % n, headers=(), timestamp=0)
        for n in offsets
    ]


def batches(**topics: list[SimpleNamespace]) -> list[tuple[str, int]]:
    """Topic and length of each batch, in their order."""
    fetched = {TP(topic, 0): records for topic, records in topics.items()}
    return [(tp.topic, len(batch)) for tp, batch in in_order(fetched, 1, Desk())]


def test_topics_of_one_table_take_turns_in_short_batches_the_oldest_event_first():
    found = batches(pay=polled("pay", 1, 2, 6, 7), talk=polled("talk", 3, 4, 5))
    assert found == [("pay", 2), ("talk", 2), ("talk", 1), ("pay", 2)]


async def test_a_rebalance_waits_for_the_record_under_way_and_not_for_the_rest_of_its_batch():
    _, batch = next(in_order({TP("pay", 0): polled("pay", 1, 2)}, 1, Desk()))
    nobody: Any = None  # neither ports nor fence are asked
    engine = Engine(
        registry=Registry(),
        ports=nobody,
        fence=nobody,
        crash_point=CrashPoints({}),
        batch_records=2,
        in_flight_records=20,
    )
    engine.begin(Work(batch))
    remember(batch.state, batch.advance())
    engine.withdraw()
    assert (batch.advance().end_offset, batch.done) == (2, True)


async def test_a_batch_that_nobody_took_can_be_withdrawn_and_one_taken_cannot():
    mailbox: Mailbox[str] = Mailbox()
    mailbox.put("first")
    assert mailbox.withdraw() == "first"
    waiting = asyncio.create_task(mailbox.take())
    assert await waits(waiting)
    mailbox.put("second")
    assert await waiting == "second"
    assert mailbox.withdraw() is None


async def test_what_is_withdrawn_between_arrival_and_waking_is_not_taken():
    mailbox: Mailbox[str] = Mailbox()
    waiting = asyncio.create_task(mailbox.take())
    assert await waits(waiting)
    mailbox.put("gone")
    mailbox.withdraw()
    assert await waits(waiting)
    mailbox.put("here")
    assert await waiting == "here"


def test_twenty_errors_are_bad_luck_and_twenty_one_over_five_customers_a_bad_deployment():
    rate = ErrorRate()
    rate.add(20, [b"C%d" % (n % 5) for n in range(20)])
    assert rate.verdict is None
    rate.add(1, [b"C0"])
    assert rate.verdict is not None


def test_one_customer_alone_never_stops_the_deployment():
    rate = ErrorRate()
    rate.add(500, [b"C%d" % (n % 4) for n in range(500)])
    assert rate.verdict is None


def test_errors_are_forgotten_after_a_thousand_events():
    rate = ErrorRate()
    rate.add(20, [b"C%d" % n for n in range(20)])
    rate.add(1_000, [])
    rate.add(1, [b"C99"])
    assert rate.verdict is None


def test_crash_points_do_nothing_unless_asked_and_refuse_a_name_that_is_none():
    CrashPoints({})("after_effects")
    CrashPoints({"RAPPORT_CRASH_AT": "after_store:2"})("after_effects")
    with pytest.raises(ValueError, match="is none of"):
        CrashPoints({"RAPPORT_CRASH_AT": "after_lunch:1"})


def test_waits_double_up_to_their_limit_and_never_pass_it():
    backoff = Backoff(first=0.1, limit=1.0)
    assert 0.05 <= backoff.wait(0) <= 0.1
    assert all(backoff.wait(attempt) <= 1.0 for attempt in range(100))


def a_registry() -> Registry:
    registry = Registry()
    registry.add("events", lambda record: 1 // 0, TopicRule("table"))
    return registry


def test_a_topic_has_one_agent_with_concurrency_one():
    registry = a_registry()
    with pytest.raises(EngineUseError, match="no agent"):
        registry.check_agents()
    with pytest.raises(EngineUseError, match="concurrency 1"):
        registry.claim("events", "a", 2)
    registry.claim("events", "a", 1)
    registry.check_agents()
    with pytest.raises(EngineUseError, match="already has the agent a"):
        registry.claim("events", "b", 1)
    with pytest.raises(EngineUseError, match="twice"):
        registry.add("events", lambda record: None, TopicRule("table"))


def test_a_decoder_that_raises_makes_a_dead_letter_and_quotes_nothing():
    topic = a_registry().get("events")
    assert topic is not None
    answer = topic.decode(Record("events", "id", 0, 0, b"k", b"secret"))
    assert answer == BadInput("processing_error", "decoder: ZeroDivisionError")


def test_the_installed_packages_are_the_ones_that_the_engine_was_proven_with():
    assert pins.mismatches() == []


def test_another_version_or_source_is_refused_by_name(monkeypatch: pytest.MonkeyPatch):
    path = "faust.transport.consumer:Consumer._new_offset"
    monkeypatch.setitem(pins.SOURCES, path, "0" * 16)
    monkeypatch.setitem(pins.VERSIONS, "aiokafka", "0.0")
    with pytest.raises(pins.PinMismatch) as refused:
        pins.check_pins()
    assert path in str(refused.value)
    assert "aiokafka: installed" in str(refused.value)
