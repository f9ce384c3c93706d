"""Run the reduced job on one engine after the other, interleaved: `python -m tests.bench.reduced.run [JOB…]`.

Every job reads the same topic with a group of its own on core 1, while broker and Redis have core 0. CPU seconds count
from the first event in hand to the end of the process, children included. A figure counts only when all alerts and,
where the engine's state can be read, all totals are those of the oracle. All commit at the same interval (--commit);
`quix-5s` and `bytewax-10s` show these two at intervals of their own liking. Jobs with a smaller share of events (see
jobs.py) get as many customers fewer, so that a customer has as many events.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from stream_app.bench.broker import Broker
from stream_app.bench.process import Measured, cpu_seconds_of, ended_by_sigterm
from stream_app.embedded import EmbeddedServices
from tests.bench import engine_app
from tests.bench.peers.environments import PeerUnavailable
from tests.bench.reduced import report
from tests.bench.reduced.job import ALERTS, Expected, Workload, as_json, events, oracle
from tests.bench.reduced.jobs import JOBS, Job
from tests.bench.reduced.report import Result

PATIENCE_SECONDS = 600.0
DEFAULT = [name for name in JOBS if name not in {"bytewax-10s", "faust-rocksdict", "faust-tuned-rocksdict"}]


class Source(NamedTuple):
    """One topic of events, and what must come of it."""

    topic: str
    load: Workload
    expected: Expected


class Ended(Exception):
    """A job ended before it was done; the text has its last words."""


class Bench:
    """Services, sources and the runs on them."""

    def __init__(self, services: EmbeddedServices, load: Workload, commit_seconds: float) -> None:
        self._services = services
        self._load = load
        self._commit_seconds = commit_seconds
        self._broker = Broker(services.kafka_bootstrap)
        self._sources: dict[int, Source] = {}

    def source(self, share: int) -> Source:
        """Return the topic with one event in `share`; the first call writes it."""
        if share not in self._sources:
            load = self._load._replace(events=self._load.events // share, customers=self._load.customers // share)
            topic = f"reduced.events.{share}"
            self._broker.create([topic])
            self._broker.write(topic, ((event.customer_id, as_json(event)) for event in events(load)), partition=0)
            self._sources[share] = Source(topic, load, oracle(load))
        return self._sources[share]

    def run(self, name: str, number: int, *, verbose: bool) -> Result:
        """Run one job until it has done all events, and compare what it left behind."""
        job, namespace = JOBS[name], f"{name}-{number}"
        source = self.source(job.share)
        self._broker.create([f"{namespace}.{ALERTS}", *(topic.format(namespace) for topic in job.topics)])
        data = Path(tempfile.mkdtemp(prefix=f"{namespace}-", dir=self._services.directory))
        command = job.command(report.say)
        broker_before = cpu_seconds_of(self._services.kafka.pids[1])
        environ = {
            **job.environ,
            "JOB_COMMIT_SECONDS": str(job.commit_seconds or self._commit_seconds),
            "JOB_EVENTS": str(source.load.events),
            "JOB_CUSTOMERS": str(source.load.customers),
        }
        process = engine_app.start(command, self._services, namespace, source.topic, data, environ)
        try:
            ended = self._wait(job, namespace, source, process)
            used = process.stop()
        finally:
            process.kill()
        if used.exit_code not in {0, -15, 143}:
            raise Ended(f"{name} ended with {used.exit_code}: {process.last_words(3)}")
        cpu_before, began = (float(part) for part in (data / "first").read_text().split())
        alerts, totals = self._left(job, namespace, source)
        if verbose:
            sys.stderr.write(process.log.read_text(errors="replace"))
        shutil.rmtree(data)
        count = source.load.events
        return Result(
            job=name,
            events=count,
            events_per_second=count / (ended - began),
            cpu_seconds_per_100k=(used.cpu_seconds - cpu_before) / count * 100_000,
            broker_cpu_seconds_per_100k=(cpu_seconds_of(self._services.kafka.pids[1]) - broker_before)
            / count
            * 100_000,
            memory_mb=used.memory_mb,
            alerts_right=alerts,
            totals_right=totals,
        )

    def _wait(self, job: Job, group: str, source: Source, process: Measured) -> float:
        """Wait until the job has done all events; return when (monotonic seconds)."""
        if job.ends_itself:
            process.wait(PATIENCE_SECONDS)
            return time.monotonic()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            time.sleep(0.05)
            if process.used() is not None:
                raise Ended(f"the job {group} ended early: {process.last_words(3)}")
            if self._broker.committed(group, [source.topic]).get((source.topic, 0), 0) >= source.load.events:
                return time.monotonic()
        raise Ended(f"{group} did not finish within {PATIENCE_SECONDS:.0f} s: {process.last_words(3)}")

    def _left(self, job: Job, namespace: str, source: Source) -> tuple[bool | None, bool | None]:
        """Compare alerts (each once) and totals with the oracle; None: the job has none, or they cannot be read."""
        alerts = totals = None
        if job.alerts:
            ids = [json.loads(record.value)["id"] for record in self._broker.read(f"{namespace}.{ALERTS}")]
            alerts = len(ids) == len(set(ids)) and set(ids) == source.expected.alerts
        if job.totals is not None:
            totals = job.totals(self._broker, namespace, source.topic) == source.expected.totals
        return alerts, totals


@ended_by_sigterm()
def main(arguments: argparse.Namespace) -> int:
    """Run the rounds, print medians and ratios, and keep the figures when asked to."""
    load = Workload(events=arguments.events, customers=arguments.customers, zipf=arguments.zipf)
    results: list[Result] = []
    before = report.look_around()
    os.sched_setaffinity(0, {0})
    with EmbeddedServices(on_progress=report.say) as services:
        bench = Bench(services, load, arguments.commit)
        left_out: set[str] = set()
        for number in range(arguments.rounds):
            for name in arguments.jobs:
                if name in left_out:
                    continue
                try:
                    results.append(bench.run(name, number, verbose=arguments.verbose))
                except (PeerUnavailable, Ended) as error:
                    report.say(f"{name}: left out: {error}")
                    left_out.add(name)
                    continue
                report.say(report.line(results[-1]))
    return report.finish(arguments, results, left_out, before)


def parser() -> argparse.ArgumentParser:
    """Say what can be asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.reduced.run", description=__doc__)
    asked.add_argument("jobs", nargs="*", default=DEFAULT, metavar="JOB", help=f"of {', '.join(JOBS)}")
    asked.add_argument("--events", type=int, default=200_000)
    asked.add_argument("--customers", type=int, default=report.CUSTOMERS)
    asked.add_argument("--zipf", type=float, default=0.0, help="exponent of who has how many events; 0 = uniform")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--commit", type=float, default=1.0, metavar="SECONDS", help="commit interval of all jobs")
    asked.add_argument("--json", action="store_true", help="print one JSON document")
    asked.add_argument("--figures", action="store_true", help="write the figures into docs/figures.json")
    asked.add_argument("-v", "--verbose", action="store_true", help="print the logs of the jobs")
    return asked


if __name__ == "__main__":
    chosen = parser()
    given = chosen.parse_args()
    if unknown := [name for name in given.jobs if name not in JOBS]:
        chosen.error(f"{unknown[0]} is none of {', '.join(JOBS)}")
    sys.exit(main(given))
