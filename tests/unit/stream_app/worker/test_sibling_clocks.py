"""What a worker tells the others of its clocks, and what it makes of what they tell."""

from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaConnectionError

from schemas.internal import ClockMark
from schemas.wire import encode
from stream_app.engine.clock import PartitionClock, Told
from stream_app.engine.clocks import Clocks, TimerRule
from stream_app.settings import Settings
from stream_app.worker.sibling_clocks import TABLE, SiblingClocks

LATENESS_MS = 10
SETTINGS = Settings.load(partitions=3, idle_seconds=5.0)


PAY = "bank.transactions"


class AWorker:
    """The engine as the clocks see it: it owns numbers 0 and 1, of which all is read up to offset 7."""

    def __init__(self):
        self.seconds = 0.0
        clocks = Clocks(lambda: self.seconds)
        clocks.add_rule(TimerRule(TABLE, "timers", lambda key, until_ms: b"", LATENESS_MS))
        self.engine = SimpleNamespace(clocks=clocks, fence=SimpleNamespace(holds=True, generation=4))
        self.lifecycle = self
        self.all_read = {PAY: False}
        self.unknown: set[int] = set()
        self.own()

    def own(self, *, start=7):
        """Take the numbers over, to be read from this offset on."""
        for number, highest_ms in ((0, 1_000), (1, None)):
            self.engine.clocks.begin(TABLE, number, {PAY: start}, highest_ms)

    def rebalance(self, *, start=7):
        self.engine.clocks.clear()
        assert self.engine.clocks.numbers == []
        self.engine.fence.generation += 1
        self.own(start=start)

    async def unread(self, table, number):
        if number in self.unknown:
            raise KafkaConnectionError
        return self.all_read

    def look(self, now):
        self.seconds = now
        for number in (0, 1):
            self.engine.clocks.look(TABLE, number, self.all_read)

    def clock_ms(self, number):
        return self.engine.clocks.now_ms(TABLE, number, self.all_read)


class Topic:
    """The topic of clocks."""

    def __init__(self):
        self.sent = []

    async def send_and_wait(self, topic, value, *, key, partition):
        self.sent.append((topic, key, partition, ClockMark.model_validate_json(value)))

    def told(self):
        """What was told since the last call: (number, clock, idle) each."""
        sent, self.sent = self.sent, []
        return [(mark.partition, mark.clock_ms, mark.idle) for *_, mark in sent]


class MovedOn:
    """A batch that was delivered for number 0, up to offset 8."""

    topic, partition, end_offset, highest_ms, kept = PAY, 0, 8, 2_000, {}


def heard(*values):
    return [SimpleNamespace(value=value, offset=offset) for offset, value in enumerate(values)]


@pytest.fixture
def worker():
    return AWorker()


async def test_each_number_is_told_under_its_own_key_once_and_again_when_it_changes(worker):
    clocks, topic = SiblingClocks(worker, SETTINGS), Topic()
    worker.look(0.0)
    await clocks.tell(topic)
    await clocks.tell(topic)
    assert topic.sent == [
        ("crm.clocks", b"0", 0, ClockMark(partition=0, clock_ms=990, idle=False)),
        ("crm.clocks", b"1", 0, ClockMark(partition=1, clock_ms=None, idle=False)),
    ]
    worker.look(5.0)
    await clocks.tell(topic)
    assert [mark.idle for *_, mark in topic.sent[2:]] == [True, True]


async def test_an_idle_number_follows_what_the_others_tell(worker):
    clocks = SiblingClocks(worker, SETTINGS)
    mark = ClockMark(partition=2, clock_ms=7_000, idle=False)
    clocks.hear(heard(b"not a clock", None, encode(mark), encode(ClockMark(partition=0, clock_ms=990, idle=True))))
    worker.look(0.0)
    assert worker.clock_ms(1) is None
    worker.look(5.0)
    assert worker.clock_ms(1) == 7_000
    assert worker.clock_ms(0) == 990, "number 1 was not heard of yet: it may be busy"
    worker.all_read = {"bank.transactions": True}
    assert worker.clock_ms(1) is None


