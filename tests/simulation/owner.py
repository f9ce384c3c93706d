"""One owner of one partition number: the same batch loop and the same checkpoint coroutine as a live worker.

Two coroutines take turns, as two tasks do on a live event loop: one folds batches, one delivers what is sealed.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schemas.errors import BadMessage
from stream_app.engine.batch import Batch, Given
from stream_app.engine.checkpoint import plan, run_checkpoint
from stream_app.engine.clock import PartitionClock, Timers, oldest_first
from stream_app.engine.epochs import sift
from stream_app.engine.partition import PartitionState
from stream_app.engine.rules import OutboxLimits, TableSource, TopicRule
from stream_app.engine.sealed import SealedBatch
from stream_app.engine.sole_writer import LogRecord, SoleWriter
from tests.simulation.fold import CODEC, LATENESS_MS, Fold, Timer, decode, encode
from tests.simulation.world import TABLE_OF, TABLES, TOPIC_IDS, Adapters, LocalStore, Overtaken, Pause, World

if TYPE_CHECKING:
    from collections.abc import Coroutine

RULES = {
    "X": TopicRule("customers", moves_clock=True),
    "Y": TopicRule("customers", moves_clock=True),
    "T": TopicRule("customers"),
    "C": TopicRule("customers"),
    "ML": TopicRule("customers", repeats="by_key"),
    "M": TopicRule("authors"),
    "L": TopicRule("authors", repeats="by_key"),
    "MOOD": TopicRule("mood", repeats="by_partition"),
}


@dataclass(frozen=True)
class Setup:
    """What runs: the product's own parts, unless a negative control puts another in place."""

    state: type[PartitionState] = PartitionState
    batch: type[Batch] = Batch
    checkpoint: Any = run_checkpoint
    writer: type[SoleWriter] = SoleWriter
    sift: Any = sift
    fold: type[Fold] = Fold
    rules: dict[str, TopicRule] = field(default_factory=lambda: RULES)
    fenced: bool = True
    clock_counts_undelivered: bool = False
    timers: bool = True


class Hiccup(Exception):
    """The agent raises once, after it has read, written and staged."""


