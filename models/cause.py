"""What brings actions about: an event, or work that time made due. It gives the actions their ids."""

from typing import Protocol, Self

from schemas.actions import action_id
from schemas.profile import Due


class Told(Protocol):
    """What a cause needs of an event of one customer."""

    @property
    def event_id(self) -> str:
        """Its idempotency key."""
        ...

    @property
    def customer_id(self) -> str:
        """Whom it is about."""
        ...

    @property
    def occurred_ms(self) -> int:
        """When it happened (epoch ms)."""
        ...


class Cause:
    """One event, or one piece of due work, for as long as a step deals with it.

    `source_id` and `at_ms` stand for it in the ids of what it brings about (docs/rules.md, 20); `timed` marks due work,
    whose effects carry no traceparent. The running number of `id` counts per name, so that what one rule does cannot
    change the ids of another's.

    >>> cause = Cause("t-1", 0, "C1")
    >>> cause.id("offer") == cause.id("offer"), cause.id("other") == Cause("t-1", 0, "C1").id("other")
    (False, True)
    """

    __slots__ = ("_numbers", "at_ms", "customer_id", "source_id", "timed")

    def __init__(self, source_id: str, at_ms: int, customer_id: str, *, timed: bool = False) -> None:
        self.source_id = source_id
        self.at_ms = at_ms
        self.customer_id = customer_id
        self.timed = timed
        self._numbers: dict[str, int] = {}

    @classmethod
    def of_event(cls, event: Told) -> Self:
        """Take an event as the cause."""
        return cls(event.event_id, event.occurred_ms, event.customer_id)

    @classmethod
    def of_work(cls, customer_id: str, due: Due) -> Self:
        """Take due work as the cause: its name, subject and due time stand for an event's id and time."""
        source_id = f"{due.name}:{due.about}" if due.about else due.name
        return cls(source_id, due.due_ms, customer_id, timed=True)

    def id(self, name: str) -> str:
        """Make the id of the next action that `name` (a rule, an action) takes because of this."""
        number = self._numbers.get(name, 0)
        self._numbers[name] = number + 1
        return action_id(self.source_id, self.at_ms, self.customer_id, name, number)
