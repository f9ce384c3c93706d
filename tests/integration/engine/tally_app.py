"""The worker of these tests: a tally per key, folded from one or two topics, with an alert at every seventh event.

Run as `python tally_app.py`, configured by environment: TALLY_KAFKA, TALLY_REDIS, TALLY_NAMESPACE, TALLY_DATA,
TALLY_PARTITIONS, TALLY_TOPICS (comma separated), TALLY_WORKER, TALLY_INSTANCE (static member), TALLY_BATCH and
TALLY_IN_FLIGHT (records), and TALLY_GUARD=off for the negative control.
"""

import logging
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgpack
import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from stream_app.engine.app import EngineApp
from stream_app.engine.clocks import TimerRule
from stream_app.engine.effects import BadInput, Effect
from stream_app.engine.faust_settings import EngineSettings
from stream_app.engine.records import Record
from stream_app.engine.run import run_worker
from stream_app.engine.table import TableState

DUE_AFTER_MS = 60_000
LATENESS_MS = 1_000


@dataclass(frozen=True)
class Event:
    """One event of the tests."""

    event_id: str
    key: str
    occurred_ms: int
    amount: int
    fail: int = 0


@dataclass(frozen=True)
class Timer:
    """Advance the key to a time."""

    key: str
    until_ms: int


@dataclass(frozen=True)
class Tally:
    """What is remembered of a key: sums, and how often each event was applied."""

    count: int = 0
    total: int = 0
    digest: int = 0
    due_ms: int | None = None
    fired: int = 0
    padding: str = ""


class TallyCodec:
    """msgpack of the fields."""

    def encode(self, value: Tally) -> bytes:
        packed: bytes = msgpack.packb(tuple(value.__dict__.values()))
        return packed

    def decode(self, raw: bytes) -> Tally:
        return Tally(*msgpack.unpackb(raw))

    def next_due_ms(self, value: Tally) -> int | None:
        return value.due_ms


def alert(event_id: str, key: str, count: int) -> Effect:
    body = {"id": event_id, "type": "test.alert", "data": f'{{"count":{count}}}', "occurred_at": "", "expires_at": ""}
    return Effect("stream", "alerts:test:p1", "", orjson.dumps(body))


def fold(tally: Tally | None, event: Event) -> tuple[Tally, list[Effect]]:
    """Apply an event; the sum weighs the event's number among those of its key, so that twice is not once."""
    before = tally or Tally()
    count = before.count + 1
    after = replace(
        before,
        count=count,
        total=before.total + event.amount,
        digest=(before.digest * 31 + event.amount) % 1_000_003,
        due_ms=event.occurred_ms + DUE_AFTER_MS,
    )
    effects = []
    if event.amount % 7 == 0:
        effects.append(alert(event.event_id, event.key, count))
        effects.append(Effect("topic", "outputs", event.key, event.event_id.encode()))
    return after, effects


def fire(tally: Tally | None, timer: Timer) -> tuple[Tally, list[Effect]]:
    before = tally or Tally()
    if before.due_ms is None or before.due_ms > timer.until_ms:
        return before, []
    after = replace(before, due_ms=None, fired=before.fired + 1)
    return after, [alert(f"due-{timer.key}-{before.due_ms}", timer.key, before.count)._replace(timed=True)]


def decode_event(record: Record) -> Any:
    if record.value is None:
        return BadInput("empty", "no value")
    if len(record.value) > 1_000_000:
        return BadInput("too_large", "over 1,000,000 bytes")
    try:
        data = orjson.loads(record.value)
        return Event(data["id"], record.key.decode(), data["ms"], data["amount"], data.get("fail", 0))
    except (orjson.JSONDecodeError, KeyError, TypeError) as exc:
        return BadInput("bad_json", type(exc).__name__)


def decode_timer(record: Record) -> Any:
    return Timer(record.key.decode(), int(record.value or b"0"))


def build(environ: dict[str, str]) -> EngineApp:
    namespace = environ["TALLY_NAMESPACE"]
    app = EngineApp(
        EngineSettings(
            app_id=environ.get("TALLY_APP", namespace),
            bootstrap_servers=environ["TALLY_KAFKA"],
            redis_url=environ["TALLY_REDIS"],
            namespace=namespace,
            data_dir=Path(environ["TALLY_DATA"]),
            dead_letters=f"{namespace}.dead-letters",
            partitions=int(environ.get("TALLY_PARTITIONS", "2")),
            session_timeout=6.0,
            worker_id=environ.get("TALLY_WORKER", "w1"),
            batch_records=int(environ.get("TALLY_BATCH", "2000")),
            in_flight_records=int(environ.get("TALLY_IN_FLIGHT", "16000")),
            instance_id=environ.get("TALLY_INSTANCE"),
        ),
        environ,
    )
    tallies = app.state_table("tallies", TallyCodec())
    failed: dict[str, int] = {}

    async def consume(stream: Any) -> None:
        async for given in stream:
            event = given.event
            if event.fail > failed.get(event.event_id, 0):
                failed[event.event_id] = failed.get(event.event_id, 0) + 1
                tallies.put(event.key, Tally(count=1_000_000))
                app.outbox.stage([alert("never", event.key, 0)])
                raise RuntimeError("told to fail")
            tally, effects = fold(tallies.get(event.key), event)
            tallies.put(event.key, tally)
            app.outbox.stage(effects)

    async def wake(stream: Any) -> None:
        async for given in stream:
            tally, effects = fire(tallies.get(given.event.key), given.event)
            tallies.put(given.event.key, tally)
            app.outbox.stage(effects)

    for topic in environ.get("TALLY_TOPICS", "events").split(","):
        source = app.event_topic(f"{namespace}.{topic}", decode=decode_event, table="tallies", moves_clock=True)
        app.agent(source, name=topic)(consume)
    timers = app.event_topic(f"{namespace}.timers", decode=decode_timer, table="tallies")
    app.agent(timers, name="timers")(wake)
    app.timers(TimerRule("tallies", f"{namespace}.timers", lambda key, until: b"%d" % until, LATENESS_MS))
    return app


def forget_guards() -> None:
    """Sabotage for the negative control: every value looks as if nothing had ever been folded into it."""
    find = TableState.find

    def without_guard(self: TableState, key: bytes) -> Any:
        kept = find(self, key)
        if kept is not None:
            kept.guard.clear()
        return kept

    TableState.find = without_guard  # type: ignore[method-assign]


if __name__ == "__main__":
    if os.environ.get("TALLY_GUARD") == "off":
        forget_guards()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    run_worker(build(dict(os.environ)))
