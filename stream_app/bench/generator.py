"""The open-loop generator, a process of its own: `python -m stream_app.bench.generator ORDER` (ORDER is JSON).

It sends messages of a file by schedule and never waits for whoever reads them; each bears the time at which it was due
in the header `scheduled_ns`. It prints one line of JSON (`Sending`) when the broker has acknowledged all.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Producer

from stream_app.bench import messages
from stream_app.bench.broker import QUIET
from stream_app.bench.latency import Latency
from stream_app.bench.messages import Message
from stream_app.bench.schedule import SECOND_NS, Schedule, Sending, judge
from stream_app.kafka import MAX_RECORD_BYTES

HEADER = "scheduled_ns"
POLL_EVERY = 50
FLUSH_SECONDS = 60.0
SHORTEST_SLEEP_NS = 250_000
"""Waking for each of 10,000 messages a second takes the core away from the broker that shares it."""


@dataclass(frozen=True)
class Order:
    """What to send: `count` messages of `file` from number `first`, at `rate` a second from `start_ns` on."""

    kafka: str
    file: str
    first: int
    count: int
    rate: float
    start_ns: int
    prefix: str
    """What all topics' names begin with."""
    linger_ms: int = 1
    """How long messages wait for others to share their request; with 1 the broker may get 1,000 requests a second."""


def send(
    schedule: Schedule,
    given: Iterable[Message],
    produce: Callable[[Message, int], None],
    clock_ns: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[int, int, Latency]:
    """Send each message when it is due, or at once when that has passed; returns first and last time, and the slips."""
    slips, first_ns, now = Latency(), -1, 0
    for number, message in enumerate(given):
        due = schedule.at_ns(number)
        now = clock_ns()
        while now < due:
            sleep(max(due - now, SHORTEST_SLEEP_NS) / SECOND_NS)
            now = clock_ns()
        first_ns = now if first_ns < 0 else first_ns
        slips.record_ns(now - due)
        produce(message, due)
    return first_ns, now, slips


class Sender:
    """librdkafka with small lingers; what cannot be delivered is counted."""

    def __init__(self, order: Order) -> None:
        self.failed = 0
        self.queued = Latency()
        """How long messages wait to be acknowledged: by Little's law, how many there are over the rate."""
        self._sent = 0
        self._gap_ns = SECOND_NS / order.rate if order.rate else 0.0
        self._prefix = order.prefix
        paced = order.rate > 0
        self._producer = Producer(
            {
                "bootstrap.servers": order.kafka,
                "linger.ms": order.linger_ms if paced else 5,
                "batch.size": 400_000,
                "message.max.bytes": MAX_RECORD_BYTES,  # the bank sends broken messages of that length, too
                # What is sent again must not come after what follows it. Not where time is kept: at real-time priority
                # an idempotent client slips by 150 ms, and a change of order would show in the account.
                **({"acks": "all"} if paced else {"enable.idempotence": True}),
                "partitioner": "murmur2_random",
                "queue.buffering.max.messages": 2_000_000,
                "queue.buffering.max.kbytes": 1_000_000,
                "delivery.report.only.error": True,
                "on_delivery": self._failed,
                **QUIET,
            }
        )

    def _failed(self, error: Any, _message: Any) -> None:
        self.failed += error is not None

    def produce(self, message: Message, due_ns: int) -> None:
        """Queue one message."""
        headers = [*message.headers, (HEADER, b"%d" % due_ns)]
        while True:
            try:
                self._producer.produce(self._prefix + message.topic, message.value, message.key, headers=headers)
                break
            except BufferError:
                self._producer.poll(0.01)
        self._sent += 1
        if not self._sent % POLL_EVERY:
            self._producer.poll(0)
            self.queued.record_ns(int(len(self._producer) * self._gap_ns))

    def finish(self) -> int:
        """Wait for the broker; return how many messages it does not have."""
        return int(self._producer.flush(FLUSH_SECONDS)) + self.failed


def keep_time() -> None:
    """Go before all others on this core, where we may: a schedule must not wait for a broker that shares it."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def run(order: Order) -> Sending:
    """Carry out an order."""
    given = [*messages.read(Path(order.file), order.first, order.count)]
    if order.rate:
        keep_time()  # before the client is made: its threads inherit it
    sender = Sender(order)
    gc.freeze()
    gc.disable()  # a pause of ours would show as latency of others
    schedule = Schedule(order.start_ns, order.rate)
    first_ns, last_ns, slips = send(schedule, given, sender.produce)
    return judge(schedule, first_ns, last_ns, slips, sender.finish(), sender.queued)


if __name__ == "__main__":
    sys.stdout.write(orjson.dumps(asdict(run(Order(**orjson.loads(sys.argv[1]))))).decode() + "\n")
