"""The product in one process without a broker: the same agents and steps over tables in memory.

Used by `rapport replay`. What our own topics carry live (`links`, `mentions-linked`, `mood`, `timers`, `examples`) is
fed back here as soon as the record that caused it is done, in order. Each partition number has its clock as live; only
that everything before a line is read when the line comes.
"""

from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, NamedTuple

from agents.handle import handle
from models.context import Context, Verdict
from models.learning.scoring import Scorer
from models.policy import Policy
from models.sentiment import Sentiment
from models.training.learners import LocalTrainer
from schemas.actions import Effect
from schemas.errors import BadMessage, BrokenInvariant, StateError
from schemas.internal import Timer
from schemas.partitioner import partition_for
from schemas.wire import decode, encode, unreadable
from stream_app.routes import ROUTES, TABLES, Route, TableSpec

TRIES = 2
FED_BACK = frozenset({"links", "mentions-linked", "mood"})
Analyse = Callable[[str, str | None], Sentiment]


class Line(NamedTuple):
    """One record of a file: logical topic, and what Kafka would give; `timestamp_ms` None = unknown."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None


class DeadLetter(NamedTuple):
    """A line that could not be taken, with its reason."""

    line: Line
    number: int
    reason: str
    error: str


@dataclass
class Given:
    """One decoded record as an agent gets it."""

    event: Any
    received_ms: int = 0
    traceparent: str | None = None


class Feed:
    """A stream that an agent iterates and that we fill one record at a time, without an event loop."""

    def __init__(self) -> None:
        self._waiting: deque[Given] = deque()

    def __aiter__(self) -> "Feed":
        """Iterate."""
        return self

    def __await__(self) -> Generator[None, None, Given]:
        """Suspend the agent until a record is there."""
        while not self._waiting:
            yield
        return self._waiting.popleft()

    async def __anext__(self) -> Given:
        """Give the next record."""
        return await self

    def put(self, given: Given) -> None:
        """Add a record."""
        self._waiting.append(given)


@dataclass
class Staging:
    """The ports of one table for the record under way: nothing shows before `LocalRuntime` takes it over."""

    values: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    verdict: Verdict[Any] | None = None

    @property
    def profiles(self) -> "Staging":
        """The table."""
        return self

    outbox = meter = profiles

    def get(self, key: str) -> Any:
        """Return the key's value."""
        return self.values.get(key)

    def put(self, key: str, value: Any) -> None:
        """Stage a value; None deletes."""
        self.changed[key] = value

    def stage(self, effects: tuple[Effect, ...]) -> None:
        """Stage effects."""
        self.effects.extend(effects)

    def observe(self, verdict: Verdict[Any]) -> None:
        """Keep the verdict."""
        self.verdict = verdict

    def clear(self) -> None:
        """Forget what the record did."""
        self.changed, self.effects, self.verdict = {}, [], None


