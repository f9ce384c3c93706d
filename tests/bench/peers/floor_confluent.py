"""A floor: confluent-kafka alone, that fetches and decodes and folds nothing."""

import os
import signal

import orjson
from confluent_kafka import Consumer

from tests.bench.reduced.mark import mark_first


def main() -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["JOB_KAFKA"],
            "group.id": os.environ["JOB_NAMESPACE"],
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": int(float(os.environ["JOB_COMMIT_SECONDS"]) * 1000),
        }
    )
    consumer.subscribe([os.environ["JOB_TOPIC"]])
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    begun = False
    while not stopped:
        for message in consumer.consume(8_000, timeout=0.2):
            if not begun:
                begun = True
                mark_first()
            orjson.loads(message.value() or b"")
    consumer.close()


if __name__ == "__main__":
    main()
