"""DSPBench's fraud detection on our engine: `python -m tests.bench.dspbench.run [--events 800000]`.

A backlog, read by one worker on core 1; throughput is counted at the sink, up to the last commit. A round counts only
when the emitted records and their scores are those of the oracle, each once.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from stream_app.bench import figures
from stream_app.bench.broker import Broker
from stream_app.bench.open_loop import HarnessFailed
from stream_app.bench.process import ended_by_sigterm
from stream_app.embedded import EmbeddedServices
from tests.bench import engine_app
from tests.bench.dspbench.job import lines, oracle
from tests.bench.reduced import report
from tests.bench.reduced.report import say

SOURCE = "fraud.events"
COMMAND = (sys.executable, "-m", "tests.bench.dspbench.engine_job")
PATIENCE_SECONDS = 600.0


def run(services: EmbeddedServices, broker: Broker, number: int, events: int, expected: dict[str, float]) -> Any:
    """Run one round."""
    namespace = f"fraud-{number}"
    broker.create([f"{namespace}.frauds", *(topic.format(namespace) for topic in engine_app.TOPICS)])
    data = Path(tempfile.mkdtemp(prefix=namespace, dir=services.directory))
    process = engine_app.start(COMMAND, services, namespace, SOURCE, data)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while broker.committed(namespace, [SOURCE]).get((SOURCE, 0), 0) < events:
            if process.used() is not None or time.monotonic() > deadline:
                raise HarnessFailed(f"the job did not finish: {process.last_words(3)}")
            time.sleep(0.05)
        ended = time.monotonic()
        used = process.stop()
    finally:
        process.kill()
    cpu_before, began = (float(part) for part in (data / "first").read_text().split())
    emitted = [record.value.decode().split(",") for record in broker.read(f"{namespace}.frauds")]
    scores = {record: float(score) for record, _, score in emitted}
    shutil.rmtree(data)
    return {
        "events_per_second": round(events / (ended - began), 1),
        "cpu_seconds_per_100k": round((used.cpu_seconds - cpu_before) / events * 100_000, 3),
        "emitted": len(emitted),
        "right": len(emitted) == len(scores) and scores.keys() == expected.keys() and _close(scores, expected),
    }


def _close(found: dict[str, float], expected: dict[str, float]) -> bool:
    return all(abs(found[record] - score) < 1e-6 for record, score in expected.items())


@ended_by_sigterm()
def main(arguments: argparse.Namespace) -> int:
    """Run the rounds, and tell the median."""
    expected = oracle(lines(arguments.events))
    before = report.look_around()
    os.sched_setaffinity(0, {0})
    runs = []
    with EmbeddedServices(on_progress=say) as services:
        broker = Broker(services.kafka_bootstrap)
        broker.create([SOURCE])
        broker.write(SOURCE, ((line.entity, line.encode()) for line in lines(arguments.events)), partition=0)
        for number in range(arguments.rounds):
            runs.append(run(services, broker, number, arguments.events, expected))
            say(orjson.dumps(runs[-1]).decode())
    right = all(one["right"] for one in runs)
    command = f"python -m tests.bench.dspbench.run --events {arguments.events} --rounds {arguments.rounds}"
    rates = [one["events_per_second"] for one in runs]
    made = figures.figure(
        "dspbench_fraud_events_per_second", rates, "events/s at the sink, one core", command, n=arguments.events
    )
    document = {
        "share_emitted": round(len(expected) / arguments.events, 4), "runs": runs, "figures": made,
        "machine": before,
    }  # fmt: skip
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
    if arguments.figures and right:
        figures.keep(made)
    return 0 if right else 1


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tests.bench.dspbench.run", description=__doc__)
    asked.add_argument("--events", type=int, default=200_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--figures", action="store_true", help="write the figure into docs/figures.json")
    sys.exit(main(asked.parse_args()))
