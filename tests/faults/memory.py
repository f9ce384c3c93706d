"""Resident memory of a worker over time: sampled while it works, and its slope once it is warm.

A worker that starts anew starts small, so every life of a process is a series of its own, and the longest one is told
of. Write buffers of RocksDB (small ones, the soak sees to it) fill and empty again within a window; the lowest sample
of each leaves them out, and makes the points nearly independent of each other. Through these points goes a straight
line by least squares.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from scipy import special

from tests.faults.crew import Crew

GOAL_MB_PER_HOUR = 1.0
WIDEST_MB_PER_HOUR = 8.0
"""The widest interval that tells anything: half of it lies between the goal and a leak of 5 MB/h."""
EVERY_SECONDS = 2.0
WINDOW_SECONDS = 120.0
MEGABYTE = 1 << 20


class Sample(NamedTuple):
    """What one process held at a moment: seconds since the beginning, bytes, open files."""

    at: float
    pid: int
    resident: int
    files: int


@dataclass(frozen=True)
class Slope:
    """Growth in MB per hour with its 95 % interval, over so many minutes and windows of one life."""

    mb_per_hour: float
    low: float
    high: float
    minutes: float
    points: int


class Sampler:
    """Looks at one worker until it is told to end."""

    def __init__(self, crew: Crew, name: str) -> None:
        self._crew = crew
        self._name = name
        self.samples: list[Sample] = []

    async def run(self) -> None:
        """Sample until cancelled; a worker that is between two lives is passed over."""
        began = time.monotonic()
        while True:
            with suppress(OSError, IndexError):  # it has just ended
                pid = self._crew.members[self._name].process.pid
                memory, files = self._crew.memory_bytes(self._name), self._crew.open_files(self._name)
                self.samples.append(Sample(time.monotonic() - began, pid, memory, files))
            await asyncio.sleep(EVERY_SECONDS)


def longest_life(samples: Sequence[Sample]) -> list[Sample]:
    """The samples of the process that was seen most often."""
    lives: dict[int, list[Sample]] = {}
    for sample in samples:
        lives.setdefault(sample.pid, []).append(sample)
    return max(lives.values(), key=len, default=[])


def warm(life: Sequence[Sample], seconds: float) -> list[Sample]:
    """A life without its first seconds."""
    return [sample for sample in life if sample.at - life[0].at >= seconds]


def slope(life: Sequence[Sample], window: float = WINDOW_SECONDS) -> Slope | None:
    """The line through the lowest sample of each whole window; None where three windows are not full."""
    if not life:
        return None
    began, lowest = life[0].at, {}
    for sample in life:
        number = int((sample.at - began) / window)
        if number not in lowest or sample.resident < lowest[number].resident:
            lowest[number] = sample
    points = [lowest[number] for number in sorted(lowest)[:-1]]  # the last window is not over
    if len(points) < 3:
        return None
    hours = [point.at / 3600 for point in points]
    found, stderr = _line(hours, [point.resident / MEGABYTE for point in points])
    spread = stderr * float(special.stdtrit(len(points) - 2, 0.975))
    return Slope(found, found - spread, found + spread, (points[-1].at - points[0].at) / 60, len(points))


def objection(found: Slope | None) -> str | None:
    """Why a slope does not show that memory stays below the goal; None where it does.

    The slope itself is held against the goal, not the lower end of its interval, which noise alone can bring below it.
    """
    if found is None:
        return "cannot tell of memory: fewer than three windows of one warm life"
    told = f"{found.mb_per_hour:.1f} MB/h ({found.low:.1f} to {found.high:.1f}, {found.points} windows)"
    if found.mb_per_hour > GOAL_MB_PER_HOUR:
        return f"memory grows by {told}"
    if not found.high - found.low <= WIDEST_MB_PER_HOUR:
        return f"cannot tell of memory: {told} is too wide, take more minutes"
    return None


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """The slope of the straight line through the points by least squares, and its standard error."""
    mean_x, mean_y = fmean(x), fmean(y)
    spread = sum((it - mean_x) ** 2 for it in x)
    found = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    rest = sum((b - mean_y - found * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True))
    return found, math.sqrt(rest / (len(x) - 2) / spread)
