"""Which dead letters were sent again already, as a consumer group's offsets: an operator's next run starts after them.

The group's offset of a partition says up to where letters of every reason were retried; its metadata is a JSON object
that says so for single reasons. Kafka drops both when nobody retries for `offsets.retention.minutes` (a week).
"""

from collections.abc import Mapping

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream_app import kafka
from stream_app.settings import Settings


class Retried:
    """Positions among the dead letters; `load` reads them, `save` writes what `note` has changed."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._settings = settings
        self._topic = topic
        self._group = f"{settings.app_id}-dead-letters-retry"
        self._all: dict[int, int] = {}
        self._by_reason: dict[int, dict[str, int]] = {}

    async def load(self) -> None:
        """Read where the last runs ended. Raises `KafkaUnavailable`."""
        counts = await kafka.partition_counts(self._settings, [self._topic])
        if self._topic not in counts:
            raise kafka.KafkaUnavailable(kafka.no_topic(self._topic))
        async with kafka.admin(self._settings.kafka) as client:
            asked = [TopicPartition(self._topic, number) for number in range(counts[self._topic])]
            found = await kafka.committed(client, self._group, asked)
        for tp, (offset, metadata) in found.items():
            if offset >= 0:
                self._all[tp.partition] = offset
                self._by_reason[tp.partition] = orjson.loads(metadata or "{}")

    def is_new(self, letter: ConsumerRecord, reason: str) -> bool:
        """Tell whether this letter, of this reason, was not retried yet."""
        everything = self._all.get(letter.partition, 0)
        return bool(letter.offset >= self._by_reason.get(letter.partition, {}).get(reason, everything))

    def note(self, ends: Mapping[int, int], reason: str | None) -> None:
        """Note that below these offsets, by partition, the letters of `reason` were retried; None means all letters."""
        for partition, end in ends.items():
            if reason is None:
                self._all[partition], self._by_reason[partition] = end, {}
            else:
                self._all.setdefault(partition, 0)
                self._by_reason.setdefault(partition, {})[reason] = end

    async def save(self) -> None:
        """Write the positions down."""
        told = {
            TopicPartition(self._topic, partition): (offset, orjson.dumps(self._by_reason[partition]).decode())
            for partition, offset in self._all.items()
        }
        if not told:
            return
        options = kafka.client_options(self._settings.kafka)
        async with AIOKafkaConsumer(**options, group_id=self._group, enable_auto_commit=False) as consumer:
            consumer.assign(list(told))
            await consumer.commit(told)
