"""What a second worker brings: `make bench ARGS=two_workers` (`python -m tests.bench.two_workers [--rounds 3]`).

The whole job on two partition numbers, done by one worker and by two, by turns. One has core 1 for itself and leaves
core 0 to Kafka, Redis and the harness, which is the best there is for it; two have to share both cores with all of
these. So the ratio is a lower bound of what a second core of its own would bring. Every event and action is accounted
for, over both workers together, and each of the two must have done its share, or the figures do not count.
"""

import argparse
import datetime as dt
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stream_app.bench import figures
from stream_app.bench.process import ended_by_sigterm
from stream_app.bench.protocol import PER
from stream_app.bench.recorded import Recorded, recorded
from stream_app.bench.whole import whole_job
from stream_app.embedded import EmbeddedServices
from stream_app.settings import Settings
from stream_app.simulate import Options

START = dt.date(2025, 1, 6)
HISTORY_DAYS = 20
GOAL = 1.7
LEAST_SHARE = 0.3
"""Of the events, what the second worker must have done: else one worked and the other looked on."""


class Done(NamedTuple):
    """One backlog: who did it, at what rate, and what it cost all of them."""

    workers: int
    events_per_second: float
    cpu_seconds_per_100k: float
    right: bool


def measure(settings: Settings, given: Recorded, home: Path, workers: int, events: int) -> Done:
    """Let so many workers do a backlog of `events`, after a shorter one that warms them up."""
    name = f"{settings.namespace}-{home.name}"
    changed = {"namespace": name, "input_namespace": f"{name}-in", "app_id": name, "data_dir": home / "data"}
    home.mkdir()
    there = settings.model_copy(update=changed)
    with whole_job(there, given, home, pinned=workers == 1, say=say, workers=workers) as job:
        job.burst(events // 4)
        last, spent = workers - 1, sum(worker.cpu_seconds() for worker in job.workers)
        before = job.counts(last).events("applied")
        burst = job.burst(events)
        spent = sum(worker.cpu_seconds() for worker in job.workers) - spent
        share = (job.counts(last).events("applied") - before) / events
        account = job.account()
        job.stop()
    verdict = "all accounted for" if account.right else f"NOT accounted for: {account}"
    say(f"worker {workers} of {workers} did {share:.0%}; {verdict}")
    return Done(workers, burst.events_per_second, spent / events * PER, account.right and share >= LEAST_SHARE)


def ratios(done: Sequence[Done]) -> list[float]:
    """Return, for each round, the rate of two workers by that of one."""
    ones = [each.events_per_second for each in done if each.workers == 1]
    twos = [each.events_per_second for each in done if each.workers == 2]
    return [two / one for one, two in zip(ones, twos, strict=True)]


def tell(done: Sequence[Done], *, keep: bool) -> int:
    """Print what was found, and keep it; returns the exit code."""
    for each in done:
        cost = f"{each.cpu_seconds_per_100k:.1f} CPU s of workers per 100,000"
        say(f"{each.workers} workers: {each.events_per_second:9,.0f} events/s, {cost}")
    made = figures.figure(
        "two_workers_throughput_ratio",
        ratios(done),
        "times one; two workers, Kafka and Redis on two cores",
        "make bench ARGS=two_workers",
        anchor=GOAL,
    )
    right = all(each.right for each in done)
    say(f"two do {made['two_workers_throughput_ratio']['value']} times one" + ("" if right else ": DOES NOT COUNT"))
    if keep and right:
        figures.keep(made)
    return 0 if right else 1


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@ended_by_sigterm()
def main(given: Sequence[str]) -> int:
    """Measure and tell; returns 1 where something is not accounted for."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.two_workers", description=__doc__)
    asked.add_argument("--rounds", type=int, default=3, help="pairs of backlogs")
    asked.add_argument("--events", type=int, default=40_000, help="of a backlog")
    asked.add_argument("--customers", type=int, default=2_000)
    asked.add_argument("--figures", action="store_true", help="write docs/figures.json")
    told = asked.parse_args(given)
    name = f"two-{os.getpid()}"
    settings = Settings.load(namespace=name, input_namespace=f"{name}-in", app_id=name, partitions=2)
    events = told.events + told.events // 4
    days = HISTORY_DAYS + 10 + events // told.customers
    options = Options(customers=told.customers, days=days, seed=settings.seed, start=START)
    bank = recorded(options, HISTORY_DAYS, events, settings, say, partitions=2)
    home = Path(tempfile.mkdtemp(prefix="two-workers-"))
    with EmbeddedServices(data_dir=home, on_progress=say) as services:
        there = settings.model_copy(
            update={
                "kafka": settings.kafka.model_copy(update={"bootstrap": services.kafka_bootstrap}),
                "redis": settings.redis.model_copy(update={"url": services.redis_url}),
            }
        )
        found = []
        for number in range(told.rounds):
            order = (1, 2) if number % 2 == 0 else (2, 1)
            found += [measure(there, bank, home / f"{number}-{workers}", workers, told.events) for workers in order]
    shutil.rmtree(home, ignore_errors=True)
    return tell(found, keep=told.figures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
