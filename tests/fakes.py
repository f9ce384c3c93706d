"""The ports of the agents in memory, and a stream made of events."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from agents.handle import Handle
from agents.handle import handle as straight_path
from agents.ports import Advance
from models.context import Verdict
from schemas.actions import Effect


@dataclass(frozen=True)
class FakeRecord:
    """A decoded record."""

    event: Any
    received_ms: int
    traceparent: str | None = None


@dataclass
class FakeProfiles:
    """A table: `values` is what is stored."""

    values: dict[str, Any] = field(default_factory=dict)
    puts: int = 0

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def put(self, key: str, value: Any) -> None:
        self.puts += 1
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value


@dataclass
class FakeOutbox:
    """Keeps what was staged, in order."""

    staged: list[Effect] = field(default_factory=list)

    def stage(self, effects: tuple[Effect, ...]) -> None:
        self.staged.extend(effects)

    def to(self, name: str) -> list[dict[str, Any]]:
        """The staged messages of one topic or stream (prefix), as JSON; of a stream entry its data."""
        bodies = [orjson.loads(effect.body) for effect in self.staged if effect.name.startswith(name)]
        return [orjson.loads(body["data"]) if "data" in body else body for body in bodies]


@dataclass
class FakeMeter:
    """Keeps the verdicts."""

    verdicts: list[Verdict[Any]] = field(default_factory=list)

    def observe(self, verdict: Verdict[Any]) -> None:
        self.verdicts.append(verdict)

    @property
    def results(self) -> list[str]:
        return [verdict.result for verdict in self.verdicts]


@dataclass
class FakePorts:
    """All three."""

    profiles: FakeProfiles = field(default_factory=FakeProfiles)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    meter: FakeMeter = field(default_factory=FakeMeter)

    def handling(self, advance: Advance) -> Handle:
        """`handle` over these ports."""
        return partial(straight_path, advance=advance, ports=self)


async def feed(*events: Any) -> AsyncIterator[FakeRecord]:
    """A stream of these events, each received when it happened."""
    for event in events:
        yield FakeRecord(event, getattr(event, "occurred_ms", 0))
