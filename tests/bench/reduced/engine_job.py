"""The reduced job on our engine: `python -m tests.bench.reduced.engine_job`, configured by environment as all jobs."""

import os
from typing import Any

import msgpack
import orjson

from schemas.actions import Effect
from stream_app.engine.app import EngineApp
from stream_app.engine.effects import BadInput
from stream_app.engine.records import Record
from stream_app.engine.state_table import OutboxPort, TablePort
from tests.bench import engine_app
from tests.bench.reduced.job import ALERTS, State, fold
from tests.bench.reduced.mark import mark_first


class StateCodec:
    """msgpack."""

    def encode(self, value: State) -> bytes:
        packed: bytes = msgpack.packb(value)
        return packed

    def decode(self, raw: bytes) -> State:
        state: State = tuple(msgpack.unpackb(raw))
        return state

    def next_due_ms(self, value: State) -> int | None:
        return None


def decode(record: Record) -> Any:
    try:
        return orjson.loads(record.value or b"")
    except orjson.JSONDecodeError as bad:
        return BadInput("bad_json", str(bad))


def take(event: dict[str, Any], states: TablePort, outbox: OutboxPort) -> None:
    """Apply one event to its customer's state, which stays as it is until the batch is sealed."""
    key = event["customer_id"]
    before = states.get(key)
    if before is not None:
        before = (*before[:3], before[3].copy())
    state, alert = fold(before, event)
    states.put(key, state)
    if alert is not None:
        outbox.stage((Effect("topic", ALERTS, key, orjson.dumps(alert)),))


def build() -> EngineApp:
    app = engine_app.from_environment()
    states = app.state_table("states", StateCodec())
    source = app.event_topic(os.environ["JOB_TOPIC"], decode=decode, table="states")

    async def consume(stream: Any) -> None:
        first = mark_first
        async for given in stream:
            if first is not None:
                first()
                first = None
            take(given.event, states, app.outbox)

    app.agent(source, name="events")(consume)
    return app


if __name__ == "__main__":
    engine_app.run(build)
