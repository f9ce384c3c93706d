"""An in-memory Kafka, Redis and set of local stores, and the ports through which a checkpoint reaches them.

Every `await` of a port is a place where the worker may be killed, moved or overtaken: `Pause` hands control back to
whoever drives the coroutine. What has passed the fence is on the wire: it takes effect one request at a time, a kill or
a lease that runs out leaves a part of it on its way, and that lands whenever it likes, or never.
"""

import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from stream_app.engine.effects import DEAD_LETTER, Staged
from stream_app.engine.epochs import sift
from stream_app.engine.ports import Fenced, Ports, StreamCall, Write
from stream_app.engine.records import Headers, Position, Record
from stream_app.engine.sole_writer import Appended, LeaseRanOutError, LogRecord, SoleWriter, Values, Where
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
        self.epoch = 0
        self.overruled = frozenset[bytes]()

    def apply(self, key: bytes, write: Write) -> None:
        assert self.due.get(key) == write.was_due_ms, "the index by due time lost its way"
        self.due.pop(key, None)
        if write.value is None:
            self.values.pop(key, None)
            return
        self.values[key] = write.value
        if write.next_due_ms is not None:
            self.due[key] = write.next_due_ms

    def catch_up(self, changelog: Sequence[LogRecord], sift: Any = sift) -> None:
        fresh = ((it.key, it.value, it.epoch) for it in changelog[self.changelog_offset + 1 :])
        values, self.epoch, overruled = sift(fresh, self.epoch)
        self.overruled = (self.overruled - values.keys()) | overruled
        for key, raw in values.items():
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
        self.cuts = seed % 2 == 0  # batches; no throw of the dice, so that all others fall as before
        self.logs: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.committed: Counter[tuple[str, int]] = Counter()
        self.changelogs: dict[Where, list[LogRecord]] = defaultdict(list)
        self.late: list[deque[Callable[[], Any]]] = []  # what a worker that is gone, or gave up, left on the wire
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

    def leave_on_the_wire(self, requests: Iterable[Callable[[], Any]]) -> None:
        """What was sent in order arrives in order, and from some point on not at all."""
        sent = list(requests)
        arriving = deque(sent[: self.chance.randint(0, len(sent))])
        if arriving:
            self.late.append(arriving)

    def land(self) -> None:
        """Let one of the requests that are still on the wire take effect."""
        arriving = self.chance.choice(self.late)
        arriving.popleft()()
        self.met["landed late"] += 1
        if not arriving:
            self.late.remove(arriving)

    def change(self, where: Where, key: bytes, value: bytes | None, epoch: int) -> int:
        log = self.changelogs[where]
        log.append(LogRecord(len(log), key, value, epoch))
        return len(log) - 1

    def script(self, call: StreamCall) -> None:
        """The mark script: what is at or below the mark is in already."""
        mark = (call.stream, call.topic_id, call.partition)
        before = self.marks.get(mark, -1)
        self.streams[call.stream] += [it.effect.body for it in call.entries if it.record.offset > before]
        self.marks[mark] = max(before, call.end_offset)

    def output(self, staged: Staged) -> None:
        if staged.effect.kind == DEAD_LETTER:
            self.letters.append((staged.position, staged.effect.name))
        else:
            self.produce(staged.effect.name, staged.effect.key, staged.effect.body, staged.origin.headers())

    def records(self) -> Iterable[Record]:
        return (record for log in self.logs.values() for record in log)


class Adapters:
    """The ports of one owner; it dies at the fence as a worker would."""

    def __init__(
        self,
        world: World,
        stores: Mapping[str, LocalStore],
        number: int,
        generation: int,
        fenced: bool,
        writer: type[SoleWriter] = SoleWriter,
    ) -> None:
        self._world = world
        self._stores = stores
        self._number = number
        self._generation = generation
        self._fenced = fenced
        self.writer = writer(Changelogs(self), Restored(stores), lambda: generation)
        self.committable: dict[str, int] = {}

    def as_ports(self) -> Ports:
        return Ports(self, self.writer, self, self, self, self)

    async def check(self, generations: Iterable[int]) -> None:
        if self._fenced and any(self._world.generation[self._number] != told for told in generations):
            raise Overtaken

    async def fence(self) -> None:
        await self.check((self._generation,))

    async def over_the_wire(self, requests: Sequence[Callable[[], Any]], fence: Fenced) -> list[Any]:
        """Pass the fence, send, and wait for the answers; raises `LeaseRanOutError`."""
        await fence()
        world, left, answers = self._world, deque(requests), []
        try:
            while left:
                await Pause()
                if world.happens(0.01):
                    world.met["lease"] += 1
                    raise LeaseRanOutError  # noqa: TRY301 - as a kill does, it leaves the rest on the wire
                answers.append(left.popleft()())
            await Pause()  # the answer is on its way
        except (GeneratorExit, LeaseRanOutError):
            world.leave_on_the_wire(left)
            raise
        return answers

    async def until_answered(self, requests: Sequence[Callable[[], Any]], fence: Fenced) -> None:
        """Send what takes effect at most once, or may do so twice, until all is answered."""
        while True:
            with suppress(LeaseRanOutError):
                await self.over_the_wire(requests, fence)
                return

    async def deliver(self, calls: Sequence[StreamCall], fence: Fenced) -> None:
        await self.until_answered([partial(self._world.script, call) for call in calls], fence)

    async def produce(self, staged: Sequence[Staged], fence: Fenced) -> None:
        await self.until_answered([partial(self._world.output, each) for each in staged], fence)

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
        store = self._stores[table]
        if not writes and store.changelog_offset == changelog_offset:
            return
        await Pause()
        for key, write in writes.items():
            store.apply(key, write)
        store.changelog_offset = changelog_offset
        store.epoch = self.writer.epoch((table, partition))


class Changelogs:
    """The changelogs as one owner reaches them; port `Log` of the sole writer."""

    def __init__(self, adapters: Adapters) -> None:
        self._adapters = adapters
        self._world = adapters._world

    async def append(
        self, values: Mapping[Where, Values], epochs: Mapping[Where, int], fence: Fenced
    ) -> Mapping[Where, Sequence[Appended]]:
        records = [(where, key, value) for where, by_key in values.items() for key, value in by_key.items()]
        requests = [partial(self._world.change, where, key, value, epochs[where]) for where, key, value in records]
        offsets = await self._adapters.over_the_wire(requests, fence)
        appended: dict[Where, list[Appended]] = {}
        for (where, _, _), offset in zip(records, offsets, strict=True):
            told = -1 if self._world.happens(0.05) else offset  # a repeat that the broker recognised
            appended.setdefault(where, []).append(Appended(told, 1))
        return appended

    async def read(self, where: Where, first: int, end: int, fence: Fenced) -> Sequence[LogRecord]:
        await fence()
        await Pause()
        return self._world.changelogs[where][first:end]


class Restored:
    """What one owner has restored; port of the sole writer."""

    def __init__(self, stores: Mapping[str, LocalStore]) -> None:
        self._stores = stores

    def changelog_offset(self, where: Where) -> int | None:
        offset = self._stores[where[0]].changelog_offset
        return None if offset < 0 else offset

    def epoch(self, where: Where) -> int:
        return self._stores[where[0]].epoch

    def overruled(self, where: Where) -> frozenset[bytes]:
        return self._stores[where[0]].overruled

    def repaired(self, where: Where) -> None:
        self._stores[where[0]].overruled = frozenset()

    def value(self, where: Where, key: bytes) -> bytes | None:
        return self._stores[where[0]].values.get(key)
