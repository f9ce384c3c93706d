"""An in-memory Kafka, Redis and set of local stores, and the ports through which a checkpoint reaches them.

Every `await` of a port is a place where the worker may be killed, moved or overtaken: `Pause` hands control back to
whoever drives the coroutine.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence

from stream_app.engine.effects import DEAD_LETTER, Staged
from stream_app.engine.ports import Fenced, Ports, StreamCall, Write, Writes
from stream_app.engine.records import Headers, Position, Record
from stream_app.engine.stored import peek

PARTITIONS = 2
TABLE_OF = {"X": "customers", "Y": "customers", "T": "customers", "ML": "customers", "C": "customers"}
TABLE_OF |= {"M": "authors", "L": "authors", "MOOD": "mood"}
TABLES = ("customers", "authors", "mood")
TOPIC_IDS = {topic: f"00000000-0000-0000-0000-{n:012}" for n, topic in enumerate(TABLE_OF)}


def partition_of(key: str) -> int:
    return int(key[1:]) % PARTITIONS


class Overtaken(Exception):
    """The fence: another owner has the partition number."""


class Pause:
    """Hand control back to the driver once."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class LocalStore:
    """One worker's copy of one table's partition, behind the changelog, with its index by due time."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.due: dict[bytes, int] = {}
        self.changelog_offset = -1

    def apply(self, key: bytes, write: Write) -> None:
        assert self.due.get(key) == write.was_due_ms, "the index by due time lost its way"
        self.due.pop(key, None)
        if write.value is None:
            self.values.pop(key, None)
            return
        self.values[key] = write.value
        if write.next_due_ms is not None:
            self.due[key] = write.next_due_ms

    def catch_up(self, changelog: Sequence[tuple[bytes, bytes | None]]) -> None:
        for key, raw in changelog[self.changelog_offset + 1 :]:
            next_due_ms = None if raw is None else peek(raw).next_due_ms
            self.apply(key, Write(raw, next_due_ms, self.due.get(key), None))
        self.changelog_offset = len(changelog) - 1

    def highest_ms(self) -> int | None:
        told = [peek(raw).highest_ms for raw in self.values.values()]
        return max((ms for ms in told if ms is not None), default=None)


class World:
    """All that outlives a worker."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.logs: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.committed: Counter[tuple[str, int]] = Counter()
        self.changelogs: dict[tuple[str, int], list[tuple[bytes, bytes | None]]] = defaultdict(list)
        self.stores: dict[tuple[int, str, int], LocalStore] = defaultdict(LocalStore)
        self.streams: dict[str, list[bytes]] = {"A": [], "B": []}
        self.marks: dict[tuple[str, str, int], int] = {}
        self.letters: list[tuple[Position, str]] = []
        self.generation = [0] * PARTITIONS
        self.latest_clock_ms: dict[int, int] = {}
        self.met: Counter[str] = Counter()  # what has happened, so that a test can see that it does happen

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def produce(self, topic: str, key: str, value: bytes, headers: Headers = ()) -> None:
        number = partition_of(key)
        log = self.logs[topic, number]
        log.append(Record(topic, TOPIC_IDS[topic], number, len(log), key.encode(), value, headers))

    def records(self) -> Iterable[Record]:
        return (record for log in self.logs.values() for record in log)


class Adapters:
    """The ports of one owner; it dies at the fence as a worker would."""

    def __init__(
        self, world: World, stores: Mapping[str, LocalStore], number: int, generation: int, fenced: bool
    ) -> None:
        self._world = world
        self._stores = stores
        self._number = number
        self._generation = generation
        self._fenced = fenced
        self.committable: dict[str, int] = {}

    def as_ports(self) -> Ports:
        return Ports(self, self, self, self, self, self)

    async def check(self, generations: Iterable[int]) -> None:
        if self._fenced and any(self._world.generation[self._number] != told for told in generations):
            raise Overtaken

    async def append(self, writes: Writes, fence: Fenced) -> Mapping[tuple[str, int], int]:
        last = {}
        for (table, number), by_key in writes.items():
            for key, write in by_key.items():
                await fence()
                self._world.changelogs[table, number].append((key, write.value))
                last[table, number] = len(self._world.changelogs[table, number]) - 1
                await Pause()
        return last

    async def deliver(self, calls: Sequence[StreamCall], fence: Fenced) -> None:
        for call in calls:
            await fence()
            mark = (call.stream, call.topic_id, call.partition)
            before = self._world.marks.get(mark, -1)
            fresh = [staged.effect.body for staged in call.entries if staged.record.offset > before]
            self._world.streams[call.stream] += fresh
            self._world.marks[mark] = max(before, call.end_offset)
            await Pause()

    async def produce(self, staged: Sequence[Staged], fence: Fenced) -> None:
        for each in staged:
            await fence()
            if each.effect.kind == DEAD_LETTER:
                self._world.letters.append((each.position, each.effect.name))
            else:
                self._world.produce(each.effect.name, each.effect.key, each.effect.body, each.origin.headers())
            await Pause()

    def advance(self, topic: str, partition: int, next_offset: int) -> None:
        assert next_offset >= self.committable.get(topic, 0), "offsets go forward only"
        self.committable[topic] = next_offset

    def commit(self) -> None:
        """What Faust's timer does: the broker refuses it from an old generation."""
        if self._fenced and self._world.generation[self._number] != self._generation:
            return
        for topic, offset in self.committable.items():
            spot = (topic, self._number)
            self._world.committed[spot] = max(self._world.committed[spot], offset)

    async def write(self, table: str, partition: int, writes: Mapping[bytes, Write], changelog_offset: int) -> None:
        await Pause()
        store = self._stores[table]
        for key, write in writes.items():
            store.apply(key, write)
        store.changelog_offset = changelog_offset
