"""Figures of repeated measurements: the median, and how far the runs lay apart."""

import statistics
from collections.abc import Sequence
from typing import Any

from stream_app.figures import figure_file
from stream_app.figures.figure_file import Figures, keep

__all__ = ["Figures", "figure", "keep", "short"]


def figure(name: str, values: Sequence[float], unit: str, command: str, *, n: int = 0, anchor: Any = None) -> Figures:
    """Return the figure whose value is the median of `values`; `n` (default: how many values) is what was counted."""
    between = short(min(values)), short(max(values))
    return figure_file.figure(name, short(statistics.median(values)), unit, between, n or len(values), command, anchor)


def short(value: float) -> float:
    """Round to what a reader can use.

    >>> short(1.23456), short(12345.678)
    (1.235, 12345.7)
    """
    return round(value, 3 if abs(value) < 100 else 1)
