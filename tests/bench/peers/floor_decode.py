"""A floor: the events decoded from memory, without any Kafka."""

import os

import orjson

from tests.bench.reduced.job import Workload, as_json, events
from tests.bench.reduced.mark import mark_first


def main() -> None:
    load = Workload(int(os.environ["JOB_EVENTS"]), int(os.environ["JOB_CUSTOMERS"]))
    values = [as_json(event) for event in events(load)]
    mark_first()
    for value in values:
        orjson.loads(value)


if __name__ == "__main__":
    main()
