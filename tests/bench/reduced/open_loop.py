"""Open-loop latency of the reduced job: `python -m tests.bench.reduced.open_loop [JOB…] --rate 2000 --seconds 20`.

Event -> alert on its Kafka topic, by schedule; with `--ladder` the sustainable throughput is looked for first, and the
latency is measured at half of it and at 80 %, too. Alerts expected = alerts seen, or the step does not count.
"""

import argparse
import os
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from stream_app.bench import figures, messages, pauses, sustain
from stream_app.bench.broker import Broker
from stream_app.bench.messages import Message
from stream_app.bench.open_loop import HarnessFailed, Matched, OpenLoop, Step, match
from stream_app.bench.process import ended_by_sigterm
from stream_app.embedded import EmbeddedServices
from tests.bench import engine_app
from tests.bench.reduced import report
from tests.bench.reduced.job import ALERTS, Workload, as_json, events, oracle
from tests.bench.reduced.jobs import JOBS

OBJECTIVE_MS = 500.0


class Trial:
    """One job on a topic of its own, fed slice by slice."""

    def __init__(self, name: str, services: EmbeddedServices, file: Path, load: Workload) -> None:
        job = JOBS[name]
        expected, self._events = oracle(load).alerts, load.events
        self._expected = sorted(expected, key=number_of)
        self._next = 0
        namespace = f"open-{name}"
        self.broker = Broker(services.kafka_bootstrap)
        source, alerts = f"{namespace}.in.events", f"{namespace}.{ALERTS}"
        self.broker.create([source, alerts, *(topic.format(namespace) for topic in job.topics)])
        self.home = Path(tempfile.mkdtemp(prefix=namespace, dir=services.directory))
        self.process = engine_app.start(job.command(report.say), services, namespace, source, self.home, job.environ)
        self.loop = OpenLoop(
            self.broker, group=namespace, inputs=[source], prefix=f"{namespace}.in.", file=file, home=self.home,
            listen={"kafka": services.kafka_bootstrap, "topic": alerts}, core=0,
        )  # fmt: skip

    @property
    def left(self) -> int:
        """How many events have not been sent yet."""
        return self._events - self._next

    def step(self, rate: float, seconds: float) -> tuple[Step, Matched]:
        """Offer a rate for so long; a void step (the generator's fault) is made once more."""
        for _ in range(2):
            first, count = self._next, min(int(rate * seconds), self._events - self._next)
            if count < rate:
                raise HarnessFailed("the events are used up: ask for more (--events)")
            self._next += count
            made = self.loop.step(first, count, rate)
            expected = {
                one: (number_of(one) - first, "alert") for one in self._expected if first <= number_of(one) < self._next
            }
            found = match(expected, made.received, made.schedule, warm_up=int(count * sustain.WARM_SHARE))
            if made.sending.void is None:
                break
            report.say(f"void: {made.sending.void}")
        return made, found


def number_of(event_id: str) -> int:
    """Return which event it was."""
    return int(event_id.rpartition("-")[2])


@contextmanager
def trial(name: str, services: EmbeddedServices, file: Path, load: Workload) -> Any:
    """Start a job, and end it whatever happens."""
    made = Trial(name, services, file, load)
    try:
        yield made
    finally:
        made.process.stop()


def told(step: Step, found: Matched) -> dict[str, Any]:
    """Return a step as a document."""
    alerts = found.latency.get("alert")
    return {
        "rate": step.schedule.rate,
        "latency_ms": alerts.figures() if alerts else None,
        "expected": found.expected,
        "seen": found.seen,
        "twice": found.twice,
        "pauses": pauses.told(found.waits.get("alert", ()), step.commits_ns),
        "drain_seconds": round(step.drain_seconds, 2),
        "void": step.sending.void,
        "sending": asdict(step.sending),
        "histogram": alerts.encode() if alerts else None,
    }


