"""What an agent needs of the outside, as Protocols; `tests.fakes` has each of them in memory."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from models.context import Verdict
from schemas.actions import Effect

Value = TypeVar("Value")

Advance = Callable[[Any, Any], Verdict[Any]]
"""From a table's value (None: none) and an event to a verdict: `models.step.step` with its context bound."""


class Record(Protocol):
    """One decoded record of a topic, past the engine's offset guard."""

    @property
    def event(self) -> Any:
        """The validated event."""
        ...

    @property
    def received_ms(self) -> int:
        """When the broker took it (epoch ms)."""
        ...

    @property
    def traceparent(self) -> str | None:
        """The trace that it belongs to, if any."""
        ...


class Profiles(Protocol):
    """The table of the batch's partition: what is put is staged, and stored with the batch."""

    def get(self, key: str) -> Any:
        """Return the value, None where there is none."""
        ...

    def put(self, key: str, value: Any) -> None:
        """Stage the new value; None deletes."""
        ...


class Outbox(Protocol):
    """Effects wait here in the stored value until they are out."""

    def stage(self, effects: tuple[Effect, ...]) -> None:
        """Stage what the record just put wants done outside."""
        ...


class Meter(Protocol):
    """Counts what steps found."""

    def observe(self, verdict: Verdict[Any]) -> None:
        """Count one verdict."""
        ...


class Ports(Protocol):
    """The three together, as the engine or a replay hands them to `handle`."""

    @property
    def profiles(self) -> Profiles:
        """The table (of profiles, authors or moods)."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The effects' waiting room."""
        ...

    @property
    def meter(self) -> Meter:
        """The counter."""
        ...
