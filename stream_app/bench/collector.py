"""The collector, a process of its own: `python -m stream_app.bench.collector ORDER` (ORDER is JSON).

It notes when each action can be seen by a subscriber: by blocking XREAD on Redis streams, or as a consumer of a topic.
It prints `ready` once it listens; SIGTERM ends it, and it writes what it saw: [id, received_ns] (CLOCK_MONOTONIC).
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import orjson
from confluent_kafka import Consumer, TopicPartition
from redis import Redis

from stream_app.bench.broker import QUIET, Broker

BLOCK_MS = 100

Seen = Iterator[tuple[str, int]]


@dataclass(frozen=True)
class Order:
    """Where to listen: `streams` of a Redis, or a topic of a Kafka.

    The topic's values are JSON with an id, or begin with their id up to `separator`.
    """

    out: str
    redis: str = ""
    streams: tuple[str, ...] = ()
    kafka: str = ""
    topic: str = ""
    separator: str = ""


def from_redis(order: Order, stopped: list[int], ready: Callable[[], None]) -> Seen:
    """Yield the entries that come from now on."""
    redis = Redis.from_url(order.redis)
    positions: Any = {}
    for name in order.streams:
        last: Any = redis.xrevrange(name, count=1)
        positions[name.encode()] = last[0][0] if last else b"0-0"
    ready()
    while not stopped:
        found: Any = redis.xread(positions, count=1_000, block=BLOCK_MS)
        now_ns = time.monotonic_ns()
        for name, entries in found.items() if isinstance(found, dict) else found:
            for entry, fields in entries:
                positions[name] = entry
                yield fields[b"id"].decode(), now_ns
    redis.close()


def from_topic(order: Order, stopped: list[int], ready: Callable[[], None]) -> Seen:
    """Yield the records that come from now on."""
    ends = Broker(order.kafka).ends([order.topic])
    consumer = Consumer(
        {"bootstrap.servers": order.kafka, "group.id": "bench-collector", "enable.auto.commit": False, **QUIET}
    )
    consumer.assign([TopicPartition(topic, number, end) for (topic, number), end in ends.items()])
    ready()
    seen: list[tuple[bytes, int]] = []
    while not stopped:
        message = consumer.poll(BLOCK_MS / 1_000)
        if message is not None and not message.error():
            seen.append((message.value(), time.monotonic_ns()))
    consumer.close()
    separator = order.separator.encode()
    for value, at_ns in seen:
        yield value.partition(separator)[0].decode() if separator else orjson.loads(value)["id"], at_ns


def main(order: Order) -> None:
    """Listen until SIGTERM, and write what was seen."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))

    def ready() -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    gc.disable()
    with suppress(PermissionError):
        os.nice(-10)  # a subscriber would have a machine of its own
    listen = from_redis if order.redis else from_topic
    Path(order.out).write_bytes(msgpack.packb([*listen(order, stopped, ready)]))


if __name__ == "__main__":
    main(Order(**orjson.loads(sys.argv[1])))
