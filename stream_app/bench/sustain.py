"""Sustainable throughput (Karimov et al., ICDE 2018): whether the lag keeps growing at a rate, and what to try next."""

import math
from collections.abc import Sequence
from typing import NamedTuple

RUNGS = (250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000)
CLOSE_ENOUGH = 1.15
WARM_SHARE = 0.2
"""Of a step, what counts in no lag and no latency."""
LONG_SECONDS = 60.0
MOST_DRAIN_SECONDS = 5.0


class LagPoint(NamedTuple):
    """How many records were sent and not committed, at a time (seconds)."""

    at: float
    records: int


def settled(lag: Sequence[LagPoint], seconds: float) -> list[LagPoint]:
    """Leave out the warm-up of a step of `seconds`: `WARM_SHARE` of it.

    >>> [point.at for point in settled([LagPoint(at, 0) for at in range(5)], 10.0)]
    [2, 3, 4]
    """
    return [point for point in lag if point.at >= lag[0].at + WARM_SHARE * seconds]


def slope(points: Sequence[LagPoint]) -> float:
    """Return by how many records a second the lag grows, by least squares; 0 for fewer than two points.

    >>> slope([LagPoint(0, 0), LagPoint(1, 10), LagPoint(2, 20)])
    10.0
    """
    if len(points) < 2:
        return 0.0
    mean_at = sum(point.at for point in points) / len(points)
    mean_records = sum(point.records for point in points) / len(points)
    spread = sum((point.at - mean_at) ** 2 for point in points)
    return sum((p.at - mean_at) * (p.records - mean_records) for p in points) / spread if spread else 0.0


def most_slope_share(seconds: float) -> float:
    """Return which share of the rate the lag may grow by: 1 %, and 5 % where commits are too few to tell 1 %."""
    return 0.01 if seconds >= LONG_SECONDS else 0.05


class Verdict(NamedTuple):
    """Whether a rate was sustained, and what spoke against it."""

    passed: bool
    why: str = ""


def judge(
    *, rate: float, lag: Sequence[LagPoint], p99_ms: float, objective_ms: float, drain_seconds: float, wrong: int
) -> Verdict:
    """Apply the four rules: lag trend, latency, lag gone soon after, nothing lost and nothing twice."""
    seconds = lag[-1].at - lag[0].at if lag else 0.0
    grows, most = slope(lag), most_slope_share(seconds) * rate
    if grows > most:
        return Verdict(False, f"the lag grows by {grows:.0f} records a second (at most {most:.0f})")
    if p99_ms > objective_ms:
        return Verdict(False, f"p99 is {p99_ms:.0f} ms (at most {objective_ms:.0f})")
    if drain_seconds > MOST_DRAIN_SECONDS:
        return Verdict(False, f"the lag was gone after {drain_seconds:.1f} s only")
    if wrong:
        return Verdict(False, f"{wrong} actions were lost or came twice")
    return Verdict(True)


class Ladder:
    """Which rate to try next: up the rungs until one fails, then halve what lies between."""

    def __init__(self, rungs: Sequence[float] = RUNGS, close_enough: float = CLOSE_ENOUGH) -> None:
        self._rungs = sorted(rungs)
        self._close_enough = close_enough
        self.passed = 0.0
        self.failed: float | None = None

    def next_rate(self) -> float | None:
        """Return the next rate to try, None when the answer is close enough or the rungs have ended."""
        if self.failed is None:
            return next((rate for rate in self._rungs if rate > self.passed), None)
        if not self.passed or self.failed / self.passed <= self._close_enough:
            return None
        return float(round(math.sqrt(self.passed * self.failed)))

    def tell(self, rate: float, *, passed: bool) -> None:
        """Note what became of a rate."""
        if passed:
            self.passed = max(self.passed, rate)
        else:
            self.failed = rate if self.failed is None else min(self.failed, rate)
