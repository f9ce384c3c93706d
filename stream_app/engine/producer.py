"""Kafka outputs of the engine: table changelogs in whole batches; effects and dead letters by the Java partitioner.

aiokafka's idempotent producer never gives up a batch that it has sent once. So long as the heartbeat lease runs we wait
for it; a lease that runs out with records on the way ends the process (they might arrive after a new owner's).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from faust.transport.drivers import aiokafka as driver

from schemas.dead_letters import DeadRecord, dead_record
from schemas.errors import BadMessage, BadReason
from schemas.times import MAX_MS
from stream_app.engine.backoff import Backoff
from stream_app.engine.effects import DEAD_LETTER, AnyEffect, Staged
from stream_app.engine.fatal import Exit, die
from stream_app.engine.fence import Fence
from stream_app.engine.ports import Fenced, Writes
from stream_app.engine.records import Record

log = logging.getLogger(__name__)

CrashPoint = Callable[[str], None]


class EngineProducer(driver.Producer):
    """Faust's producer, idempotent and acknowledged by all in-sync replicas."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition number that the Java client gives to `key`."""
    return (int(murmur2(key)) & 0x7FFFFFFF) % partitions


class KafkaChangelog:
    """Delivers changed values to the tables' changelogs; port `Changelog` of the core."""

    def __init__(
        self,
        producer: Callable[[], AIOKafkaProducer],
        topic_of: Callable[[str], str],
        fence: Fence,
        crash_point: CrashPoint,
    ) -> None:
        self._producer = producer
        self._topic_of = topic_of
        self._fence = fence
        self._crash_point = crash_point
        self._last: dict[tuple[str, int], int] = {}

    async def append(self, writes: Writes, fence: Fenced) -> Mapping[tuple[str, int], int]:
        """Send all values at once, then wait for every acknowledgement; any failure ends the process."""
        sent: dict[tuple[str, int], list[tuple[asyncio.Future[Any], int]]] = {}
        try:
            for (table, number), values in writes.items():
                pairs = ((key, write.value) for key, write in values.items())
                sent[table, number] = await self._send(self._topic_of(table), number, pairs)
            self._crash_point("mid_changelog")
            every = asyncio.gather(*(future for futures in sent.values() for future, _ in futures))
            await self._fence.guard(every)
            await every
        except KafkaError as exc:
            die(Exit.BROKEN, f"changelog records failed for good: {exc!r}")
        for where, futures in sent.items():
            future, count = futures[-1]
            base = future.result().offset
            if base >= 0:  # a repeat that the broker recognised may come back without its offset
                self._last[where] = base + count - 1
        return {where: self._last.get(where, -1) for where in sent}

    async def _send(
        self, topic: str, number: int, pairs: Iterable[tuple[bytes, bytes | None]]
    ) -> list[tuple[asyncio.Future[Any], int]]:
        producer = self._producer()
        now = int(time.time() * 1000)
        builder = producer.create_batch()
        sent: list[tuple[asyncio.Future[Any], int]] = []
        for key, value in pairs:
            if builder.append(timestamp=now, key=key, value=value) is None:
                sent.append((await producer.send_batch(builder, topic, partition=number), builder.record_count()))
                builder = producer.create_batch()
                if builder.append(timestamp=now, key=key, value=value) is None:
                    die(Exit.BROKEN, f"a value of {len(value or b'')} bytes does not fit into a batch of {topic}")
        sent.append((await producer.send_batch(builder, topic, partition=number), builder.record_count()))
        return sent


Place = Callable[[str, str], int | None]
"""The partition for an output's topic (without namespace) and key; None leaves it to murmur2 of the key."""


def by_key(topic: str, key: str) -> int | None:
    """Leave every output to its key."""
    return None


class KafkaOutputs:
    """Produces effects on topics and dead letters, in order, and waits for them all; port `Outputs` of the core."""

    def __init__(
        self,
        producer: Callable[[], AIOKafkaProducer],
        namespace: str,
        dead_letters: str,
        fence: Fence,
        backoff: Backoff | None = None,
        place: Place = by_key,
    ) -> None:
        self._producer = producer
        self._namespace = namespace
        self._dead_letters = dead_letters
        self._place = place
        self._fence = fence
        self._backoff = backoff or Backoff()

    async def produce(self, staged: Sequence[Staged], fence: Fenced) -> None:
        """Send everything and return when all is acknowledged; what fails is sent again, for ever."""
        left: Sequence[Staged] = staged
        attempt = 0
        while left:
            await fence()
            left = await self._try(left)
            if left:
                wait = self._backoff.wait(attempt)
                log.warning("kafka: %d outputs failed; again in %.2f s", len(left), wait)
                attempt += 1
                await asyncio.sleep(wait)

    async def _try(self, staged: Sequence[Staged]) -> Sequence[Staged]:
        """Send in order and return from the first failure on, so that order within a partition is kept."""
        futures: list[asyncio.Future[Any]] = []
        try:
            for item in staged:
                futures.append(await self._send(item))  # noqa: PERF401 - what was sent before a failure is awaited
        except KafkaError as exc:
            _end_unless_passing(exc)
        every = asyncio.gather(*futures, return_exceptions=True)
        await self._fence.guard(every)
        for done, answer in enumerate(await every):
            if isinstance(answer, BaseException):
                _end_unless_passing(answer)
                return staged[done:]
        return staged[len(futures) :]

    async def _send(self, item: Staged) -> "asyncio.Future[Any]":
        producer, effect, partition = self._producer(), item.effect, None
        if effect.kind == DEAD_LETTER:
            (key, value, headers), topic = letter_of(item.record, effect), self._dead_letters
        else:
            key, value, topic = effect.key.encode(), effect.body, f"{self._namespace}.{effect.name}"
            headers, partition = [*item.origin.headers()], self._place(effect.name, effect.key)
            trace = None if effect.timed else item.record.traceparent
            if trace is not None:
                headers.append(("traceparent", trace))
        future: asyncio.Future[Any] = await producer.send(
            topic, value=value, key=key, headers=headers, partition=partition
        )
        return future


def letter_of(record: Record, effect: AnyEffect) -> DeadRecord:
    """Make the dead letter of a record from the effect that names reason and error."""
    told_ms = record.timestamp_ms
    letter = dead_record(
        BadMessage(cast("BadReason", effect.name), effect.body.decode("utf-8", "replace")),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        received_ms=None if told_ms < 0 else min(told_ms, MAX_MS),  # a sender may write nanoseconds
        key=record.key or None,
        value=record.value,
        headers=record.headers,
    )
    if letter.key is None and letter.value is None:
        return letter._replace(value=b"")  # Kafka takes no record that has neither
    return letter


def _end_unless_passing(error: BaseException) -> None:
    if not getattr(error, "retriable", False):
        die(Exit.BROKEN, f"an output failed for good: {error!r}")
