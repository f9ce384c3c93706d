"""Topic UUIDs by the Metadata API, version 12.

Guards and marks are kept by UUID, since a topic that was deleted and created again starts at offset 0 under the same
name. aiokafka 0.14 speaks Metadata up to version 5, which has no ids; its protocol classes carry the later one.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

log = logging.getLogger(__name__)

NO_ID = uuid.UUID(int=0)
TOPICS_SECONDS = 10.0
"""For so long topics that Kafka does not tell of are asked for again: one that has just come up may tell of none."""
AGAIN_SECONDS = 0.25

T = TypeVar("T")


class Uuid(AbstractType[uuid.UUID]):  # type: ignore[misc]
    """The 16 bytes of a Kafka UUID."""

    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        """Return the 16 bytes."""
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        """Read 16 bytes."""
        return uuid.UUID(bytes=data.read(16))


class MetadataResponseV12(Response):  # type: ignore[misc]
    """Metadata with topic ids (KIP-516)."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class MetadataRequestV12(RequestStruct):  # type: ignore[misc]
    """Metadata request that names topics and creates none."""

    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = MetadataResponseV12
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicIdsRequest(Request[MetadataRequestV12]):  # type: ignore[misc]
    """Asks for the ids of the named topics."""

    API_KEY = 3

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[MetadataRequestV12]) -> MetadataRequestV12:
        """Fill the request in."""
        topics: list[Any] = [(NO_ID, name, {}) for name in self._names]
        return request_struct_class(topics, False, False, {})


@dataclass(frozen=True)
class TopicInfo:
    """What a broker says of one topic."""

    name: str
    topic_id: str
    """UUID in its usual text form."""
    partitions: int


async def all_told(
    ask: Callable[[], Awaitable[Mapping[str, T]]], wanted: Collection[str], seconds: float = TOPICS_SECONDS
) -> Mapping[str, T]:
    """Ask about topics until Kafka tells of all that are wanted, or for so many seconds; returns the last answer."""
    deadline = asyncio.get_running_loop().time() + seconds
    found = await ask()
    if missing := sorted(set(wanted) - found.keys()):
        log.warning("Kafka tells of no %s; asking again for up to %g s", ", ".join(missing), seconds)
    while set(wanted) - found.keys() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(AGAIN_SECONDS)
        found = await ask()
    return found


async def read_topics(client: AIOKafkaClient, names: Iterable[str]) -> dict[str, TopicInfo]:
    """Ask any broker for ids and partition counts; must run on the client's event loop.

    A topic that does not exist is left out. Raises `KafkaError` when no broker answers.
    """
    wanted = sorted(set(names))
    if not wanted:
        return {}
    failure: BaseException | None = None
    for broker in client.cluster.brokers():
        try:
            response = await client.send(broker.nodeId, TopicIdsRequest(wanted))
            return _parse(response)
        except (KafkaError, TimeoutError, OSError) as exc:
            failure = exc
    raise KafkaError(f"no broker told the topic ids: {failure!r}")


def _parse(response: Any) -> dict[str, TopicInfo]:
    found: dict[str, TopicInfo] = {}
    for error_code, name, topic_id, _internal, partitions, _operations, _tags in response.topics:
        error = for_code(error_code)
        if error_code == 3:  # UNKNOWN_TOPIC_OR_PARTITION
            continue
        if error_code != 0:
            raise error(f"metadata of topic {name}")
        if topic_id == NO_ID:
            raise KafkaError(f"the broker gave no id for topic {name}: a KRaft cluster of Kafka 3.1 or later is needed")
        found[name] = TopicInfo(name, str(topic_id), len(partitions))
    return found
