"""What a worker learns of Kafka when partitions are assigned, and what it refuses to start on.

Runs in the consumer's thread, since aiokafka's client belongs to that thread's event loop.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from aiokafka import AIOKafkaConsumer
from faust.types import TP

from stream_app.engine.seams import kafka_client
from stream_app.engine.topic_ids import TopicInfo, all_told, read_topics
from stream_app.engine.topics import Registry


@dataclass(frozen=True)
class Assignment:
    """Topic facts, and where reading starts: committed offset, or the beginning where nothing is committed yet."""

    topics: Mapping[str, TopicInfo]
    start: Mapping[TP, int]
    end: Mapping[TP, int]
    committed: Mapping[TP, int]
    lost: Mapping[TP, int]
    """Records between committed offset and log start: deleted (retention) before we have read them."""


class Refusal(Exception):
    """The worker must not start on this; the text says what to do."""


async def inspect(
    consumer: AIOKafkaConsumer, tps: Iterable[TP], committed: Mapping[TP, int | None], names: Iterable[str]
) -> Assignment:
    """Read topic ids and offsets for the assigned event partitions; topics that are missing are asked for again."""
    parts, wanted = list(tps), set(names)
    topics, first, end = await asyncio.gather(
        all_told(partial(read_topics, kafka_client(consumer), wanted), wanted),
        consumer.beginning_offsets(parts),
        consumer.end_offsets(parts),
    )
    return assignment_of(topics, committed, first, end)


def assignment_of(
    topics: Mapping[str, TopicInfo], committed: Mapping[TP, int | None], first: Mapping[TP, int], end: Mapping[TP, int]
) -> Assignment:
    """Tell where reading starts, and what can no longer be read, from committed offsets and the logs' first ones."""
    known = {tp: offset for tp, offset in committed.items() if offset is not None and offset > 0}
    start = {tp: max(known.get(tp, 0), offset) for tp, offset in first.items()}
    lost = {tp: first[tp] - offset for tp, offset in known.items() if first.get(tp, 0) > offset}
    return Assignment(topics, start, end, known, lost)


def refuse_impossible(assignment: Assignment, registry: Registry, changelogs: Mapping[str, str]) -> None:
    """Raise `Refusal` for topics that are missing, uneven, or were made again under their old names.

    `changelogs` gives each table's changelog topic.
    """
    for table, changelog in changelogs.items():
        counts = {}
        for name in [*(topic.name for topic in registry.of_table(table)), changelog]:
            info = assignment.topics.get(name)
            if info is None:
                raise Refusal(f"topic {name} does not exist; create the topics first")
            counts[name] = info.partitions
        if len(set(counts.values())) > 1:
            raise Refusal(f"the topics of table {table} must have the same number of partitions, but have {counts}")
    for tp, offset in assignment.committed.items():
        if tp in assignment.end and offset > assignment.end[tp]:
            raise Refusal(
                f"{tp.topic}-{tp.partition}: committed offset {offset} lies beyond the end {assignment.end[tp]}: "
                "the topic was made again or has lost records; reset the group's offsets to go on"
            )
