"""What a worker tells the others of its clocks, and what it makes of what they tell."""

from types import SimpleNamespace

import pytest

from schemas.internal import ClockMark
from schemas.wire import encode
from stream_app.engine.clock import PartitionClock, Told
from stream_app.engine.clocks import Clocks, TimerRule
from stream_app.settings import Settings
from stream_app.sibling_clocks import TABLE, SiblingClocks

LATENESS_MS = 10
SETTINGS = Settings.load(partitions=3, idle_seconds=5.0)


class AWorker:
    """The engine as the clocks see it: it owns numbers 0 and 1, of which all is read."""

    def __init__(self):
        clocks = Clocks()
        clocks.add_rule(TimerRule(TABLE, "timers", lambda key, until_ms: b"", LATENESS_MS))
        for number, highest_ms in ((0, 1_000), (1, None)):
            clocks.begin(TABLE, number, ["bank.transactions"], highest_ms)
        self.engine = SimpleNamespace(clocks=clocks)
        self.lifecycle = self
        self.all_read = {"bank.transactions": False}

    async def unread(self, table, number):
        return self.all_read

    def look(self, now):
        for number in (0, 1):
            self.engine.clocks.look(TABLE, number, self.all_read, now)

    def clock_ms(self, number):
        return self.engine.clocks.now_ms(TABLE, number, self.all_read)


class Topic:
    """The topic of clocks."""

    def __init__(self):
        self.sent = []

    async def send_and_wait(self, topic, value, *, key, partition):
        self.sent.append((topic, key, partition, ClockMark.model_validate_json(value)))


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
