"""What happened to a model's champion, for people and for the ledger: who, when, why, and by whose word."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import orjson

What = Literal["trial_opened", "trial_closed", "promoted", "returned", "pinned", "refused", "began_anew"]
MAX_EVENTS = 50  # that a version remembers; the ledger keeps those of every version, sent or overtaken
TRAINER = "trainer"


class Event(NamedTuple):
    """One entry of a model's ledger.

    number: counts up within the model; at_ms: maturity of the last example before it; version: the first version that
    shows it; champion: who is on duty from then on; about: whom it is about; by: `trainer`, or the person who asked.
    """

    number: int
    what: What
    at_ms: int
    version: int
    champion: str
    about: str
    why: str
    by: str = TRAINER
    command_id: str = ""
    figures: Mapping[str, Any] | None = None


class Events:
    """The last events of one model."""

    def __init__(self) -> None:
        """Begin with none."""
        self.last: list[Event] = []
        self._count = 0

    def add(self, what: What, at_ms: int, version: int, champion: str, about: str, why: str, **more: Any) -> None:
        """Note what happened."""
        self._count += 1
        self.last = [*self.last, Event(self._count, what, at_ms, version, champion, about, why, **more)][-MAX_EVENTS:]

    def knows(self, command_id: str) -> bool:
        """Whether a person's command was heard before."""
        return any(event.command_id == command_id for event in self.last)

    def snapshot(self) -> dict[str, Any]:
        """All that is remembered."""
        return {"count": self._count, "last": [event._asdict() for event in self.last]}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on from a snapshot whose shape was checked."""
        self._count = data["count"]
        self.last = [Event(**{name: event[name] for name in Event._fields}) for event in data["last"]]


def ledger_records(model: str, events: Iterable[Mapping[str, Any]]) -> list[tuple[str, bytes]]:
    """Write events of a snapshot as records of `crm.models`; their keys are no version's, so nothing deletes them."""
    return [
        (f"{model}/{event['version']:010d}/event.{event['number']}", orjson.dumps({"model": model, **event}))
        for event in events
    ]