class LocalRuntime:
    """Feeds lines through the agents; `on_effect` and `on_dead_letter` hear what comes out, in order."""

    def __init__(
        self,
        policy: Policy,
        *,
        partitions: int,
        seed: int,
        learning: bool,
        analyse: Analyse,
        on_effect: Callable[[Effect], None],
        on_dead_letter: Callable[[DeadLetter], None],
        trainer: LocalTrainer | None = None,
    ) -> None:
        self.policy = policy
        self.trainer = trainer or LocalTrainer(policy, learning=learning)
        self.tables = {table.name: Staging() for table in TABLES}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.outcomes: Counter[str] = Counter()  # heard, by whether they could be joined to what they answer
        self._partitions = partitions
        self._seed = seed
        self._analyse = analyse
        self._on_effect = on_effect
        self._on_dead_letter = on_dead_letter
        self._context = self._context_with(self.trainer.current())
        self._specs = {table.name: table for table in TABLES}
        self._agents = {route.topic: _Agent(route, self._specs[route.table], self) for route in ROUTES}
        self._highest: dict[int, int] = {}
        self._due: dict[int, list[tuple[int, str]]] = {number: [] for number in range(partitions)}
        self._numbers: dict[str, int] = {}
        self._line = Line("", None), 0  # the one under way

    def context(self) -> Context:
        """Return the context that steps run in now."""
        return self._context

    def take(self, line: Line, number: int) -> None:
        """Take one line of a `bank.*` topic to its end, with all that follows from it."""
        agent = self._agents[line.topic]
        offset = self.counts.total()
        try:
            event: Any = decode(
                line.topic, line.key, line.value, line.headers, line.timestamp_ms, (line.topic, 0, offset),
                clock_ms=max(self._highest.values(), default=0), check_key=line.key is not None,
            )  # fmt: skip
        except BadMessage as bad:
            event = unreadable(line.topic, bad)
            if event is None:
                self._letter(line, number, bad.reason, bad.detail)
                return
        self._line = line, number
        error = self._fold(agent, event, received_ms=line.timestamp_ms or 0)
        if error is not None:
            self._letter(line, number, "processing_error", error)
            return
        if agent.route.moves_clock and event.occurred_ms and getattr(event, "has_own_time", True):
            self._move_clock(self._partition_of(event.customer_id), event.occurred_ms)

    def _fold(self, agent: "_Agent", event: Any, received_ms: int = 0) -> str | None:
        """Give an event to its agent, twice if it raises; return the error's name, or take over what it did."""
        staging = self.tables[agent.route.table]
        for attempt in range(1, TRIES + 1):
            staging.clear()
            try:
                agent.give(Given(event, received_ms))
            except (BrokenInvariant, StateError):
                raise  # we are at fault, not the event: nothing that follows could be trusted
            except Exception as error:  # noqa: BLE001 - as the engine: undo, try again, then dead-letter
                if attempt == TRIES:
                    staging.clear()
                    return type(error).__name__
            else:
                break
        verdict, effects = staging.verdict, staging.effects
        assert verdict is not None
        if verdict.result != "dead_letter":  # counted with its letter
            self.counts[agent.route.topic, verdict.result] += 1
        if verdict.outcome is not None:
            self.outcomes[verdict.outcome[1]] += 1
        for key, value in staging.changed.items():
            self._put(staging, key, value, agent)
        staging.clear()
        self._deliver(effects)
        return None

    def _put(self, staging: Staging, key: str, value: Any, agent: "_Agent") -> None:
        if value is None:
            staging.values.pop(key, None)
            return
        staging.values[key] = value
        due_ms = agent.spec.codec.next_due_ms(value)
        if due_ms is not None:
            heappush(self._due[self._partition_of(key)], (due_ms, key))

    def _deliver(self, effects: list[Effect]) -> None:
        for effect in effects:
            if effect.kind == "dead_letter":
                self._letter(*self._line, effect.name, effect.body.decode())
                continue
            if effect.kind == "topic" and effect.name in FED_BACK:
                topic = effect.name
                event = decode(topic, effect.key.encode(), effect.body, (), None, (topic, 0, 0))
                failed = self._fold(self._agents[topic], event)
                if failed is not None:
                    line = Line(topic, effect.body, effect.key.encode())
                    self._letter(line, 0, "processing_error", failed)
            self._on_effect(effect)
        self.trainer.take(effects)

    def _move_clock(self, number: int, occurred_ms: int) -> None:
        """Move a partition number's clock and wake who is due by it."""
        if occurred_ms <= self._highest.get(number, -1):
            return
        self._highest[number] = occurred_ms
        now_ms = occurred_ms - self.policy.lateness_ms
        due, profiles = self._due[number], self.tables["profiles"].values
        while due and due[0][0] <= now_ms:
            due_ms, key = heappop(due)
            profile = profiles.get(key)
            if profile is not None and profile.next_due_ms() == due_ms:
                timer = Timer(customer_id=key, until_ms=now_ms)
                failed = self._fold(self._agents["timers"], timer)
                if failed is not None:
                    line = Line("timers", encode(timer), key.encode())
                    self._letter(line, self._line[1], "processing_error", failed)
        self._learn()

    def _learn(self) -> None:
        """Let the models learn what has matured on every partition number, and score by what they have become."""
        floor = min(self._highest.values()) - self.policy.lateness_ms
        if self.trainer.advance(floor, None):
            self._context = self._context_with(self.trainer.current())

    def _context_with(self, scorers: Mapping[str, Scorer]) -> Context:
        return Context(self.policy, scorers, self._seed, self._analyse)

    def _partition_of(self, key: str) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = partition_for(key.encode(), self._partitions)
        return number

    def _letter(self, line: Line, number: int, reason: str, error: str) -> None:
        self.counts[line.topic, "dead_letter"] += 1
        self._on_dead_letter(DeadLetter(line, number, reason, error))


class _Agent:
    """One agent's coroutine, fed by hand; after an exception it is started anew."""

    def __init__(self, route: Route, spec: TableSpec, runtime: LocalRuntime) -> None:
        self.route = route
        self.spec = spec
        self._runtime = runtime
        self._start()

    def _start(self) -> None:
        self._feed = Feed()
        self._running = self.route.consume(self._feed, self._handle).__await__()
        next(self._running)

    def _handle(self, record: Any, *, key: str) -> None:
        runtime = self._runtime
        ports = runtime.tables[self.route.table]
        handle(record, key=key, advance=self._advance, ports=ports)

    def _advance(self, value: Any, event: Any) -> Verdict[Any]:
        return self.spec.step(value, event, self._runtime.context())

    def give(self, given: Given) -> None:
        """Let the agent take one record; whatever it raises comes out."""
        self._feed.put(given)
        try:
            next(self._running)
        except Exception:  # whatever it was, the coroutine has ended with it: begin anew, and let the caller decide
            self._start()
            raise
