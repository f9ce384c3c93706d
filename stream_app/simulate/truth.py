"""What really is so: kept beside the stream, never in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stream_app.simulate.outcomes import acceptance
from stream_app.simulate.people import THEMES, Episode, Person
from stream_app.simulate.tally import Tally


@dataclass(slots=True)
class Truth:
    """Everything that the stream must not tell, gathered while it is written; `tally` counts the lines given out."""

    episodes: list[Episode] = field(default_factory=list)
    remarks: list[dict[str, object]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    offers: list[dict[str, object]] = field(default_factory=list)
    findings: int = 0
    incident_ms: int | None = None

    def records(self, people: list[Person], end_ms: int) -> Iterator[dict[str, object]]:
        """Yield the truth as JSON records, each with a `record` that says of what; complete after the stream's end."""
        yield {"record": "period", "end_ms": end_ms, "customers": len(people)}
        yield {"record": "counts", **self.counts()}
        if self.incident_ms is not None:
            yield {"record": "incident", "start_ms": self.incident_ms}
        for person in people:
            yield customer_truth(person, end_ms)
        for episode in self.episodes:
            yield {
                "record": "fraud" if episode.fraud else "look_alike",
                "kind": episode.kind,
                "customer_id": episode.customer_id,
                "start_ms": episode.start_ms,
                "event_ids": episode.event_ids,
            }
        yield from self.remarks
        yield from self.offers

    def counts(self) -> dict[str, Any]:
        """Return lines by topic and state, faults by kind and topic, broken messages by kind, analysts' findings."""
        return {**self.tally.summary(), "findings": self.findings}


def customer_truth(person: Person, end_ms: int) -> dict[str, object]:
    """One customer's persona, departure, innocent signs and true chances to accept."""
    leaving = person.leaving
    return {
        "record": "customer",
        "customer_id": person.customer_id,
        "persona": person.persona.name,
        "leaves": None
        if leaving is None
        else {
            "cause": leaving.cause,
            "first_sign_ms": leaving.first_sign_ms,
            "planted_ms": leaving.left_ms,
            "in_period": leaving.left_ms < end_ms,
            "how": "closed" if leaving.closes else "drained",
        },
        "decoys": person.decoys,
        "averse": person.averse,
        "handle": person.handle or None,
        "linked": person.linked,
        "acceptance": {theme: round(acceptance(person, theme, "mobile", 0), 6) for theme in THEMES},
    }
