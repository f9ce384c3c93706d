"""What a worker promises its trainers: no example below this time will still come from this partition number."""

from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaTimeoutError

from schemas.internal import Punctuation
from stream_app.settings import Settings
from stream_app.training.punctuator import TABLE, Punctuator
from tests.policies import default_policy

MODELS = default_policy().models.names
CLOCK_MS, EARLIER_MS = 5_000, 3_000


class AWorker:
    """The engine as the punctuator sees it: owned numbers, their stores, clocks and unread topics."""

    def __init__(self, *, clock_ms=CLOCK_MS, due=(), unread=False, owned=(0,)):
        self.owned_stores = set(owned)
        self.clock_ms, self.due_ms, self.unread_now = clock_ms, list(due), {"bank.transactions": unread}
        self.engine = SimpleNamespace(
            owned={(TABLE, number) for number in owned} | {("links", number) for number in owned},
            tables={TABLE: SimpleNamespace(store=self)},
            clocks=SimpleNamespace(now_ms=lambda table, number, unread: self.clock_ms),
        )
        self.lifecycle = self
        self.while_asking = lambda: None

    async def unread(self, table, number):
        self.while_asking()
        return self.unread_now

    @property
    def owned(self):
        return frozenset(self.owned_stores)

    def partition(self, number):
        if number not in self.owned_stores:
            raise KeyError(number)
        return self

    def due(self, until_ms):
        return iter([(b"C1", due_ms) for due_ms in self.due_ms])


class Examples:
    """The topic of examples; `refuses` is how many sends fail from now on."""

    def __init__(self):
        self.sent, self.refuses = [], 0

    async def send_and_wait(self, topic, value, *, key, partition):
        if self.refuses:
            self.refuses -= 1
            raise KafkaTimeoutError
        self.sent.append((partition, key.decode(), Punctuation.model_validate_json(value)))

    def promised(self, model=MODELS[0]):
        return [(it.source_partition, it.below_ms, it.idle) for _, key, it in self.sent if key == model]


@pytest.fixture
def topic():
    return Examples()


def punctuator(worker):
    return Punctuator(worker, Settings.load(), default_policy())


async def test_each_model_is_promised_on_its_own_partition(topic):
    await punctuator(AWorker()).tell(topic)
    assert [(place, key, it.model) for place, key, it in topic.sent] == [
        (place, model, model) for place, model in enumerate(MODELS)
    ]


async def test_nothing_comes_below_the_clock(topic):
    await punctuator(AWorker(unread=True)).tell(topic)
    assert topic.promised() == [(0, CLOCK_MS, False)]


async def test_work_that_is_due_and_not_done_holds_the_promise_back(topic):
    await punctuator(AWorker(due=[EARLIER_MS, CLOCK_MS])).tell(topic)
    assert topic.promised() == [(0, EARLIER_MS, False)]


async def test_a_partition_with_nothing_due_and_nothing_unread_is_idle_though_it_has_no_clock(topic):
    await punctuator(AWorker(clock_ms=None)).tell(topic)
    assert topic.promised() == [(0, 0, True)]


@pytest.mark.parametrize("busy", [{"unread": True}, {"due": [EARLIER_MS]}])
async def test_without_a_clock_a_busy_partition_promises_nothing(topic, busy):
    await punctuator(AWorker(clock_ms=None, **busy)).tell(topic)
    assert topic.sent == []


async def test_a_partition_of_which_nothing_is_known_yet_is_not_idle(topic):
    worker = AWorker(clock_ms=None)
    worker.unread_now = {}
    await punctuator(worker).tell(topic)
    assert topic.sent == []


async def test_a_promise_is_sent_once_and_again_when_it_changes(topic):
    worker = AWorker(due=[EARLIER_MS])
    telling = punctuator(worker)
    for due in ([EARLIER_MS], [EARLIER_MS], [EARLIER_MS + 1]):
        worker.due_ms = due
        await telling.tell(topic)
    assert topic.promised() == [(0, EARLIER_MS, False), (0, EARLIER_MS + 1, False)]


async def test_a_promise_that_could_not_be_sent_is_sent_at_the_next_call_and_those_that_could_are_not(topic):
    worker = AWorker(due=[EARLIER_MS], owned=(0, 1))
    telling = punctuator(worker)
    topic.refuses = 1
    await telling.tell(topic)
    assert {it.source_partition for _, _, it in topic.sent} in ({0}, {1}), "the other number is not held up"
    await telling.tell(topic)
    await telling.tell(topic)
    assert sorted((it.source_partition, it.model) for _, _, it in topic.sent) == [
        (number, model) for number in (0, 1) for model in sorted(MODELS)
    ]


async def test_a_partition_that_comes_back_is_promised_anew(topic):
    worker = AWorker()
    telling = punctuator(worker)
    await telling.tell(topic)
    worker.engine.owned, there = set(), worker.engine.owned
    await telling.tell(topic)
    worker.engine.owned = there
    await telling.tell(topic)
    assert len(topic.promised()) == 2


@pytest.mark.parametrize("what", ["store", "ownership"])
async def test_a_store_that_closed_while_kafka_was_asked_is_not_looked_into(topic, what):
    worker = AWorker()
    lost = worker.owned_stores.clear if what == "store" else worker.engine.owned.clear
    worker.while_asking = lost
    await punctuator(worker).tell(topic)
    assert topic.sent == []
