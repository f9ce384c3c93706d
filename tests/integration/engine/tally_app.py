"""The worker of these tests: tallies (see `tally`), folded from one or two topics by the real engine.

Run as `python tally_app.py`, configured by environment: TALLY_KAFKA, TALLY_REDIS, TALLY_NAMESPACE, TALLY_DATA,
TALLY_PARTITIONS, TALLY_TOPICS (comma separated), TALLY_WORKER, TALLY_INSTANCE (static member), TALLY_SESSION (seconds),
TALLY_BATCH and TALLY_IN_FLIGHT (records), TALLY_EVERY, TALLY_REMEMBERED and TALLY_PADDING (`tally.Rule`),
TALLY_FILE_LIMIT (bytes), and TALLY_SABOTAGE, a protection to take away (`tests.faults.sabotage`).
"""

import logging
import os
import resource
import sys
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from stream_app.engine.app import EngineApp
from stream_app.engine.clocks import TimerRule
from stream_app.engine.effects import BadInput
from stream_app.engine.faust_settings import EngineSettings
from stream_app.engine.records import Record
from stream_app.engine.run import run_worker
from tests.integration.engine.tally import LATENESS_MS, Rule, Tally, TallyCodec, Timer, alert, event_of, fire, fold

RULE = {name: f"TALLY_{name.upper()}" for name in ("every", "remembered", "padding")}


def decode_event(record: Record) -> Any:
    if record.value is None:
        return BadInput("empty", "no value")
    if len(record.value) > 1_000_000:
        return BadInput("too_large", "over 1,000,000 bytes")
    try:
        return event_of(orjson.loads(record.value), record.key.decode(), record.topic.rpartition(".")[2])
    except (KeyError, TypeError, ValueError) as exc:  # ValueError: no JSON, no UTF-8
        return BadInput("bad_json", type(exc).__name__)


def decode_timer(record: Record) -> Any:
    return Timer(record.key.decode(), int(record.value or b"0"))


def settings_of(environ: dict[str, str]) -> EngineSettings:
    namespace = environ["TALLY_NAMESPACE"]
    return EngineSettings(
        app_id=environ.get("TALLY_APP", namespace),
        bootstrap_servers=environ["TALLY_KAFKA"],
        redis_url=environ["TALLY_REDIS"],
        namespace=namespace,
        data_dir=Path(environ["TALLY_DATA"]),
        dead_letters=f"{namespace}.dead-letters",
        partitions=int(environ.get("TALLY_PARTITIONS", "2")),
        session_timeout=float(environ.get("TALLY_SESSION", "6")),
        worker_id=environ.get("TALLY_WORKER", "w1"),
        batch_records=int(environ.get("TALLY_BATCH", "2000")),
        in_flight_records=int(environ.get("TALLY_IN_FLIGHT", "16000")),
        instance_id=environ.get("TALLY_INSTANCE"),
    )


def build(environ: dict[str, str]) -> EngineApp:
    settings = settings_of(environ)
    namespace = settings.namespace
    rule = Rule(**{name: int(environ[given]) for name, given in RULE.items() if given in environ})
    app = EngineApp(settings, environ)
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
            tally, effects = fold(tallies.get(event.key), event, rule)
            if tally is not None:
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


def main(environ: dict[str, str]) -> None:
    if sabotage := environ.get("TALLY_SABOTAGE"):
        from tests.faults.sabotage import SABOTAGES  # noqa: PLC0415 - only a negative control takes the time

        SABOTAGES[sabotage]()
    if limit := environ.get("TALLY_FILE_LIMIT"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    run_worker(build(environ))


if __name__ == "__main__":
    main(dict(os.environ))