def test_without_siblings_nobody_follows_and_an_unknown_number_has_no_clock(worker):
    worker.look(0.0)
    worker.look(99.0)
    assert (worker.clock_ms(0), worker.clock_ms(2)) == (990, None)
    assert worker.engine.clocks.told(TABLE, 2, worker.all_read) is None
    assert worker.engine.clocks.told(TABLE, 0, worker.all_read) == Told(990, idle=False)
    assert PartitionClock(["t"], None, LATENESS_MS).own_ms({"t": False}) is None


async def test_what_a_sleeper_says_late_of_a_number_that_is_ours_is_said_anew(worker):
    clocks, topic = SiblingClocks(worker, SETTINGS), Topic()
    await clocks.tell(topic)
    ours = topic.told()
    clocks.hear(heard(*(encode(ClockMark(partition=n, clock_ms=ms, idle=idle)) for n, ms, idle in ours)))
    await clocks.tell(topic)
    assert topic.told() == [], "our own words"
    clocks.hear(heard(encode(ClockMark(partition=1, clock_ms=400, idle=False))))
    await clocks.tell(topic)
    assert topic.told() == [(1, None, False)]


async def test_nothing_is_said_without_the_lease_nor_of_a_number_that_was_given_away_while_we_asked(worker):
    clocks, topic = SiblingClocks(worker, SETTINGS), Topic()
    worker.engine.fence.holds = False
    await clocks.tell(topic)
    worker.engine.fence.holds = True
    asked = worker.unread

    async def rebalanced(table, number):
        worker.rebalance()
        return await asked(table, number)

    worker.unread = rebalanced
    await clocks.tell(topic)
    assert topic.told() == []
    worker.unread = asked
    await clocks.tell(topic)
    assert [number for number, *_ in topic.told()] == [0, 1]


async def test_a_number_that_cannot_be_looked_at_keeps_no_other_silent(worker):
    clocks, topic = SiblingClocks(worker, SETTINGS), Topic()
    worker.unknown = {0}
    await clocks.tell(topic)
    assert topic.told() == [(1, None, False)]
    worker.unknown = set()
    await clocks.tell(topic)
    assert topic.told() == [(0, 990, False)]


def test_what_came_since_the_last_look_makes_a_number_busy(worker):
    SiblingClocks(worker, SETTINGS)
    worker.look(0.0)
    worker.look(5.0)
    told = worker.engine.clocks.told
    assert told(TABLE, 0, {PAY: False}) == Told(990, idle=True)
    assert told(TABLE, 0, {PAY: True}) == Told(None, idle=False)


def test_the_clock_of_a_number_that_nobody_moved_meanwhile_goes_on_after_a_rebalance(worker):
    siblings = SiblingClocks(worker, SETTINGS)
    marks = [(0, 990), (1, None), (2, 7_000)]
    siblings.hear(heard(*(encode(ClockMark(partition=n, clock_ms=ms, idle=n < 2)) for n, ms in marks)))
    worker.look(0.0)
    worker.look(5.0)
    assert worker.clock_ms(0) == 7_000
    worker.rebalance()
    assert worker.clock_ms(0) == 7_000
    assert worker.engine.clocks.told(TABLE, 0, worker.all_read).idle
    worker.rebalance(start=8)
    assert worker.clock_ms(0) == 990
    assert not worker.engine.clocks.told(TABLE, 0, worker.all_read).idle


def test_where_a_clock_was_left_counts_what_was_delivered(worker):
    SiblingClocks(worker, SETTINGS)
    worker.look(0.0)
    worker.look(5.0)
    worker.engine.clocks.deliver(TABLE, MovedOn())
    worker.rebalance(start=8)
    assert worker.engine.clocks.told(TABLE, 0, worker.all_read) == Told(1_990, idle=True)
    assert worker.engine.clocks.told(TABLE, 1, worker.all_read) == Told(None, idle=False), "another moved it to 8"
