"""What a run has left behind: topics, Redis, and the local stores of workers that have ended."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord
from redis import Redis
from rocksdict import AccessType, Options, Rdict

from stream_app.engine.epochs import CLAIM
from stream_app.engine.local_store import CHANGELOG_OFFSET, VALUE
from tests.faults.truth import HEADER, Input, Landed

Place = tuple[str, int, int]
"""Topic, partition, offset."""


class Alert(NamedTuple):
    """One entry of a stream."""

    stream: str
    alert_id: str
    data: Any


@dataclass(frozen=True)
class Stored:
    """One partition's local store: its values (as bytes) and the changelog offset up to which it is complete."""

    offset: int
    values: Mapping[bytes, bytes]


async def read_topics(bootstrap: str, topics: Iterable[str]) -> dict[str, list[ConsumerRecord]]:
    """Read topics from their beginning to their present end; by topic, in order within each partition."""
    found: dict[str, list[ConsumerRecord]] = {topic: [] for topic in topics}
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", max_partition_fetch_bytes=4_000_000
    ) as consumer:
        await consumer._client.force_metadata_update()
        tps = [TopicPartition(t, p) for t in found for p in consumer._client.cluster.partitions_for_topic(t) or ()]
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        await consumer.seek_to_beginning(*tps)
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                found[tp.topic] += records
    return found


def landed(inputs: Sequence[Input], records: Mapping[str, Sequence[ConsumerRecord]]) -> list[Landed]:
    """Match records with the ground truth by the number in their header."""
    return [
        Landed(inputs[int(dict(record.headers)[HEADER])], topic, record.partition, record.offset)
        for topic, found in records.items()
        for record in found
    ]


def compacted(records: Sequence[ConsumerRecord], partition: int, up_to: int | None = None) -> dict[bytes, bytes]:
    """The newest value of each key of a changelog partition as of an offset; epochs tell overtaken writers."""
    values: dict[bytes, bytes] = {}
    highest = 0
    for record in records:
        if record.partition != partition or (up_to is not None and record.offset > up_to):
            continue
        epoch = int.from_bytes(dict(record.headers).get("e", b""), "big")
        if epoch < highest:
            continue
        highest = epoch
        if record.key == CLAIM:
            continue  # an owner made himself known; no store keeps it
        if record.value is None:
            values.pop(record.key, None)
        else:
            values[record.key] = record.value
    return values


def stores(data: Path, table: str) -> dict[int, Stored]:
    """Read all local stores of a worker that has ended, by partition number."""
    return {
        int(path.stem.rpartition("-")[2]): stored
        for path in sorted(data.rglob(f"{table}-*.db"))
        if (stored := _store(path)) is not None
    }


def _store(path: Path) -> Stored | None:
    if not (path / "CURRENT").exists():
        return None
    db = Rdict(str(path), options=Options(raw_mode=True), access_type=AccessType.read_only())
    try:
        offset = db.get(CHANGELOG_OFFSET)
        if offset is None:
            return None  # opened, and nothing written that has reached the disk
        values = {bytes(key[1:]): bytes(value) for key, value in db.items() if key[:1] == VALUE}
        return Stored(int.from_bytes(offset, "big", signed=True), values)
    finally:
        db.close()


def alerts(url: str, streams: Iterable[str]) -> list[Alert]:
    """All entries of the streams, in their order."""
    with Redis.from_url(url, decode_responses=True) as redis:
        return [
            Alert(stream, fields["id"], orjson.loads(fields["data"]))
            for stream in streams
            for _, fields in redis.xrange(stream)
        ]


def redis_keys(url: str, namespace: str) -> list[str]:
    """All keys of the namespace, and all that are of no run's making (each namespace begins with `f-`)."""
    with Redis.from_url(url, decode_responses=True) as redis:
        keys = list(redis.scan_iter(count=1_000))
    return sorted(key for key in keys if namespace in key or not key.lstrip("{").startswith("f-"))


def letters(records: Sequence[ConsumerRecord]) -> Counter[Place]:
    """Where the dead letters came from, and how often each is there."""
    found: Counter[Place] = Counter()
    for record in records:
        headers = dict(record.headers)
        found[headers["dl-topic"].decode(), int(headers["dl-partition"]), int(headers["dl-offset"])] += 1
    return found
