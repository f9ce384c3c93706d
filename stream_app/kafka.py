"""Small tools over aiokafka that the commands share: security, admin, producing, reading a topic to its end.

The engine has a transport of its own (`stream_app.engine`); nothing here is on the path of an event.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.structs import OffsetAndMetadata

from stream_app.settings import Kafka, Settings

MAX_RECORD_BYTES = 1_048_576
COORDINATOR_SECONDS = 30.0
LEADER_SECONDS = 60.0


class KafkaUnavailable(Exception):
    """Kafka did not answer; the text says where it was looked for."""


def client_options(kafka: Kafka) -> dict[str, Any]:
    """Return the connection options that every aiokafka client of ours takes."""
    security = kafka.security
    options: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap, "security_protocol": security.protocol}
    if security.protocol in {"SSL", "SASL_SSL"}:
        context = ssl.create_default_context(cafile=security.ca_file)
        if security.cert_file is not None:
            context.load_cert_chain(security.cert_file, security.key_file)
        options["ssl_context"] = context
    if security.protocol.startswith("SASL"):
        options["sasl_mechanism"] = security.mechanism
        options["sasl_plain_username"] = security.username
        options["sasl_plain_password"] = security.password.get_secret_value() if security.password else None
    return options


@asynccontextmanager
async def admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """Yield a connected admin client; KafkaUnavailable where nobody answers."""
    client = AIOKafkaAdminClient(**client_options(kafka), request_timeout_ms=10_000)
    try:
        await _start(client, kafka)
        yield client
    finally:
        await client.close()


async def _start(client: AIOKafkaAdminClient | AIOKafkaConsumer | AIOKafkaProducer, kafka: Kafka) -> None:
    try:
        await client.start()
    except (KafkaConnectionError, OSError) as error:
        raise KafkaUnavailable(f"Kafka does not answer at {kafka.bootstrap} (RAPPORT_KAFKA__BOOTSTRAP)") from error


@asynccontextmanager
async def producer(kafka: Kafka, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    """Yield a producer with acks=all; its partitioner is the Java client's (murmur2 of the key)."""
    client = AIOKafkaProducer(
        **client_options(kafka), acks="all", enable_idempotence=True, max_request_size=MAX_RECORD_BYTES, **options
    )
    try:
        await _start(client, kafka)
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def consumer(kafka: Kafka, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a consumer that begins where it is told or at the beginning, and commits nothing."""
    client = AIOKafkaConsumer(
        **client_options(kafka), auto_offset_reset="earliest", enable_auto_commit=False, **options
    )
    try:
        await _start(client, kafka)
        yield client
    finally:
        await client.stop()


async def create_topics(
    settings: Settings, topics: Mapping[str, tuple[int, Mapping[str, str]]]
) -> tuple[list[str], list[str]]:
    """Create what is missing and return (made, already there), both sorted by name."""
    async with admin(settings.kafka) as client:
        present = set(await client.list_topics())
        missing = [
            NewTopic(name, partitions, settings.kafka.replication, topic_configs=dict(config))
            for name, (partitions, config) in topics.items()
            if name not in present
        ]
        if missing:
            reply = await client.create_topics(missing)
            for name, code, *_ in reply.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise KafkaError(f"topic {name} was not created: {error.__name__}")
            await _visible(client, {topic.name for topic in missing})
    return sorted(topic.name for topic in missing), sorted(present & set(topics))


@asynccontextmanager
async def _within(seconds: float, complaint: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise KafkaUnavailable(f"{complaint} after {seconds:g} s") from error


async def _visible(client: AIOKafkaAdminClient, names: set[str]) -> None:
    """Wait until the broker's metadata shows a leader for every partition of `names`."""
    async with _within(LEADER_SECONDS, f"Kafka shows no leader for the new topics {', '.join(sorted(names))}"):
        while True:
            found = await client.describe_topics(sorted(names))
            ready = {
                topic["topic"]
                for topic in found
                if not topic["error_code"]
                and topic["partitions"]
                and all(p["leader"] >= 0 for p in topic["partitions"])
            }
            if ready >= names:
                return
            await asyncio.sleep(0.05)


async def partition_counts(settings: Settings, names: Iterable[str]) -> dict[str, int]:
    """Return how many partitions each existing topic of `names` has."""
    async with admin(settings.kafka) as client:
        present = set(await client.list_topics()) & set(names)
        found = await client.describe_topics(sorted(present)) if present else []
    return {topic["topic"]: len(topic["partitions"]) for topic in found}


async def committed(
    client: AIOKafkaAdminClient, group: str, asked: Collection[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Ask where a group stands on each of these partitions; its offset is -1 where it has committed nothing.

    A broker that has just come up, or has just taken the group over, does not know yet. aiokafka gives such an answer
    as one without partitions, which read as "nothing was committed" would begin everything anew: it is asked again.
    Raises `KafkaUnavailable` when the group's coordinator does not come.
    """
    if not asked:
        return {}
    async with _within(COORDINATOR_SECONDS, f"no coordinator tells where group {group} stands"):
        while True:
            try:
                found = await client.list_consumer_group_offsets(group, partitions=list(asked))
            except KafkaError as error:
                if not error.retriable:
                    raise
            else:
                if found.keys() >= set(asked):
                    return dict(found)
            await asyncio.sleep(0.2)


async def read_to_end(
    kafka: Kafka, topic: str, partitions: Iterable[int] | None = None, *, since_ms: int | None = None
) -> AsyncIterator[tuple[ConsumerRecord, int]]:
    """Yield every record of a topic up to its end as of now, with how many records are still to come (about).

    `since_ms` (epoch ms): from the first record of each partition whose time is not before. Raises `KafkaUnavailable`.
    """
    async with consumer(kafka) as reader:
        numbers = partitions if partitions is not None else await _partitions(reader, topic)
        tps = [TopicPartition(topic, number) for number in numbers]
        reader.assign(tps)
        ends = await reader.end_offsets(tps)
        position = await _go_to_start(reader, ends, since_ms)
        while any(position[tp] < ends[tp] for tp in tps):
            for record in chain.from_iterable((await reader.getmany(timeout_ms=500)).values()):
                tp = TopicPartition(topic, record.partition)
                position[tp] = record.offset + 1
                if record.offset < ends[tp]:
                    yield record, sum(max(0, ends[t] - position[t]) for t in tps)
            for tp in tps:
                # Compaction may leave no record at the end: the position passes it all the same.
                position[tp] = max(position[tp], await reader.position(tp))


async def _go_to_start(
    reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], since_ms: int | None
) -> dict[TopicPartition, int]:
    """Go to where reading begins, and say where that is: the beginning, or by time, the end where nothing is as new."""
    if since_ms is None:
        return dict(await reader.beginning_offsets(list(ends)))
    found = await reader.offsets_for_times(dict.fromkeys(ends, since_ms))
    starts = {tp: end if found[tp] is None else found[tp].offset for tp, end in ends.items()}
    for tp, offset in starts.items():
        reader.seek(tp, offset)
    return starts


async def _partitions(reader: AIOKafkaConsumer, topic: str) -> list[int]:
    """List a topic's partitions; one that Kafka does not tell of must not be taken for an empty one."""
    await reader._client.force_metadata_update()  # noqa: SLF001 - a topic that was never asked for is not in the metadata
    found = reader.partitions_for_topic(topic)
    if found is None:
        await reader._client.set_topics([topic])  # noqa: SLF001 - as above
        found = reader.partitions_for_topic(topic)
    if not found:
        raise KafkaUnavailable(no_topic(topic))
    return sorted(found)


def no_topic(topic: str) -> str:
    """Say that Kafka does not tell of a topic: it is not there, or the broker has just come up."""
    return f"Kafka tells of no topic {topic} (rapport topics create)"
