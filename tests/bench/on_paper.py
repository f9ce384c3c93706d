"""What more workers would do, by the costs in docs/figures.json: `python -m tests.bench.on_paper [--cores N]`.

docs/benchmarks.md ("Three workers on paper") gives the rule and what it takes for granted.
"""

import argparse
import sys
from typing import NamedTuple

import orjson

from stream_app.bench.protocol import PER
from stream_app.figures.figure_file import FILE

PARTS = {
    "worker": "cpu_seconds_per_100k_whole_job",
    "kafka": "kafka_cpu_seconds_per_100k_whole_job",
    "redis": "redis_cpu_seconds_per_100k_whole_job",
}


class Costs(NamedTuple):
    """CPU seconds per 100,000 events."""

    worker: float
    kafka: float
    redis: float


class Bound(NamedTuple):
    """The most events a second, and what there is no more of then."""

    rate: float
    by: str


def most(costs: Costs, workers: int, cores: int) -> Bound:
    """Return what so many workers can do on so many cores, all of which Kafka, Redis and workers share.

    A worker is one thread, and so is Redis; Kafka takes what cores there are.

    >>> most(Costs(4.0, 1.0, 0.5), 3, 8)
    Bound(rate=75000.0, by='the workers')
    >>> most(Costs(4.0, 1.0, 0.5), 3, 2).by
    'the cores'
    """
    bounds = (
        Bound(workers * PER / costs.worker, "the workers"),
        Bound(PER / costs.redis, "Redis"),
        Bound(cores * PER / sum(costs), "the cores"),
    )
    return min(bounds)


def lines(costs: Costs, cores: int) -> list[str]:
    """Return the table: one to three workers, on these cores and where there are enough."""
    enough = 3 + 1 + max(1, round(3 * costs.kafka / costs.worker + 0.5))
    made = []
    for there in (cores, enough):
        one = most(costs, 1, there).rate
        for workers in (1, 2, 3):
            bound = most(costs, workers, there)
            made.append(
                f"{there} cores, {workers} workers: {bound.rate:9,.0f} events/s, {bound.rate / one:4.2f} times one; "
                f"bounded by {bound.by}"
            )
    return made


def main(cores: int) -> int:
    """Print the table; 1 where a cost has not been measured yet."""
    known: dict[str, dict[str, float]] = orjson.loads(FILE.read_bytes())
    if missing := [name for name in PARTS.values() if name not in known]:
        sys.stderr.write(f"docs/figures.json has no {missing[0]} yet\n")
        return 1
    costs = Costs(**{part: known[name]["value"] for part, name in PARTS.items()})
    sys.stdout.writelines(f"{line}\n" for line in lines(costs, cores))
    return 0


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tests.bench.on_paper", description=__doc__)
    asked.add_argument("--cores", type=int, default=2)
    sys.exit(main(asked.parse_args().cores))
