"""A figure in the form of `docs/figures.json`, with the command of its group and its interval."""

from math import sqrt
from typing import Any

from stream_app.figures import figure_file
from stream_app.figures.figure_file import Figures


def figure(
    name: str,
    value: float | None,
    unit: str,
    between: tuple[float, float] | None,
    n: int,
    group: str,
    anchor: Any = None,
) -> Figures:
    """Put one figure into the form of `docs/figures.json`; `group` is what `make figures ARGS=…` takes."""
    edges = None if between is None else (short(between[0]), short(between[1]))
    return figure_file.figure(name, short(value), unit, edges, n, f'make figures ARGS="{group}"', anchor)


def wilson(hits: int, n: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share (Wilson 1927).

    >>> wilson(8, 10)
    (0.49, 0.943)
    """
    if not n:
        return None
    z = 1.96
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return round(centre - half, 3), round(centre + half, 3)


def short(value: float | None) -> float | None:
    """Round to what a reader can use."""
    return None if value is None else round(value, 4 if abs(value) < 10 else 1)
