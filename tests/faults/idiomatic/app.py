"""The tally app as Faust's user guide would have it: an agent, a table, alerts to Redis. No part of our engine.

The fold is the one that all share. Faust's defaults stand but for the session timeout, so that a restart is not slower
than the engine's. Configured by the same environment as `tally_app`.
"""

import logging
import os
import sys
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any

import faust
import orjson
from redis.asyncio import Redis

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.integration.engine.tally import STREAM, Rule, TallyCodec, event_of, fold
from tests.integration.engine.tally_app import RULE

ENVIRON = os.environ
NAMESPACE = ENVIRON["TALLY_NAMESPACE"]
RAW: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}

app = faust.App(
    NAMESPACE,
    broker=f"kafka://{ENVIRON['TALLY_KAFKA']}",
    store="rocksdb://",
    datadir=ENVIRON["TALLY_DATA"],
    autodiscover=False,
    web_enabled=False,
    topic_partitions=int(ENVIRON["TALLY_PARTITIONS"]),
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    broker_session_timeout=6.0,
    broker_heartbeat_interval=1.0,
)
events = app.topic(f"{NAMESPACE}.events", **RAW)
outputs = app.topic(f"{NAMESPACE}.outputs", **RAW)
tallies = app.Table("tallies", partitions=int(ENVIRON["TALLY_PARTITIONS"]), key_type=bytes, value_type=bytes)
redis = Redis.from_url(ENVIRON["TALLY_REDIS"])
rule = Rule(**{name: int(ENVIRON[given]) for name, given in RULE.items() if given in ENVIRON})
codec = TallyCodec()


@app.agent(events)
async def consume(stream: AsyncIterable[Any]) -> None:
    async for key, value in stream.items():  # type: ignore[attr-defined]
        event = event_of(orjson.loads(value), key.decode(), "events")
        known = tallies.get(key)
        tally, effects = fold(None if known is None else codec.decode(known), event, rule)
        if tally is not None:
            tallies[key] = codec.encode(tally)
        for effect in effects:
            if effect.kind == "stream":
                await redis.xadd(f"{NAMESPACE}:{STREAM}", orjson.loads(effect.body))
            else:
                await outputs.send(key=effect.key.encode(), value=effect.body)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    faust.Worker(app, loglevel="INFO", override_logging=False).execute_from_commandline()
