"""What feeds do to good events on their way: delay, repeat, shuffle and spoil them, in given shares."""

from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from stream_app.simulate.brokenness import pick
from stream_app.simulate.lines import Line, key_of
from stream_app.simulate.options import Options
from stream_app.simulate.seasons import HOUR_MS, MINUTE_MS

LATE_HOURS = (1.0, 36.0)
SHUFFLE_MINUTES = (1.0, 8.0)


@dataclass(slots=True)
class Feeds:
    """The way from the bank's systems to the topics; a line's `fault` tells what went wrong on it."""

    options: Options
    rng: Random
    spoilt: int = 0

    def carry(self, topic: str, value: dict[str, Any], occurred_ms: int) -> list[Line]:
        """Return the lines that one event becomes: one, or two with a duplicate or a broken copy.

        At most one fault befalls an event.
        """
        rng, event_id, fate = self.rng, str(value["event_id"]), self._fate(topic)
        arrival = occurred_ms + int(rng.random() * 900) + 50
        if fate == "late":
            arrival += int(rng.uniform(*LATE_HOURS) * HOUR_MS)
        elif fate == "out_of_order":
            arrival += int(rng.uniform(*SHUFFLE_MINUTES) * MINUTE_MS)
        delayed = fate in ("late", "out_of_order")
        good = Line(topic, key_of(value), orjson.dumps(value), arrival, event_id, fate if delayed else "")
        if delayed:
            return [good]
        if fate == "duplicate":
            return [good, self._again(good, value)]
        if fate == "broken":
            return [good, self._broken(good, value)]
        return [good]

    def _fate(self, topic: str) -> str:
        """Draw the fault that befalls an event, or "". Master data is never delayed: it comes first."""
        shares, draw = self.options.faults, self.rng.random()
        for fault in ("late", "out_of_order", "duplicate", "broken"):
            draw -= getattr(shares, fault)
            if draw < 0.0:
                return "" if fault in ("late", "out_of_order") and topic.endswith(".customers") else fault
        return ""

    def _again(self, good: Line, value: dict[str, Any]) -> Line:
        """Send the same event a second time, up to ten minutes later; the first one wins whatever this one says."""
        rng = self.rng
        arrival = good.arrival_ms + int(rng.uniform(0.01, 10.0) * MINUTE_MS)
        body, fault = good.value, "duplicate"
        if rng.random() < 1 / 3:
            fault = "duplicate_changed"
            field, other = next((f, o) for f, o in _OTHER_CONTENT if f in value)
            body = orjson.dumps({**value, field: other})
        return Line(good.topic, good.key, body, arrival, good.event_id, fault)

    def _broken(self, good: Line, value: dict[str, Any]) -> Line:
        """Send a spoilt copy, with an event id of its own so that it is no duplicate."""
        self.spoilt += 1
        event_id = f"X-{self.spoilt}"
        kind = pick(self.rng, value)
        broken = kind.spoil({**value, "event_id": event_id}, good.key or "")
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
