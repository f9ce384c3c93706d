"""The open loop: messages are due by schedule whatever came before, lateness is counted, and a slipped run is void."""

import pytest

from stream_app.bench import messages
from stream_app.bench.generator import SHORTEST_SLEEP_NS, send
from stream_app.bench.latency import Latency
from stream_app.bench.messages import Message
from stream_app.bench.schedule import Schedule, judge

MS = 1_000_000


class Time:
    """A clock that only sleeping and sending move."""

    def __init__(self):
        self.ns = 0

    def clock(self):
        return self.ns

    def sleep(self, seconds):
        self.ns += round(seconds * 1e9)


def messages_of(count):
    return [Message("events", b"k", b"%d" % number) for number in range(count)]


def sent_by(schedule, count, takes_ns=lambda _number: 0):
    time, sent = Time(), []

    def produce(message, due_ns):
        sent.append((time.ns, due_ns))
        time.ns += takes_ns(len(sent) - 1)

    first_ns, last_ns, slips = send(schedule, messages_of(count), produce, time.clock, time.sleep)
    return sent, judge(schedule, first_ns, last_ns, slips, failed=0)


def test_messages_go_out_when_they_are_due():
    sent, told = sent_by(Schedule(5 * MS, 1_000), 4)

    assert sent == [(due, due) for due in (5 * MS, 6 * MS, 7 * MS, 8 * MS)]
    assert told.void is None
    assert told.achieved == pytest.approx(1_000)


def test_at_a_high_rate_it_wakes_for_a_handful_at_a_time_never_early_and_hardly_late():
    sent, told = sent_by(Schedule(0, 10_000), 1_000)

    assert all(0 <= at_ns - due_ns <= SHORTEST_SLEEP_NS for at_ns, due_ns in sent)
    assert len({at_ns for at_ns, _ in sent}) < 500
    assert told.void is None


def test_a_pause_delays_what_follows_but_not_when_it_was_due():
    sent, told = sent_by(Schedule(0, 1_000), 2_000, lambda number: 500 * MS if number == 3 else 0)

    assert [due for _, due in sent] == [number * MS for number in range(2_000)]
    assert sent[4] == (503 * MS, 4 * MS)
    assert sent[-1] == (1_999 * MS, 1_999 * MS)
    assert "slipped" in told.void


def test_a_sender_that_is_too_slow_voids_the_run():
    _, told = sent_by(Schedule(0, 1_000), 1_000, lambda _number: 2 * MS)

    assert told.void == "the generator reached 500 of 1000 a second"


def test_what_the_broker_did_not_acknowledge_voids_the_run():
    assert "3 messages" in judge(Schedule(0, 10), 0, MS, Latency([0]), failed=3).void


def test_a_broker_that_is_the_limit_voids_the_run():
    queued = Latency([200 * MS])

    assert "the limit" in judge(Schedule(0, 2), 0, 500 * MS, Latency([0, 0]), failed=0, queued=queued).void


def test_without_a_rate_all_is_due_at_once_and_nothing_is_void():
    sent, told = sent_by(Schedule(0, 0), 50, lambda _number: MS)

    assert [due for _, due in sent] == [0] * 50
    assert told.void is None


def test_a_slice_of_the_file_holds_the_messages_as_they_were_written(tmp_path):
    written = [Message("t", None, b"v", (("h", b"1"),)), *messages_of(9)]

    assert messages.write(tmp_path / "m", written) == 10
    assert [*messages.read(tmp_path / "m")] == written
    assert [*messages.read(tmp_path / "m", first=3, count=4)] == written[3:7]
