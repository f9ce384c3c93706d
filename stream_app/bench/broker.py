"""What a benchmark asks of Kafka: topics, offsets, all of a topic, many records at once; through librdkafka."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

TIMEOUT_SECONDS = 30.0
OFFSETS = "__consumer_offsets"
COMMITS = (0, 1)
QUIET = {"log_level": 2}  # a broker that is stopped is no news to a benchmark


class Record(NamedTuple):
    """A record as it lies on a topic."""

    key: bytes
    value: bytes
    timestamp_ms: int


def group_of(key: bytes) -> str | None:
    """Return whose commit a record of Kafka's offsets topic is, None for what else lies there.

    A key begins with its version as int16 (0 and 1: a commit), then comes the group with its length as int16.

    >>> group_of(bytes([0, 1, 0, 2]) + b"g1" + bytes([0, 1]) + b"t")
    'g1'
    """
    version, length = int.from_bytes(key[:2]), int.from_bytes(key[2:4])
    return key[4 : 4 + length].decode() if version in COMMITS else None


class Broker:
    """One Kafka cluster, asked synchronously."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap, **QUIET})
        self._asking: tuple[str, Consumer] | None = None

    def create(self, names: Iterable[str], partitions: int = 1, config: Mapping[str, str] | None = None) -> None:
        """Create topics, and return when each has a leader."""
        wanted = [NewTopic(name, partitions, 1, config=dict(config or {})) for name in names]
        for made in self._admin.create_topics(wanted).values():
            made.result(TIMEOUT_SECONDS)
        for topic in wanted:
            self._wait_led(topic.topic, partitions)

    def delete(self, names: Iterable[str]) -> None:
        """Delete topics that are there."""
        known = self._admin.list_topics(timeout=TIMEOUT_SECONDS).topics
        wanted = [name for name in names if name in known]
        for gone in self._admin.delete_topics(wanted).values() if wanted else ():
            gone.result(TIMEOUT_SECONDS)

    def _wait_led(self, name: str, partitions: int) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            found = self._admin.list_topics(name, TIMEOUT_SECONDS).topics[name]
            if len(found.partitions) == partitions and all(p.leader >= 0 for p in found.partitions.values()):
                return
            time.sleep(0.02)
        raise TimeoutError(f"topic {name} has no leader")

    def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Return all partitions of these topics that exist."""
        known = self._admin.list_topics(timeout=TIMEOUT_SECONDS).topics
        return [TopicPartition(name, number) for name in topics if name in known for number in known[name].partitions]

    def committed(self, group: str, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """Return the offsets that a group has committed on these topics; nothing while there is no such group."""
        # Not by the admin client: its list_consumer_group_offsets crashes (2.12.2) while there is no coordinator.
        asked = self.partitions(topics)
        consumer = self._of_group(group)
        try:
            found = consumer.committed(asked, TIMEOUT_SECONDS) if asked else []
        except KafkaException:
            return {}  # the coordinator is not there yet: the first group ever makes its topic
        return {(tp.topic, tp.partition): tp.offset for tp in found if tp.offset >= 0}

    def _of_group(self, group: str) -> Consumer:
        """Return a client that may ask about a group without being a member."""
        if self._asking is None or self._asking[0] != group:
            if self._asking is not None:
                self._asking[1].close()
            client = Consumer(
                {"bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False, **QUIET}
            )
            self._asking = group, client
        return self._asking[1]

    def ends(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """Return the end offset of each partition of these topics."""
        asked = {tp: OffsetSpec.latest() for tp in self.partitions(topics)}
        if not asked:
            return {}
        found = self._admin.list_offsets(asked)
        return {(tp.topic, tp.partition): done.result(TIMEOUT_SECONDS).offset for tp, done in found.items()}

    def lag(self, group: str, topics: Iterable[str]) -> int:
        """Return how many records of these topics the group has not committed."""
        names = [*topics]
        ends, committed = self.ends(names), self.committed(group, names)
        return sum(max(0, end - committed.get(where, 0)) for where, end in ends.items())

    def commits_ms(self, group: str, since_ms: int) -> list[int]:
        """Return when a group has committed offsets since then, by the broker's clock (epoch ms), each moment once.

        They lie on a topic of Kafka's own; a broker that does not show it to us, or has none yet, tells of none.
        """
        try:
            found = {record.timestamp_ms for record in self.read(OFFSETS, since_ms) if group_of(record.key) == group}
        except KafkaException:
            return []
        return sorted(at for at in found if at >= since_ms)

    def read(self, topic: str, since_ms: int | None = None) -> Iterator[Record]:
        """Yield a topic up to its end as of now, all of it or what came since then; tombstones have empty values."""
        ends = {where: end for where, end in self.ends([topic]).items() if end}
        if not ends:
            return
        begin = [TopicPartition(topic, number, 0 if since_ms is None else since_ms) for _, number in ends]
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": "bench-reader", "enable.auto.commit": False,
             "enable.partition.eof": True, **QUIET}
        )  # fmt: skip
        try:
            consumer.assign(begin if since_ms is None else consumer.offsets_for_times(begin, TIMEOUT_SECONDS))
            left = len(ends)
            while left:
                for message in consumer.consume(10_000, timeout=1.0):
                    if message.error():
                        left -= 1  # the end of one partition is told as an error
                        continue
                    yield Record(message.key() or b"", message.value() or b"", message.timestamp()[1])
        finally:
            consumer.close()

    def write(self, topic: str, records: Iterable[tuple[str | bytes, bytes]], partition: int = -1) -> None:
        """Write records as fast as the broker takes them; without a partition murmur2 of the key decides.

        Idempotent, since a request that is tried again would else come after those behind it: of a model whose manifest
        lies before its parts no worker takes up anything.
        """
        failed: list[str] = []
        producer = Producer(
            {"bootstrap.servers": self.bootstrap, "linger.ms": 5, "batch.size": 400_000, "enable.idempotence": True,
             "partitioner": "murmur2_random", "delivery.report.only.error": True,
             "on_delivery": lambda error, _message: failed.append(str(error)), **QUIET}
        )  # fmt: skip
        for key, value in records:
            while True:
                try:
                    producer.produce(topic, value, key, partition=partition)
                    break
                except BufferError:
                    producer.poll(0.1)
        if producer.flush(60) or failed:
            raise TimeoutError(": ".join([topic, "the broker did not take all records", *failed[:1]]))
