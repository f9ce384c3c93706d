"""ESPBench's query 3 on our engine: `python -m tests.bench.espbench.run --rate 1000 10000 --seconds 300 --rounds 3`.

Kafka to Kafka, open loop; response time = the broker's append time of the output minus that of the input
(`LogAppendTime` on both topics, ms), so what a record waits for before the broker takes it is in no response time. A
run is void where records did not reach the log at the rate. The validator computes the answer again. Published: p90 at
1,000/s Flink 11 ms, Hazelcast Jet 21 ms; at 10,000/s Jet 16 ms.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from stream_app.bench import figures, messages
from stream_app.bench.broker import Broker
from stream_app.bench.latency import Latency
from stream_app.bench.messages import Message
from stream_app.bench.open_loop import OpenLoop
from stream_app.bench.process import ended_by_sigterm
from stream_app.embedded import EmbeddedServices
from tests.bench import engine_app
from tests.bench.espbench.job import oracle, records
from tests.bench.reduced import report
from tests.bench.reduced.report import say

COMMAND = (sys.executable, "-m", "tests.bench.espbench.engine_job")
PUBLISHED = {1_000: {"flink": 11, "jet": 21, "spark": 534}, 10_000: {"jet": 16, "spark": 1_560, "flink": 14_980}}
WARM_SECONDS = 30.0
"""Until Java has compiled the broker's paths, on the core that the generator needs, too."""
LINGER_MS = 5
"""Before the append, so in no response time: records reach the broker by handfuls, in a fifth of the requests."""
LEAST_RATE, LEAST_SECOND = 0.995, 0.9
"""Of the rate asked for, what must reach the log: over the whole run, and in each second of it."""


def run(services: EmbeddedServices, rate: float, seconds: float, number: int) -> dict[str, Any]:
    """Run one rate once, after some seconds to warm up that do not count."""
    namespace = f"esp-{rate:.0f}-{number}"
    source, passed = f"{namespace}.in.events", f"{namespace}.passed"
    broker = Broker(services.kafka_bootstrap)
    broker.create([source, passed], config={"message.timestamp.type": "LogAppendTime"})
    broker.create([topic.format(namespace) for topic in engine_app.TOPICS])
    data = Path(tempfile.mkdtemp(prefix=namespace, dir=services.directory))
    warm, count = int(rate * WARM_SECONDS), int(rate * seconds)
    file = data / "records"
    messages.write(file, (Message("events", key.encode(), value) for _, key, value in records(warm + count, rate)))
    process = engine_app.start(COMMAND, services, namespace, source, data)
    loop = OpenLoop(
        broker, group=namespace, inputs=[source], prefix=f"{namespace}.in.", file=file, home=data,
        listen={"kafka": services.kafka_bootstrap, "topic": passed, "separator": ";"}, core=0, linger_ms=LINGER_MS,
    )  # fmt: skip
    try:
        loop.step(0, warm, rate)
        step = loop.step(warm, count, rate)
        process.stop()
    finally:
        process.kill()
    latency, right, appended_ms = judge(broker, source, passed, warm)
    return {
        "rate": rate, "response_ms": latency.figures(), "right": right, "void": void(appended_ms, rate),
        "slip_p99_ms": step.sending.slip_p99_ms, "waited_for_broker_p99_ms": step.sending.queued_p99_ms,
        "histogram": latency.encode(),
    }  # fmt: skip


def judge(broker: Broker, source: str, passed: str, warm: int) -> tuple[Latency, bool, list[int]]:
    """Return response times, whether the answer is right, each record once, and when the input was appended (ms)."""
    came = {record.value.partition(b";")[0].decode(): record for record in broker.read(source)}
    went = [(record.value.partition(b";")[0].decode(), record.timestamp_ms) for record in broker.read(passed)]
    expected = oracle(record.value for record in came.values())
    latency = Latency((at_ms - came[one].timestamp_ms) * 1_000_000 for one, at_ms in went if int(one) >= warm)
    appended_ms = sorted(record.timestamp_ms for one, record in came.items() if int(one) >= warm)
    return latency, len(went) == len(expected) and {one for one, _ in went} == expected, appended_ms


def void(appended_ms: Sequence[int], rate: float) -> str | None:
    """Say why the input was not what was asked, None if it was: its rate in all, and in its slowest second."""
    first, last = appended_ms[0], appended_ms[-1]
    achieved = (len(appended_ms) - 1) * 1_000 / max(1, last - first)
    if achieved < LEAST_RATE * rate:
        return f"{achieved:,.0f} a second reached the log"
    whole_seconds = Counter((at_ms - first) // 1_000 for at_ms in appended_ms)
    slowest = min((whole_seconds[second] for second in range((last - first) // 1_000)), default=0)
    return None if slowest >= LEAST_SECOND * rate else f"in one second {slowest:,} reached the log"


def make_figures(rate: float, runs: Sequence[dict[str, Any]], command: str) -> figures.Figures:
    """Return the figure of one rate; void runs do not count."""
    found = [one["response_ms"]["p90"] for one in runs if one["rate"] == rate and not one["void"]]
    if not found:
        return {}
    n, anchor = sum(one["response_ms"]["n"] for one in runs if one["rate"] == rate), PUBLISHED.get(int(rate))
    return figures.figure(f"espbench_q3_p90_ms_{rate:.0f}", found, "ms, append to append", command, n=n, anchor=anchor)


@ended_by_sigterm()
def main(arguments: argparse.Namespace) -> int:
    """Run the rounds of all rates, interleaved."""
    before = report.look_around()
    os.sched_setaffinity(0, {0})
    runs = []
    with EmbeddedServices(on_progress=say) as services:
        for number in range(arguments.rounds):
            for rate in arguments.rate:
                runs.append(run(services, rate, arguments.seconds, number))
                say(orjson.dumps({**runs[-1], "histogram": ""}).decode())
    sample = [value for _, _, value in records(10_000, 1_000.0)]
    command = f"python -m tests.bench.espbench.run --seconds {arguments.seconds:.0f} --rounds {arguments.rounds}"
    made: figures.Figures = {}
    for rate in arguments.rate:
        made |= make_figures(rate, runs, command)
    document = {
        "share_passing": len(oracle(iter(sample))) / len(sample), "runs": runs, "figures": made,
        "machine": before,
    }  # fmt: skip
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
    right = all(one["right"] for one in runs)
    if arguments.figures and right:
        figures.keep(made)
    return 0 if right else 1


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tests.bench.espbench.run", description=__doc__)
    asked.add_argument("--rate", type=float, nargs="*", default=[1_000.0, 10_000.0])
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--figures", action="store_true", help="write the figures into docs/figures.json")
    sys.exit(main(asked.parse_args()))
