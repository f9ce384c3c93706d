"""What a step costs when it does not follow on another: `python -m tests.bench.cold_steps`.

In a backlog one event follows on the other, and code and data stay in the processor's caches. At a thousand events a
second a few come, and between them the worker writes, waits, or sleeps. The same steps are taken in runs of 1, 4 and 16
after each of which the process does nothing for 4 ms, by sleeping or by looking at the clock. CPU time of the steps.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from time import process_time_ns

import models.step
from tests.bench.core_steps import BANK, Step, lived

STEPS = 6_000
PAUSE_SECONDS = 0.004
RUNS = (1, 4, 16)
MOST_PAUSES = 1_500


def sleep() -> None:
    """Give the processor away."""
    time.sleep(PAUSE_SECONDS)


def spin() -> None:
    """Keep the processor, with little in its caches."""
    until = time.perf_counter() + PAUSE_SECONDS
    while time.perf_counter() < until:
        pass


def nothing() -> None:
    """Go on at once."""


def cost(steps: Sequence[Step], run: int, pause: Callable[[], None]) -> float:
    """Return µs a step, taken in runs of so many with a pause after each."""
    spent = 0
    for at in range(0, len(steps), run):
        begin = process_time_ns()
        for asked in steps[at : at + run]:
            models.step.step(*asked)
        spent += process_time_ns() - begin
        pause()
    return spent / len(steps) / 1_000


def main() -> None:
    """Print µs a step: without a pause, then by length of run and kind of pause."""
    steps = [step for step in lived(BANK)[0] if step[0] is not None][-STEPS:]
    gc.freeze()
    cost(steps, len(steps), nothing)
    sys.stdout.write(f"one after the other {cost(steps, len(steps), nothing):.0f} µs a step\n")
    for run in RUNS:
        some = steps[: run * MOST_PAUSES]
        slept, spun = cost(some, run, sleep), cost(some, run, spin)
        sys.stdout.write(f"runs of {run:>2}: {slept:.0f} µs after a sleep, {spun:.0f} µs after 4 ms of little else\n")


if __name__ == "__main__":
    main()