class Owner:
    """A worker's ownership of one partition number, from its restore to its end."""

    def __init__(self, world: World, worker: int, number: int, fold: Fold, setup: Setup) -> None:
        self.world, self.worker, self.number, self.setup = world, worker, number, setup
        self.generation = world.generation[number]
        self.fold = fold
        stores = {table: self._restore(table) for table in TABLES}
        self.stores = stores
        self.ports = Adapters(world, stores, number, self.generation, setup.fenced, setup.writer)
        self._audited: dict[str, int] = {}
        self.position = {topic: world.committed[topic, number] for topic in TABLE_OF}
        self.delivered = dict(self.position)
        self._logs = {topic: world.logs[topic, number] for topic in TABLE_OF}
        self.state = setup.state(
            number,
            {
                table: TableSource(CODEC, store.values.get, 3, stubs=table != "authors")
                for table, store in stores.items()
            },
            setup.rules,
            {TOPIC_IDS[topic]: offset for topic, offset in self.position.items()},
            world.chance.choice((OutboxLimits(), OutboxLimits(seal_above=250, most=3_000))),
        )
        told = [topic for topic, rule in setup.rules.items() if rule.moves_clock]
        self.clock = PartitionClock(told, stores["customers"].highest_ms(), LATENESS_MS)
        self.timers = Timers()
        self.sealed: list[SealedBatch] = []
        self.delivering = False
        self.stopping = False
        self._tasks: list[Coroutine[Any, Any, None]] = [self._fold_batches(), self._deliver()]
        self._network = world.chance.choice((0.5, 0.5, 0.15))  # slow: many batches in a checkpoint

    def step(self) -> bool:
        """Run one task up to its next `await`; False when the owner has ended itself at the fence."""
        try:
            self._tasks[self.world.happens(self._network)].send(None)
        except Overtaken:
            return False
        if self.world.happens(0.05):
            self.ports.commit()
        return True

    def kill(self) -> None:
        for task in self._tasks:
            task.close()

    def leave(self) -> None:
        """Leave in good order: finish what is under way, deliver, commit."""
        self.stopping = True
        while self.state.busy or self.sealed or self.delivering:
            if not self.step():
                return
        self.ports.commit()

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do: all read, delivered, committed, and nothing due."""
        if self.state.busy or self.sealed or self.delivering or self._unread() or self._due():
            return False
        return all(self._audited.get(table) == len(self._changelog(table)) for table in TABLES)

    def _changelog(self, table: str) -> list[LogRecord]:
        return self.world.changelogs[table, self.number]

    async def _fold_batches(self) -> None:
        while True:
            await Pause()
            if self.state.waiting or self.stopping or len(self.sealed) > 6:
                continue
            batches = self._fetched()
            if not batches:
                continue
            batch = oldest_first(batches) if self.world.happens(0.5) else self.world.chance.choice(batches)
            await self._run(batch)

    def _fetched(self) -> list[Batch]:
        fetched = []
        for topic, start in self.position.items():
            records = self._logs[topic][start : start + 1 + int(5 * self.world.chance.random())]
            if records:
                fetched.append(self.setup.batch(self.state, records, self.generation, decode))
        return fetched

    async def _run(self, batch: Batch) -> None:
        raised = False
        while not batch.done:
            if self.state.waiting:
                await Pause()
                continue
            turn = batch.advance()
            if isinstance(turn, SealedBatch):
                self.sealed.append(turn)
                self.world.met.update(vars(turn.counts) | {"waits": self.state.waiting})
                self.position[batch.topic] = turn.end_offset
                if self.setup.clock_counts_undelivered:
                    self.clock.deliver(turn)
                await Pause()
                continue
            try:
                self._agent(turn)
                raised = self._hiccup(raised)
            except (ValueError, BadMessage, Hiccup) as error:
                raised = True
                batch.fail(error)
            if self.world.happens(0.1):
                if self.world.cuts:
                    batch.cut()
                    self.world.met["cut"] += 1
                    if self.world.happens(0.2):
                        batch.leave()
                        self.world.met["left"] += 1
                await Pause()
            if self.world.happens(0.01) and not self.stopping:
                self.world.met["abandoned"] += 1
                batch.abandon()  # a rebalance that gives us the partition again

    def _agent(self, given: Given) -> None:
        record, event, fold, state = given.record, given.event, self.fold, self.state
        topic, key = record.topic, record.key.decode()
        table = TABLE_OF[topic]
        old = state.get(table, record.key)
        before = None if old is None else CODEC.encode(old)
        if topic in "XY":
            on_time = event.occurred_ms >= self.world.latest_clock_ms.get(self.number, 0)
            assert on_time or self._overtaken(), "older than the clock: the clock ran ahead"
            new, effects = fold.deed(old, key, event)
        elif topic == "T":
            new, effects = fold.timer(old, key, event, f"T{record.offset}")
        else:
            verb = {"C": fold.known, "ML": fold.linked, "L": fold.claim, "M": fold.said, "MOOD": fold.mood}[topic]
            new, effects = verb(old, key, event)
        assert old is None or CODEC.encode(old) == before, "the fold changed the old value"
        if new is not None:
            state.put(table, record.key, new)
        state.stage(effects)

    def _hiccup(self, before: bool) -> bool:
        """Raise once in a while, and never twice for one event."""
        if not before and self.world.happens(0.02):
            self.world.met["hiccup"] += 1
            raise Hiccup
        return False

    def _overtaken(self) -> bool:
        return self.world.generation[self.number] != self.generation

    async def _deliver(self) -> None:
        while True:
            await Pause()
            if self.sealed:
                batches, self.sealed = self.sealed, []
                self.delivering = True
                await self.setup.checkpoint(plan(batches), self.ports.as_ports())
                self.delivering = False
                self._delivered(batches)
            elif self.world.happens(0.5):
                self.ports.commit()
            if self.setup.timers:
                await self._produce_timers()
            if self.world.happens(0.1):
                await self._audit()

    async def _audit(self) -> None:
        """Look for what others have written behind our own last record."""
        for table in TABLES:
            end = len(self._changelog(table))
            await self.ports.writer.audit((table, self.number), end, self.ports.fence)
            self._audited[table] = end

    def _delivered(self, batches: list[SealedBatch]) -> None:
        for batch in batches:
            self.delivered[batch.topic] = batch.end_offset
            if batch.topic == "T":
                self.timers.settle(batch.kept.get("customers", ()))
            if not self.setup.clock_counts_undelivered:
                self.clock.deliver(batch)

    async def _produce_timers(self) -> None:
        """Timers are moved, repeated and dropped: none of it may show."""
        now_ms = self.clock.now_ms(self._unread_by_topic())
        if now_ms is None:
            return
        latest = self.world.latest_clock_ms
        latest[self.number] = max(latest.get(self.number, 0), now_ms)
        for timer in self.timers.due(self._index(), now_ms):
            due_ms = self.stores["customers"].due[timer.key]
            times = self.world.chance.choice((0, 1, 1, 1, 2))
            for _ in range(times):
                until_ms = self.world.chance.randint(due_ms, timer.until_ms)
                self.world.produce("T", timer.key.decode(), encode(Timer(until_ms)))
            if not times or self.world.happens(0.3):
                self.timers.forget(timer)
            await Pause()

    def _index(self) -> list[tuple[int, bytes]]:
        return sorted((due_ms, key) for key, due_ms in self.stores["customers"].due.items())

    def _unread_by_topic(self) -> dict[str, bool]:
        return {topic: offset < len(self._logs[topic]) for topic, offset in self.delivered.items()}

    def _unread(self) -> bool:
        return any(self._unread_by_topic().values())

    def _due(self) -> bool:
        now_ms = self.clock.now_ms(self._unread_by_topic()) if self.setup.timers else None
        return now_ms is not None and any(due_ms <= now_ms for due_ms, _ in self._index())

    def _restore(self, table: str) -> LocalStore:
        store = self.world.stores[self.worker, table, self.number]
        store.catch_up(self._changelog(table), self.setup.sift)
        return store
