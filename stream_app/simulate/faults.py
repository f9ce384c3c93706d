"""What feeds do to good events on their way: delay, repeat, shuffle and spoil them, in given shares."""

from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from stream_app.simulate.brokenness import pick
from stream_app.simulate.lines import Line, key_of
from stream_app.simulate.options import Options
from stream_app.simulate.seasons import HOUR_MS, MINUTE_MS
from stream_app.simulate.truth import Truth

LATE_HOURS = (1.0, 36.0)
SHUFFLE_MINUTES = (1.0, 8.0)


@dataclass(slots=True)
class Feeds:
    """The way from the bank's systems to the topics; counts in the truth what goes wrong on it."""

    options: Options
    rng: Random
    truth: Truth
    spoilt: int = 0

    def carry(self, topic: str, value: dict[str, Any], occurred_ms: int) -> list[Line]:
        """The lines that one event becomes: one, or more with a duplicate or a broken copy.

        Only the first copy counts as good. At most one fault befalls an event.
        """
        shares, rng, event_id = self.options.faults, self.rng, str(value["event_id"])
        draw, arrival, fault = rng.random(), occurred_ms + int(rng.random() * 900) + 50, ""
        if draw < shares.late:
            fault, arrival = "late", arrival + int(rng.uniform(*LATE_HOURS) * HOUR_MS)
        elif (draw := draw - shares.late) < shares.out_of_order:
            fault, arrival = "out_of_order", arrival + int(rng.uniform(*SHUFFLE_MINUTES) * MINUTE_MS)
        good = Line(topic, key_of(value), orjson.dumps(value), arrival, event_id, fault)
        self.truth.lines[topic, "good"] += 1
        if fault:
            self.truth.faults[fault, topic] += 1
            return [good]
        draw -= shares.out_of_order
        if draw < shares.duplicate:
            return [good, self._again(good, value)]
        if draw - shares.duplicate < shares.broken:
            return [good, self._broken(good, value)]
        return [good]

    def _again(self, good: Line, value: dict[str, Any]) -> Line:
        """The same event a second time, up to ten minutes later; the first one wins whatever this one says."""
        rng = self.rng
        arrival = good.arrival_ms + int(rng.uniform(0.01, 10.0) * MINUTE_MS)
        body, fault = good.value, "duplicate"
        if rng.random() < 1 / 3:
            fault = "duplicate_changed"
            field, other = next((f, o) for f, o in _OTHER_CONTENT if f in value)
            body = orjson.dumps({**value, field: other})
        self.truth.lines[good.topic, "duplicate"] += 1
        self.truth.faults[fault, good.topic] += 1
        return Line(good.topic, good.key, body, arrival, good.event_id, fault)

    def _broken(self, good: Line, value: dict[str, Any]) -> Line:
        """A spoilt copy, with an event id of its own so that it is no duplicate."""
        self.spoilt += 1
        event_id = f"X-{self.spoilt}"
        kind = pick(self.rng, value)
        broken = kind.spoil({**value, "event_id": event_id}, good.key or "")
        self.truth.lines[good.topic, "broken"] += 1
        self.truth.broken[kind.name, kind.reason] += 1
        arrival = good.arrival_ms + self.rng.randint(1, 60_000)
        return Line(
            good.topic,
            broken.key,
            broken.value,
            arrival,
            event_id,
            f"broken:{kind.name}",
            plain=False,
            embeds=broken.embeds,
            headers=broken.headers,
        )


_OTHER_CONTENT = (
    ("amount", "99999.99"),
    ("reach", 0),
    ("kind", "other"),
    ("label", "Dismissed"),
    ("birth_year", 1990),
)
