"""What was fetched, made into batches: holes looked at twice, long runs cut, the oldest first time first."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from aiokafka.structs import ConsumerRecord
from faust.types import TP

from stream_app.engine.batch import Batch
from stream_app.engine.clock import oldest_first
from stream_app.engine.partition import PartitionState
from stream_app.engine.records import Record
from stream_app.engine.topics import EventTopic


class Hole(NamedTuple):
    """A fetch that starts later than expected: compaction, or a stale fetch that a seek has overtaken."""

    expected: int
    got: int


class EngineBatch(Batch):
    """A batch that knows its topic, for the fetch loop."""

    def __init__(self, topic: EventTopic, state: PartitionState, records: Sequence[Record], generation: int) -> None:
        super().__init__(state, records, generation, topic.decode)
        self.source = topic
        self.state = state

    def __len__(self) -> int:
        return len(self._records)


class Workplace(Protocol):
    """Where batches are made for: the topics and the state of each partition number."""

    batch_records: int

    def source(self, tp: TP) -> tuple[EventTopic, PartitionState]:
        """Return topic and state of an event partition."""
        ...


def after_expected(
    records: Sequence[ConsumerRecord], expected: int | None, known: Hole | None
) -> tuple[Sequence[ConsumerRecord], Hole | None]:
    """Return the records at or after `expected`, or a hole to look at again; the same hole twice is a real one."""
    if expected is None or not records:
        return records, None
    first = records[0].offset
    if first < expected:
        return [record for record in records if record.offset >= expected], None
    hole = Hole(expected, first)
    if first > expected and hole != known:
        return (), hole
    return records, None


def in_order(
    fetched: Mapping[TP, Sequence[ConsumerRecord]], generation: int, workplace: Workplace
) -> Iterator[tuple[TP, EngineBatch]]:
    """Yield all batches; within a partition number of a table the one whose first event is oldest goes first."""
    groups: dict[PartitionState, list[deque[EngineBatch]]] = defaultdict(list)
    for tp, records in fetched.items():
        topic, state = workplace.source(tp)
        groups[state].append(deque(_batches(topic, state, records, generation, workplace.batch_records)))
    for queues in groups.values():
        while queues:
            batch = oldest_first([queue[0] for queue in queues])
            queue = next(queue for queue in queues if queue[0] is batch)
            queue.popleft()
            if not queue:
                queues.remove(queue)
            yield TP(batch.topic, batch.partition), batch


def _batches(
    topic: EventTopic, state: PartitionState, records: Sequence[ConsumerRecord], generation: int, size: int
) -> Iterator[EngineBatch]:
    topic_id = topic.topic_id
    assert topic_id is not None, "batches are made only after the topic's id is known"
    for begin in range(0, len(records), size):
        chunk = [
            Record(r.topic, topic_id, r.partition, r.offset, r.key or b"", r.value, r.headers, r.timestamp)
            for r in records[begin : begin + size]
        ]
        yield EngineBatch(topic, state, chunk, generation)
