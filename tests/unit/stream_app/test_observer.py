"""What the meter of a topic knows about records under way: their time stamps until they are done, and who was late."""

from types import SimpleNamespace

import pytest

from stream_app.engine.records import Record
from stream_app.metrics import Metrics
from stream_app.observer import TopicMeter
from stream_app.queue_watch import stream_names
from tests.policies import default_policy

CLOCK_MS = 5_000


def a_record(offset, partition=0, timestamp_ms=0):
    return Record("bank.transactions", "uuid", partition, offset, b"C1", b"{}", timestamp_ms=timestamp_ms)


@pytest.fixture
def meter():
    return TopicMeter("transactions")


@pytest.fixture
def read(meter):
    """Decode a record as an event of the time that its value of `timestamp_ms` says, beside a clock at 5 s."""
    return meter.reading(lambda record: SimpleNamespace(occurred_ms=record.timestamp_ms), lambda _number: CLOCK_MS)


def test_a_record_is_done_once_its_partition_is_done_beyond_it(meter, read):
    for offset in range(5):
        read(a_record(offset, timestamp_ms=10 * offset))
    read(a_record(0, partition=1, timestamp_ms=99))
    assert list(meter.done(0, 3)) == [0, 10, 20]
    assert list(meter.done(0, 3)) == []
    assert list(meter.done(0, 5)) == [30, 40]
    assert list(meter.done(1, 1)) == [99]


def test_a_record_that_is_read_again_counts_once(meter, read):
    for offset in (0, 1, 1, 0, 1, 2):
        read(a_record(offset))
    assert len(list(meter.done(0, 9))) == 3


def test_an_event_older_than_the_clock_is_late(meter, read):
    for offset, at_ms in enumerate((CLOCK_MS - 1, CLOCK_MS, CLOCK_MS + 1)):
        read(a_record(offset, timestamp_ms=at_ms))
    metrics = Metrics()
    meter.flush(metrics)
    meter.flush(metrics)
    assert metrics.value("crm_late_events_total", topic="transactions") == 1


def test_nobody_is_late_while_the_clock_stands_still_or_what_was_read_is_no_event(meter):
    meter.reading(lambda _record: object(), lambda _number: CLOCK_MS)(a_record(0))
    meter.reading(lambda _record: SimpleNamespace(occurred_ms=0), lambda _number: None)(a_record(1))
    meter.reading(lambda _record: SimpleNamespace(occurred_ms=0), None)(a_record(2))
    assert meter.late == 0


def test_the_streams_that_are_watched_are_those_of_the_contract():
    names = set(stream_names(default_policy(), "crm"))
    assert {
        *("crm:alerts:fraud:p1", "crm:alerts:relationship:p3", "crm:offers:mobile", "crm:arrivals:B001"),
        *("crm:arrivals:other", "crm:dead:alerts:fraud:p1"),
    } <= names
    assert len(names) == 2 * (5 * 3 + 7 + 8 + 1)
