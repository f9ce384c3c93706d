"""Whether a histogram of latencies has a second hump: pauses that hit a share of the events show as one.

Who waits behind a pause of P waits any time up to P, so the waits are spread evenly, and in bins whose width grows
with the latency they pile up just below P: a peak with a valley between it and the first mode. Found as a zigzag: from
a peak down by `FALLS` at least and up again by as much, each step more than counting noise explains (`SURE` standard
errors of the difference of two Poisson counts, by their roots). Peaks are looked for in runs of three bins, 21 % of the
latency each: what lies closer to the mode is its shoulder, and no hump. A hump counts from `LEAST_SHARE` on, since it
makes the p99.9 then.

Latencies in milliseconds; counts are of actions. Nothing here knows a clock, a worker or a histogram's own form.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

BINS_PER_DECADE = 12
"""A bin ends 21 % above its beginning."""
FALLS = 2.0
"""So many times lower a valley is than the peaks on its sides."""
SURE = 4.0
"""Standard errors; by chance a swing of that size comes once in 30,000."""
LEAST_SHARE = 0.001
FIRST_SHARE = 0.1
"""The first mode holds as much at least: a few that are faster than all others are none."""


class Hump(NamedTuple):
    """A mode beyond the first: where its peak is, from where to where it goes (ms), and which share of all it holds."""

    at_ms: float
    from_ms: float
    to_ms: float
    share: float


def humps(counted: Iterable[tuple[float, int]]) -> list[Hump]:
    """Return the humps of a histogram that is given as (latency in ms, how many), in any order.

    >>> humps([(5.0, 900), (6.0, 70), (200.0, 30)])[0].share
    0.03
    """
    modes = _modes(*_binned(counted))
    first = next((number for number, mode in enumerate(modes) if mode.share >= FIRST_SHARE), 0)
    return [mode for mode in modes[first + 1 :] if mode.share >= LEAST_SHARE]


def _binned(counted: Iterable[tuple[float, int]]) -> tuple[int, list[int]]:
    """Return the number of the lowest bin and how many lie in each from there on, with an empty one on either side."""
    found: dict[int, int] = {}
    for ms, count in counted:
        number = math.floor(math.log10(ms) * BINS_PER_DECADE)
        found[number] = found.get(number, 0) + count
    if not found:
        return 0, []
    lowest = min(found) - 1
    return lowest, [found.get(number, 0) for number in range(lowest, max(found) + 2)]


def _modes(lowest: int, counts: Sequence[int]) -> list[Hump]:
    """Cut the histogram at its valleys."""
    runs = [sum(counts[max(0, number - 1) : number + 2]) for number in range(len(counts))]
    valleys = _valleys(runs)
    total = sum(counts)
    modes = []
    for begin, end in zip([0, *valleys], [*valleys, len(counts)], strict=True):
        held = sum(counts[begin:end])
        peak = max(range(begin, end), key=lambda number: (runs[number], counts[number]), default=begin)
        middle = _edge_ms(lowest + peak + 0.5)
        filled = [number for number in range(begin, end) if counts[number]] or [begin]
        from_ms, to_ms = _edge_ms(lowest + filled[0]), _edge_ms(lowest + filled[-1] + 1)
        modes.append(Hump(middle, from_ms, to_ms, held / total if total else 0.0))
    return modes


def _valleys(runs: Sequence[int]) -> list[int]:
    """Return where a fall and a rise meet that are both large and sure."""
    valleys: list[int] = []
    top, bottom, falling = 0, 0, False
    for number, height in enumerate(runs):
        if not falling:
            if height > runs[top]:
                top = number
            elif _differ(runs[top], height):
                falling, bottom = True, number
        elif height <= runs[bottom]:
            bottom = number
        elif _differ(height, runs[bottom]):
            valleys.append(bottom)
            falling, top = False, number
    return valleys


def _differ(high: int, low: int) -> bool:
    """Whether a count is higher than another by more than its factor, and by more than noise."""
    return high >= FALLS * low and math.sqrt(2) * (math.sqrt(high) - math.sqrt(low)) >= SURE


def _edge_ms(number: float) -> float:
    return float(round(10 ** (number / BINS_PER_DECADE), 3))
