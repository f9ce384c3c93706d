"""Watches a deployment from outside while it runs: committed offsets, lag, and the marks on Redis."""

from collections import Counter
from contextlib import suppress
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stream_app.embedded import Addresses
from tests.faults.subject import Subject


class Watch:
    """Connections of the harness itself, by the direct way."""

    def __init__(self, subject: Subject, to: Addresses) -> None:
        self._subject = subject
        self._to = to
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._redis = Redis.from_url(to.redis_url, decode_responses=True, socket_timeout=60)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._hang_up()
        await self._redis.aclose()

    # -- Kafka --------------------------------------------------------------------------------------------------------

    async def committed(self) -> dict[TopicPartition, int] | None:
        """The group's committed offsets; None while the broker does not answer."""
        try:
            await self._connect()
            assert self._admin is not None
            found = await self._admin.list_consumer_group_offsets(self._subject.group)
        except (KafkaError, OSError, TimeoutError):
            await self._hang_up()  # a broker that comes back is another one to these clients
            return None
        return {tp: meta.offset for tp, meta in found.items()}

    async def lag(self) -> int | None:
        """Records not committed yet, on all topics that the worker reads; None while the broker does not answer."""
        committed = await self.committed()
        if committed is None:
            return None
        subject = self._subject
        tps = [TopicPartition(t, n) for t in (*subject.sources, *subject.internal) for n in range(subject.partitions)]
        try:
            assert self._consumer is not None
            ends = await self._consumer.end_offsets(tps)
        except (KafkaError, OSError, TimeoutError):
            await self._hang_up()
            return None
        return sum(end - max(0, committed.get(tp, 0)) for tp, end in ends.items())

    async def _connect(self) -> None:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self._to.kafka_bootstrap, request_timeout_ms=10_000)
            await self._admin.start()
            self._consumer = AIOKafkaConsumer(bootstrap_servers=self._to.kafka_bootstrap, request_timeout_ms=10_000)
            await self._consumer.start()

    async def _hang_up(self) -> None:
        admin, consumer = self._admin, self._consumer
        self._admin = self._consumer = None
        with suppress(KafkaError, OSError):
            if consumer is not None:
                await consumer.stop()
            if admin is not None:
                await admin.close()

    # -- Redis --------------------------------------------------------------------------------------------------------

    async def marks(self) -> Counter[int]:
        """How far effects have come: the sum of the marks of each partition number, over streams and topics."""
        found: Counter[int] = Counter()
        with suppress(RedisError, OSError):
            for stream in self._subject.streams:
                for field, mark in (await self._redis.hgetall(f"{{{stream}}}:hwm")).items():
                    found[int(field.rpartition(":")[2])] += int(mark) + 1
        return found

    async def alert_count(self) -> int:
        """How many entries all streams hold."""
        return sum([await self._redis.xlen(stream) for stream in self._subject.streams])

    async def alert_ids(self) -> set[str]:
        """The ids of all entries."""
        return {fields["id"] for stream in self._subject.streams for _, fields in await self._redis.xrange(stream)}
