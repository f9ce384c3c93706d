"""`make bench`: all benchmarks in ten minutes; `make bench ARGS=--full` is the whole protocol, which takes hours.

`python -m tests.bench [NAME…] [--full] [--figures]`: NAME is one of the parts below, all of the protocol by default.
With --figures each part writes its figures into docs/figures.json. Every part checks its results and fails if they are
not as its oracle says; what a part prints is its own.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stream_app.bench.process import ended_by_sigterm
from stream_app.settings import CHECKOUT


class Part(NamedTuple):
    """One part: its module, and what it is asked in the short and in the whole protocol."""

    module: str
    short: Sequence[str] = ()
    full: Sequence[str] = ()
    figures: bool = True
    protocol: bool = True
    """Whether it runs when no part is named."""


WHOLE = "stream_app.cli"
PARTS: Mapping[str, Part] = {
    "core_steps": Part("tests.bench.core_steps", figures=False),
    "reduced": Part(
        "tests.bench.reduced.run",
        ("--rounds", "1", "--events", "100000"),
        ("--rounds", "5", "--events", "600000"),
    ),
    "reduced-open-loop": Part(
        "tests.bench.reduced.open_loop",
        ("engine", "--rate", "2000", "--seconds", "10", "--events", "60000"),
        ("engine", "quix", "kafka-streams", "--rate", "1000", "2000", "--ladder", "--seconds", "60",
         "--events", "3000000"),
    ),
    "whole": Part(
        WHOLE,
        ("bench", "--customers", "1000", "--history-days", "20", "--backlog", "80000", "--events", "170000",
         "--seconds", "20", "--warm-up", "5"),
        ("bench", "--customers", "10000", "--history-days", "30", "--backlog", "200000", "--rounds", "5", "--ladder",
         "--events", "2000000", "--rate", "1000", "--rate", "2000", "--seconds", "60", "--warm-up", "60"),
    ),
    "fraud": Part("tests.bench.dspbench.run", ("--rounds", "1"), ("--rounds", "5", "--events", "800000")),
    "threshold": Part("tests.bench.espbench.run", ("--seconds", "10"), ("--seconds", "300", "--rounds", "3")),
    "poison": Part("tests.bench.poison", ("--rounds", "3"), ("--rounds", "10"), protocol=False),
    "decode": Part("tests.bench.decode", figures=False, protocol=False),
    "cold_steps": Part("tests.bench.cold_steps", figures=False, protocol=False),
    "score_cost": Part("tests.bench.score_cost", figures=False, protocol=False),
    "engine_core": Part("tests.bench.engine_core", figures=False, protocol=False),
    "restore": Part("tests.bench.restore", ("--profiles", "100000"), ("--profiles", "1000000"), protocol=False),
    "customers": Part(
        "tests.bench.many_customers",
        full=("--customers", "1000000", "--events", "50000", "--rounds", "5"),
        protocol=False,
    ),
    "two_workers": Part("tests.bench.two_workers", ("--rounds", "1"), ("--rounds", "5"), protocol=False),
    "bench_models": Part("tests.bench.bench_models", protocol=False),
    "profile_size": Part("tests.bench.profile_size", figures=False, protocol=False),
}  # fmt: skip


def command(part: Part, *, full: bool, figures: bool) -> list[str]:
    """Return the command of a part."""
    asked = [*(part.full if full else part.short), *(["--figures"] if figures and part.figures else [])]
    return [sys.executable, "-m", part.module, *asked]


def run(line: Sequence[str]) -> int:
    """Run one part and return its exit code; who ends us asks it to end, too, and to let go of what it started."""
    with subprocess.Popen(line, cwd=CHECKOUT) as part:
        try:
            return part.wait()
        except BaseException:
            part.terminate()
            raise


@ended_by_sigterm()
def main(names: Sequence[str], *, full: bool, figures: bool) -> int:
    """Run the parts one after the other; 1 when one of them failed."""
    failed = []
    began = time.monotonic()
    for name in names or [name for name, part in PARTS.items() if part.protocol]:
        line = command(PARTS[name], full=full, figures=figures)
        sys.stdout.write(f"-- {name}: python {' '.join(line[1:])}\n")
        sys.stdout.flush()
        if run(line):
            failed.append(name)
    sys.stdout.write(f"-- {time.monotonic() - began:.0f} s; failed: {', '.join(failed) or 'none'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    asked.add_argument("--full", action="store_true", help="the whole protocol")
    asked.add_argument("--figures", action="store_true", help="write docs/figures.json")
    given = asked.parse_args()
    if unknown := [name for name in given.names if name not in PARTS]:
        asked.error(f"{unknown[0]} is none of {', '.join(PARTS)}")
    sys.exit(main(given.names, full=given.full, figures=given.figures))
