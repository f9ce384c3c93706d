"""Figures of repeated measurements: the median, and how far the runs lay apart."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from stream_app.figures import figure_file
from stream_app.figures.figure_file import Figures, keep

__all__ = ["Figures", "figure", "keep", "short", "tail"]


def figure(name: str, values: Sequence[float], unit: str, command: str, *, n: int = 0, anchor: Any = None) -> Figures:
    """Return the figure whose value is the median of `values`; `n` (default: how many values) is what was counted."""
    between = short(min(values)), short(max(values))
    return figure_file.figure(name, short(statistics.median(values)), unit, between, n or len(values), command, anchor)


TAIL = 1_000
"""Of fewer than so many the p99.9 is the longest one, which tells nothing."""


def tail(place: str, latency_ms: Mapping[str, float], pauses: Mapping[str, Any], of_what: str, command: str) -> Figures:
    """Return the p99.9 of a step, where there are enough, and the share of its second humps, if any would be seen."""
    n, seen_from = int(latency_ms["n"]), pauses["humps_seen_from_share"]
    made: Figures = {}
    if n >= TAIL:
        unit = f"ms from due to readable, {of_what}"
        made |= figure(f"latency_p99_9_ms_{place}", [latency_ms["p99_9"]], unit, command, n=n)
    if seen_from is not None:
        share = sum(hump["share"] for hump in pauses["humps"])
        unit = f"of {of_what}, beyond the first mode of the latencies (seen from {seen_from:.2g} on)"
        made |= figure(f"latency_hump_share_{place}", [share], unit, command, n=n, anchor=0)
    return made


def short(value: float) -> float:
    """Round to what a reader can use.

    >>> short(1.23456), short(12345.678)
    (1.235, 12345.7)
    """
    return round(value, 3 if abs(value) < 100 else 1)
