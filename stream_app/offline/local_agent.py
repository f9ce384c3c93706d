"""An agent and its table in memory: records are handed to it one by one, without a broker or an event loop."""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from agents.handle import handle
from agents.ports import Record
from models.context import Context, Verdict
from schemas.actions import Effect
from schemas.internal import Unreadable
from schemas.wire import AnyEvent
from stream_app.routes import Route, TableSpec

Event = AnyEvent | Unreadable


@dataclass
class Given:
    """One decoded record as an agent gets it."""

    event: Event
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
    """The ports of one table for the record under way: nothing shows before `LocalRuntime` takes it over.

    What a value is (a profile, an author, a mood) only the table's step and codec know.
    """

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


class LocalAgent:
    """One agent's coroutine, fed by hand; after an exception it is started anew."""

    def __init__(self, route: Route, spec: TableSpec, table: Staging, context: Callable[[], Context]) -> None:
        """Let the agent of `route` work on `table`; `context` says in which context a step runs now."""
        self.route = route
        self.spec = spec
        self.table = table
        self._context = context
        self._start()

    def _start(self) -> None:
        self._feed = Feed()
        self._running = self.route.consume(self._feed, self._handle).__await__()
        next(self._running)

    def _handle(self, record: Record, *, key: str) -> None:
        handle(record, key=key, advance=self._advance, ports=self.table)

    def _advance(self, value: Any, event: Event) -> Verdict[Any]:
        return self.spec.step(value, event, self._context())

    def give(self, given: Given) -> None:
        """Let the agent take one record; whatever it raises comes out."""
        self._feed.put(given)
        try:
            next(self._running)
        except Exception:  # whatever it was, the coroutine has ended with it: begin anew, and let the caller decide
            self._start()
            raise
