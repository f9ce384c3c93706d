"""ESPBench's query 3 on our engine: `python -m tests.bench.espbench.engine_job`, configured by environment."""

import os
from typing import Any

from schemas.actions import Effect
from stream_app.engine.app import EngineApp
from stream_app.engine.effects import BadInput
from stream_app.engine.records import Record
from tests.bench import engine_app
from tests.bench.dspbench.engine_job import WindowCodec
from tests.bench.espbench.job import passes


def decode(record: Record) -> Any:
    value = record.value or b""
    try:
        return record.key.decode(), value, passes(value)
    except (ValueError, IndexError) as bad:
        return BadInput("missing_field", str(bad))


def build() -> EngineApp:
    app = engine_app.from_environment()
    machines = app.state_table("states", WindowCodec())
    source = app.event_topic(os.environ["JOB_TOPIC"], decode=decode, table="states")

    async def consume(stream: Any) -> None:
        async for given in stream:
            key, value, passed = given.event
            if passed:
                machines.put(key, b"")  # the query has no state of its own; an effect is kept with its key
                app.outbox.stage((Effect("topic", "passed", key, value),))

    app.agent(source, name="events")(consume)
    return app


if __name__ == "__main__":
    engine_app.run(build)
