"""The product in one process without a broker: the same agents and steps over tables in memory.

Used by `rapport replay`. What our own topics carry live (`links`, `mentions-linked`, `mood`, `timers`, `examples`) is
fed back here as soon as the record that caused it is done, in order. Each partition number has its clock as live; only
that everything before a line is read when the line comes.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import Any, NamedTuple

from models.context import Context
from models.learning.scoring import Scorer
from models.policy import Policy
from models.sentiment import Sentiment
from models.training.learners import LocalTrainer
from schemas.actions import Effect
from schemas.errors import BadMessage, BrokenInvariant, StateError
from schemas.events import Interaction, Outcome, Transaction
from schemas.internal import Timer
from schemas.partitioner import partition_for
from schemas.wire import decode, encode, unreadable
from stream_app.offline.local_agent import Event, Given, LocalAgent, Staging
from stream_app.routes import ROUTES, TABLES

TRIES = 2
FED_BACK = frozenset({"links", "mentions-linked", "mood"})
CLOCKED = (Transaction, Interaction, Outcome)  # what cannot be read has no time
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
        specs = {table.name: table for table in TABLES}
        self._agents = {
            route.topic: LocalAgent(route, specs[route.table], self.tables[route.table], self.context)
            for route in ROUTES
        }
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
        event: Event | None
        try:
            event = decode(
                line.topic, line.key, line.value, line.headers, line.timestamp_ms, (line.topic, 0, offset),
                clock_ms=max(self._highest.values(), default=0), check_key=line.key is not None,
            )  # fmt: skip
        except BadMessage as bad:
            event = unreadable(line.topic, bad)
            if event is None:
                self._letter(line, number, bad.reason, bad.detail)
                return
        self._line = line, number
        taken = self._fold(agent, event, line, number)
        if taken and agent.route.moves_clock and isinstance(event, CLOCKED) and event.occurred_ms:
            self._move_clock(self._partition_of(event.customer_id), event.occurred_ms)

    def _fold(self, agent: LocalAgent, event: Event, line: Line, number: int) -> bool:
        """Give an event to its agent, twice if it raises; take over what it did, or put the event's line aside."""
        staging = agent.table
        for attempt in range(1, TRIES + 1):
            staging.clear()
            try:
                agent.give(Given(event, line.timestamp_ms or 0))
            except (BrokenInvariant, StateError):
                raise  # we are at fault, not the event: nothing that follows could be trusted
            except Exception as error:  # noqa: BLE001 - as the engine: undo, try again, then dead-letter
                if attempt == TRIES:
                    staging.clear()
                    self._letter(line, number, "processing_error", type(error).__name__)
                    return False
            else:
                break
        verdict, effects = staging.verdict, staging.effects
        assert verdict is not None
        if verdict.result != "dead_letter":  # counted with its letter
            self.counts[agent.route.topic, verdict.result] += 1
        if verdict.outcome is not None:
            self.outcomes[verdict.outcome[1]] += 1
        for key, value in staging.changed.items():
            self._put(agent, key, value)
        staging.clear()
        self._deliver(effects)
        return True

    def _put(self, agent: LocalAgent, key: str, value: Any) -> None:
        if value is None:
            agent.table.values.pop(key, None)
            return
        agent.table.values[key] = value
        due_ms = agent.spec.codec.next_due_ms(value)
        if due_ms is not None:
            heappush(self._due[self._partition_of(key)], (due_ms, key))

    def _deliver(self, effects: list[Effect]) -> None:
        for effect in effects:
            if effect.kind == "dead_letter":
                self._letter(*self._line, effect.name, effect.body.decode())
                continue
            if effect.kind == "topic" and effect.name in FED_BACK:
                line = Line(effect.name, effect.body, effect.key.encode())
                event = decode(line.topic, line.key, line.value, (), None, (line.topic, 0, 0))
                self._fold(self._agents[line.topic], event, line, 0)
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
                line = Line("timers", encode(timer), key.encode())
                self._fold(self._agents["timers"], timer, line, self._line[1])
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
