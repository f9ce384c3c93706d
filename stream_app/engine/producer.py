"""Kafka outputs of the engine: table changelogs in whole batches; effects and dead letters by the Java partitioner.

We wait for acknowledgements while the heartbeat lease runs; what is on the way when it runs out goes out again later,
through a new producer (`leased`).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver

from schemas.dead_letters import DeadRecord, dead_record
from schemas.errors import BadMessage, BadReason
from schemas.times import MAX_MS
from stream_app.engine.backoff import Backoff
from stream_app.engine.effects import DEAD_LETTER, AnyEffect, Staged
from stream_app.engine.epochs import epoch_of, headers_of
from stream_app.engine.fatal import Exit, die
from stream_app.engine.leased import LeasedProducer
from stream_app.engine.ports import Fenced
from stream_app.engine.records import Record
from stream_app.engine.sole_writer import Appended, LeaseRanOutError, LogRecord, Values, Where

log = logging.getLogger(__name__)

CrashPoint = Callable[[str], None]


class EngineProducer(driver.Producer):
    """Faust's producer, idempotent and acknowledged by all in-sync replicas."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


READ_SECONDS = 30.0


class KafkaLog:
    """The changelogs of the tables; port `Log` of `sole_writer`."""

    def __init__(
        self,
        producers: LeasedProducer,
        topic_of: Callable[[str], str],
        reader: Callable[[], AIOKafkaConsumer],
        crash_point: CrashPoint,
    ) -> None:
        self._producers = producers
        self._topic_of = topic_of
        self._reader = reader
        self._crash_point = crash_point
        self._backoff = Backoff()

    async def append(
        self, values: Mapping[Where, Values], epochs: Mapping[Where, int], fence: Fenced
    ) -> Mapping[Where, Sequence[Appended]]:
        """Send all values at once, then wait for every acknowledgement; a failure for good ends the process."""
        producer = await self._producers.ready()
        await fence()
        try:
            return await self._producers.within_lease(producer, self._send_all(producer, values, epochs))
        except KafkaError as exc:
            die(Exit.BROKEN, f"changelog records failed for good: {exc!r}")

    async def read(self, where: Where, first: int, end: int, fence: Fenced) -> Sequence[LogRecord]:
        """Read with a consumer of its own, which belongs to no group; tries for as long as the broker is away."""
        attempt = 0
        while True:
            await fence()
            try:
                async with asyncio.timeout(READ_SECONDS):  # a log that ends before `end` would be awaited for ever
                    return await self._read(TopicPartition(self._topic_of(where[0]), where[1]), first, end)
            except (KafkaError, TimeoutError, OSError) as exc:
                wait = self._backoff.wait(attempt)
                log.warning("changelog of %s-%d: %r; again in %.2f s", *where, exc, wait)
                attempt += 1
                await asyncio.sleep(wait)

    async def _read(self, tp: TopicPartition, first: int, end: int) -> list[LogRecord]:
        found: list[LogRecord] = []
        async with self._reader() as consumer:
            consumer.assign([tp])
            begins = (await consumer.beginning_offsets([tp]))[tp]
            consumer.seek(tp, max(first, begins))
            while await consumer.position(tp) < end:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [
                        LogRecord(it.offset, it.key, it.value, epoch_of(it.headers))
                        for it in records
                        if it.offset < end
                    ]
        return found

    async def _send_all(
        self, producer: AIOKafkaProducer, values: Mapping[Where, Values], epochs: Mapping[Where, int]
    ) -> Mapping[Where, Sequence[Appended]]:
        sent: dict[Where, list[tuple[asyncio.Future[Any], int]]] = {}
        for (table, number), by_key in values.items():
            headers = headers_of(epochs[table, number])
            sent[table, number] = await _send(producer, self._topic_of(table), number, by_key, headers)
        self._crash_point("mid_changelog")
        await asyncio.gather(*(future for futures in sent.values() for future, _ in futures))
        return {
            where: [Appended(future.result().offset, count) for future, count in futures]
            for where, futures in sent.items()
        }


async def _send(
    producer: AIOKafkaProducer, topic: str, number: int, values: Values, headers: list[tuple[str, bytes]]
) -> list[tuple["asyncio.Future[Any]", int]]:
    now = int(time.time() * 1000)
    builder = producer.create_batch()
    sent: list[tuple[asyncio.Future[Any], int]] = []
    for key, value in values.items():
        if builder.append(timestamp=now, key=key, value=value, headers=headers) is None:
            sent.append((await producer.send_batch(builder, topic, partition=number), builder.record_count()))
            builder = producer.create_batch()
            if builder.append(timestamp=now, key=key, value=value, headers=headers) is None:
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
        producers: LeasedProducer,
        namespace: str,
        dead_letters: str,
        backoff: Backoff | None = None,
        place: Place = by_key,
    ) -> None:
        self._producers = producers
        self._namespace = namespace
        self._dead_letters = dead_letters
        self._place = place
        self._backoff = backoff or Backoff()

    async def produce(self, staged: Sequence[Staged], fence: Fenced) -> None:
        """Send everything and return when all is acknowledged; what fails is sent again, for ever."""
        left: Sequence[Staged] = staged
        attempt = 0
        while left:
            producer = await self._producers.ready()
            await fence()
            before = len(left)
            left = await self._try(producer, left)
            if left:
                attempt = attempt + 1 if len(left) == before else 0
                wait = self._backoff.wait(attempt)
                log.warning("kafka: %d outputs are not acknowledged; again in %.2f s", len(left), wait)
                await asyncio.sleep(wait)

    async def _try(self, producer: AIOKafkaProducer, staged: Sequence[Staged]) -> Sequence[Staged]:
        """Send in order and return from the first one on that is not acknowledged: order in a partition is kept."""
        futures: list[asyncio.Future[Any]] = []
        with suppress(LeaseRanOutError):
            await self._producers.within_lease(producer, self._send_all(producer, staged, futures))
        for done, future in enumerate(futures):
            if not future.done() or future.cancelled():
                return staged[done:]
            if (error := future.exception()) is not None:
                _end_unless_passing(error)
                return staged[done:]
        return staged[len(futures) :]

    async def _send_all(
        self, producer: AIOKafkaProducer, staged: Sequence[Staged], futures: "list[asyncio.Future[Any]]"
    ) -> None:
        try:
            for item in staged:
                futures.append(await self._send(producer, item))
        except KafkaError as exc:  # what was sent before a failure is awaited
            _end_unless_passing(exc)
        if futures:
            await asyncio.wait(futures)

    async def _send(self, producer: AIOKafkaProducer, item: Staged) -> "asyncio.Future[Any]":
        effect, partition = item.effect, None
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
