"""The reduced job on Quix Streams: a stateful apply on RocksDB with changelog, at least once."""

import os
from typing import Any

from quixstreams import Application, State

from tests.bench.reduced.job import ALERTS, fold
from tests.bench.reduced.mark import mark_first

namespace = os.environ["JOB_NAMESPACE"]
begun = False


def process(event: dict[str, Any], state: State) -> dict[str, Any] | None:
    global begun  # noqa: PLW0603 - Quix calls a function, and the job marks its first event once
    if not begun:
        begun = True
        mark_first()
    after, alert = fold(state.get("state"), event)
    state.set("state", after)
    return alert


def main() -> None:
    app = Application(
        broker_address=os.environ["JOB_KAFKA"],
        consumer_group=namespace,
        auto_offset_reset="earliest",
        commit_interval=float(os.environ["JOB_COMMIT_SECONDS"]),
        state_dir=os.environ["JOB_DATA"],
        processing_guarantee="at-least-once",
        loglevel="WARNING",
    )
    source = app.topic(os.environ["JOB_TOPIC"], value_deserializer="json")
    alerts = app.topic(f"{namespace}.{ALERTS}", value_serializer="json")
    frame = app.dataframe(source)
    frame = frame.apply(process, stateful=True)
    frame = frame.filter(lambda alert: alert is not None)
    frame.to_topic(alerts)
    app.run()


if __name__ == "__main__":
    main()
