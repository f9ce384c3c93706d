"""What the engine's pure core costs an event, without Kafka, store and loop: `python -m tests.bench.engine_core`.

Records of the reduced job go through batches, seals and checkpoint plans as they do live: in batches of 2,000, as where
several topics are behind, and of 16,000, as where one is alone. CPU time by turns, the best of rounds.
"""

import gc
import sys
from collections.abc import Sequence
from time import process_time
from types import SimpleNamespace

import orjson

from stream_app.engine.batch import Batch
from stream_app.engine.checkpoint import plan
from stream_app.engine.partition import Current, PartitionState
from stream_app.engine.records import Record
from stream_app.engine.rules import TableSource, TopicRule
from stream_app.engine.sealed import SealedBatch
from stream_app.engine.state_table import OutboxPort, TablePort
from tests.bench.reduced.engine_job import StateCodec, decode, take
from tests.bench.reduced.job import Workload, as_json, events, fold

LOAD = Workload(events=96_000)
BATCHES, GROUP_RECORDS, ROUNDS = (2_000, 16_000), 48_000, 5
TOPIC, TOPIC_ID = "events", "2f0b1f8e-6f0b-4c3e-9d55-1f2e3d4c5b6a"


def records(load: Workload) -> list[Record]:
    """Return the workload as fetched records."""
    return [
        Record(TOPIC, TOPIC_ID, 0, offset, event.customer_id.encode(), as_json(event))
        for offset, event in enumerate(events(load))
    ]


def play(given: Sequence[Record], size: int) -> dict[str, float]:
    """Take the records through the core in batches of this size; return CPU seconds by part."""
    stored: dict[bytes, bytes] = {}
    state = PartitionState(
        0,
        {"states": TableSource(StateCodec(), stored.get, 20_000)},
        {TOPIC: TopicRule("states", "unknown", moves_clock=False)},
        {},
    )
    current = Current()
    current.begin(state)
    table, outbox = TablePort("states", current), OutboxPort(current)
    spent = {"events": 0.0, "plan": 0.0, "acknowledge": 0.0}
    sealed: list[SealedBatch] = []

    def checkpoint() -> None:
        begin = process_time()
        planned = plan(sealed)
        spent["plan"] += process_time() - begin
        for writes in planned.writes.values():
            stored.update({key: write.value for key, write in writes.items() if write.value is not None})
        begin = process_time()
        for batch in sealed:
            batch.owner.acknowledge(batch)
        spent["acknowledge"] += process_time() - begin
        sealed.clear()

    for at in range(0, len(given), size):
        begin = process_time()
        batch = Batch(state, given[at : at + size], 1, decode)
        while not batch.done:
            turn = batch.advance()
            if isinstance(turn, SealedBatch):
                sealed.append(turn)
                continue
            take(turn.event, table, outbox)
        spent["events"] += process_time() - begin
        if len(sealed) * size >= GROUP_RECORDS:
            checkpoint()
    checkpoint()
    return spent


def bare(given: Sequence[Record]) -> float:
    """Only decode and fold into a dict: what the engine adds is the difference."""
    states: dict[str, object] = {}
    begin = process_time()
    for record in given:
        event = orjson.loads(record.value or b"")
        key = event["customer_id"]
        states[key], _ = fold(states.get(key), event)
    return process_time() - begin


def measure(load: Workload = LOAD, rounds: int = ROUNDS) -> dict[int, dict[str, float]]:
    """Return µs an event by part for each size of batch, each part of its best round."""
    given = records(load)
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)  # as the worker
    found = [{size: {**play(given, size), "bare": bare(given)} for size in BATCHES} for _ in range(rounds)]
    return {
        size: {part: min(one[size][part] for one in found) / load.events * 1e6 for part in found[0][size]}
        for size in BATCHES
    }


def main() -> None:
    """Print µs an event."""
    for size, parts in measure().items():
        costs = SimpleNamespace(**parts)
        total = costs.events + costs.plan + costs.acknowledge
        sys.stdout.write(
            f"batches of {size:,}: agent loop {costs.events:.2f}  plan {costs.plan:.2f}  "
            f"acknowledge {costs.acknowledge:.2f}  sum {total:.2f} µs an event; "
            f"decode and fold alone {costs.bare:.2f}\n"
        )


if __name__ == "__main__":
    main()
