"""The reduced job on Bytewax: a stateful map with snapshots to SQLite, run to the end of the topic as it is now."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from tests.bench.reduced.job import ALERTS, State, fold
from tests.bench.reduced.mark import mark_first

namespace, kafka = os.environ["JOB_NAMESPACE"], [os.environ["JOB_KAFKA"]]
begun = False


def keyed(message: KafkaSourceMessage[bytes, bytes]) -> tuple[str, dict[str, Any]]:
    global begun  # noqa: PLW0603 - the job marks its first event once
    if not begun:
        begun = True
        mark_first()
    event = orjson.loads(message.value)
    return event["customer_id"], event


def process(state: State | None, event: dict[str, Any]) -> tuple[State, dict[str, Any] | None]:
    if state is not None:  # a snapshot may still hold the ring that was given
        state = (*state[:3], state[3].copy())
    return fold(state, event)


def message_of(given: tuple[str, dict[str, Any] | None]) -> KafkaSinkMessage[bytes, bytes] | None:
    customer, alert = given
    return None if alert is None else KafkaSinkMessage(customer.encode(), orjson.dumps(alert))


def dataflow() -> Dataflow:
    flow = Dataflow("reduced")
    source = KafkaSource(kafka, [os.environ["JOB_TOPIC"]], tail=False, batch_size=1000)
    events = op.map("keyed", op.input("events", flow, source), keyed)
    folded = op.stateful_map("fold", events, process)
    op.output("alerts", op.filter_map("alert", folded, message_of), KafkaSink(kafka, f"{namespace}.{ALERTS}"))
    return flow


if __name__ == "__main__":
    home = Path(os.environ["JOB_DATA"]) / "snapshots"
    home.mkdir()
    init_db_dir(home, 1)
    interval = timedelta(seconds=float(os.environ["JOB_COMMIT_SECONDS"]))
    cli_main(dataflow(), epoch_interval=interval, recovery_config=RecoveryConfig(home))
