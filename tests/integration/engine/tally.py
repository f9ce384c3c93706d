"""What the engine's tests fold: a tally per key, pure, so that a worker and an oracle can share it.

Some alerts follow from the event alone (each seventh amount), others from the state that it meets (milestones, asks,
due work): a replay that meets another state decides otherwise, and the tally remembers what went out.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import msgpack
import orjson

from stream_app.engine.effects import Effect

DUE_AFTER_MS = 60_000
LATENESS_MS = 1_000
STREAM = "alerts:test:p1"


@dataclass(frozen=True)
class Event:
    """One event; `ask` changes nothing unless the tally stands at a multiple of three, and then alerts."""

    event_id: str
    key: str
    occurred_ms: int
    amount: int
    fail: int = 0
    ask: bool = False
    topic: str = "events"


@dataclass(frozen=True)
class Timer:
    """Advance the key to a time."""

    key: str
    until_ms: int


@dataclass(frozen=True)
class Rule:
    """The policy of a deployment: an alert at each so-manieth event (0: none), and bytes to fill a disk with.

    So many event ids are remembered per key and topic; a repeat within so many events is known.
    """

    every: int = 0
    remembered: int = 16
    padding: int = 0


@dataclass(frozen=True)
class Part:
    """What one topic brought: `digest` weighs the order of its events."""

    digest: int = 0
    recent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """What is remembered of a key; `raised` and `raised_sum` tell which alerts went out, in any order."""

    count: int = 0
    total: int = 0
    parts: dict[str, Part] = field(default_factory=dict)
    due_ms: int | None = None
    fired: int = 0
    repeats: int = 0
    raised: int = 0
    raised_sum: int = 0
    padding: bytes = b""

    @property
    def digest(self) -> int:
        """The digest of a tally that one topic feeds."""
        return sum(part.digest for part in self.parts.values())


class TallyCodec:
    """msgpack of the fields."""

    def encode(self, value: Tally) -> bytes:
        parts = {topic: (part.digest, part.recent) for topic, part in value.parts.items()}
        packed: bytes = msgpack.packb((*(value.__dict__ | {"parts": parts}).values(),))
        return packed

    def decode(self, raw: bytes) -> Tally:
        tally = Tally(*msgpack.unpackb(raw))
        return replace(tally, parts={topic: Part(digest, tuple(ids)) for topic, (digest, ids) in tally.parts.items()})

    def next_due_ms(self, value: Tally) -> int | None:
        return value.due_ms


def alert(alert_id: str, key: str, count: int) -> Effect:
    data = orjson.dumps({"key": key, "count": count}).decode()
    body = {"id": alert_id, "type": "test.alert", "data": data, "occurred_at": "", "expires_at": ""}
    return Effect("stream", STREAM, "", orjson.dumps(body))


def told(ids: Iterable[str]) -> int:
    """What a tally remembers of these alerts: a sum, so that their order does not count."""
    return sum(crc32(alert_id.encode()) for alert_id in ids)


def fold(tally: Tally | None, event: Event, rule: Rule = Rule()) -> tuple[Tally | None, list[Effect]]:
    """Apply an event: repeats are told by their id, due work goes first. No tally comes back where nothing changes."""
    before = tally or Tally()
    part = before.parts.get(event.topic, Part())
    if event.event_id in part.recent:
        return replace(before, repeats=before.repeats + 1), []
    if event.ask:
        return _answer(tally, event)
    before, effects = fire(before, Timer(event.key, event.occurred_ms))
    count = before.count + 1
    ids = []
    if event.amount % 7 == 0:
        ids.append(event.event_id)
        effects.append(Effect("topic", "outputs", event.key, event.event_id.encode()))
    if rule.every and count % rule.every == 0:
        ids.append(f"m-{event.event_id}")
    recent = (*part.recent, event.event_id)[-rule.remembered :] if rule.remembered else ()
    digest = (part.digest * 31 + event.amount) % 1_000_003
    after = replace(
        before,
        count=count,
        total=before.total + event.amount,
        parts=before.parts | {event.topic: Part(digest, recent)},
        due_ms=event.occurred_ms + DUE_AFTER_MS,
        raised=before.raised + len(ids),
        raised_sum=before.raised_sum + told(ids),
        padding=_filling(event, rule.padding),
    )
    return after, [alert(alert_id, event.key, count) for alert_id in ids] + effects


def _answer(tally: Tally | None, event: Event) -> tuple[Tally | None, list[Effect]]:
    if tally is None or not tally.count or tally.count % 3:
        return None, []
    alert_id = f"ask-{event.event_id}"
    after = replace(tally, raised=tally.raised + 1, raised_sum=tally.raised_sum + told([alert_id]))
    return after, [alert(alert_id, event.key, tally.count)]


def fire(tally: Tally | None, timer: Timer) -> tuple[Tally, list[Effect]]:
    """Do what is due by then."""
    before = tally or Tally()
    if before.due_ms is None or before.due_ms > timer.until_ms:
        return before, []
    alert_id = f"due-{timer.key}-{before.due_ms}"
    after = replace(
        before,
        due_ms=None,
        fired=before.fired + 1,
        raised=before.raised + 1,
        raised_sum=before.raised_sum + told([alert_id]),
    )
    return after, [alert(alert_id, timer.key, before.count)._replace(timed=True)]


def _filling(event: Event, size: int) -> bytes:
    """Bytes that no compression makes smaller, the same for the same event."""
    return hashlib.shake_128(event.event_id.encode()).digest(size)


def event_of(data: Any, key: str, topic: str) -> Event:
    """Read an event from parsed JSON; raises KeyError, TypeError or ValueError."""
    event = Event(data["id"], key, data["ms"], data["amount"], data.get("fail", 0), data.get("ask", False), topic)
    if type(event.event_id) is not str or type(event.occurred_ms) is not int or type(event.amount) is not int:
        raise TypeError("a field of another type")
    if not 0 < len(event.event_id) <= 512 or max(abs(event.amount), abs(event.occurred_ms)) >= 1 << 53:
        raise ValueError("out of range")
    return event
