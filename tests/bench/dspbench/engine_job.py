"""DSPBench's fraud detection on our engine: `python -m tests.bench.dspbench.engine_job`, configured by environment."""

import os
from typing import Any

from schemas.actions import Effect
from stream_app.engine.app import EngineApp
from stream_app.engine.effects import BadInput
from stream_app.engine.records import Record
from tests.bench import engine_app
from tests.bench.dspbench.job import INDEX, THRESHOLD, fold
from tests.bench.reduced.mark import mark_first


class WindowCodec:
    """The window is bytes already."""

    def encode(self, value: bytes) -> bytes:
        return value

    def decode(self, raw: bytes) -> bytes:
        return raw

    def next_due_ms(self, value: bytes) -> int | None:
        return None


def decode(record: Record) -> Any:
    entity, _, rest = (record.value or b"").decode().partition(",")
    number, _, state = rest.partition(",")
    if state not in INDEX:
        return BadInput("missing_field", "state")
    return entity, number, INDEX[state]


def build() -> EngineApp:
    app = engine_app.from_environment()
    windows = app.state_table("states", WindowCodec())
    source = app.event_topic(os.environ["JOB_TOPIC"], decode=decode, table="states")

    async def consume(stream: Any) -> None:
        first = mark_first
        async for given in stream:
            if first is not None:
                first()
                first = None
            entity, number, state = given.event
            window, score = fold(windows.get(entity) or b"", state)
            windows.put(entity, window)
            if score is not None and score > THRESHOLD:
                app.outbox.stage(
                    (Effect("topic", "frauds", entity, b"%b,%b,%.9f" % (number.encode(), entity.encode(), score)),)
                )

    app.agent(source, name="events")(consume)
    return app


if __name__ == "__main__":
    engine_app.run(build)