def climb(one: Trial, seconds: float) -> tuple[float, list[dict[str, Any]]]:
    """Look for the highest rate that is sustained; returns it and the steps."""
    ladder, steps = sustain.Ladder([rung for rung in sustain.RUNGS if rung >= 1_000]), []
    while (rate := ladder.next_rate()) is not None:
        try:
            step, found = one.step(rate, min(seconds, one.left / 2 / rate))
        except HarnessFailed as failed:
            report.say(f"{rate:,.0f}/s: {failed}")
            break
        if step.sending.void:
            report.say(f"{rate:,.0f}/s: given up, the generator is the limit")
            break
        latency = found.latency.get("alert")
        verdict = sustain.judge(
            rate=rate, lag=sustain.settled(step.lag, step.sending.seconds),
            p99_ms=latency.ms(99.0) if latency else 0.0, objective_ms=OBJECTIVE_MS,
            drain_seconds=step.drain_seconds, wrong=found.wrong,
        )  # fmt: skip
        report.say(f"{rate:,.0f}/s: {'sustained' if verdict.passed else verdict.why}")
        ladder.tell(rate, passed=verdict.passed)
        steps.append({**told(step, found), "sustained": verdict.passed, "why": verdict.why})
    return ladder.passed, steps


def measure(name: str, services: EmbeddedServices, arguments: argparse.Namespace, file: Path, load: Workload) -> Any:
    """Measure one job: all rates asked for, and the ladder."""
    with trial(name, services, file, load) as one:
        one.step(200, 3)  # the group is formed, caches and JITs are warm
        outcome: dict[str, Any] = {"job": name, "steps": []}
        rates = [*arguments.rate]
        if arguments.ladder:
            outcome["sustainable"], outcome["ladder"] = climb(one, arguments.seconds)
            rates += [outcome["sustainable"] * share for share in (0.5, 0.8)]
        for rate in rates:
            step, found = one.step(rate, arguments.seconds)
            outcome["steps"].append(told(step, found))
            report.say(f"{name} {orjson.dumps({**outcome['steps'][-1], 'histogram': ''}).decode()}")
            report.say(f"{name} at {rate:,.0f}/s: {pauses.line(outcome['steps'][-1]['pauses'])}")
        return outcome


@ended_by_sigterm()
def main(arguments: argparse.Namespace) -> int:
    """Run job after job."""
    load = Workload(events=arguments.events, customers=arguments.customers)
    before = report.look_around()
    os.sched_setaffinity(0, {0})
    with EmbeddedServices(on_progress=report.say) as services:
        file = services.directory / "events.msgpack"
        messages.write(file, (Message("events", event.customer_id.encode(), as_json(event)) for event in events(load)))
        outcomes = [measure(name, services, arguments, file, load) for name in arguments.jobs]
    document = {"machine": before, "jobs": outcomes}
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
    right = all(s["expected"] == s["seen"] and not s["twice"] for o in outcomes for s in o["steps"])
    if right and arguments.figures:
        rates = " ".join(f"{rate:g}" for rate in arguments.rate)
        command = f"python -m tests.bench.reduced.open_loop {' '.join(arguments.jobs)} --rate {rates}"
        figures.keep(report.latency_figures(outcomes, f"{command} --seconds {arguments.seconds:g} --figures"))
    return 0 if right else 1


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tests.bench.reduced.open_loop", description=__doc__)
    asked.add_argument("jobs", nargs="*", default=["engine"])
    asked.add_argument("--rate", type=float, nargs="*", default=[1_000, 2_000])
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--events", type=int, default=1_000_000, help="messages made beforehand: the steps share them")
    asked.add_argument("--customers", type=int, default=2_000, help="few, so that alerts begin soon")
    asked.add_argument("--ladder", action="store_true")
    asked.add_argument("--figures", action="store_true", help="write docs/figures.json")
    sys.exit(main(asked.parse_args()))
