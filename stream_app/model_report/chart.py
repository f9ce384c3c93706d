"""What every picture of the report is made of: its place on the page, its sentence, and how its figures are written."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from models.policy import Text
from stream_app.model_report.words import Cell

Model = Mapping[str, Any]
Row = Sequence[Cell]


class Chart(NamedTuple):
    """A picture with its heading, what it says in a sentence, its legend, and its numbers as a table.

    name: its id on the page, of characters that need no escape (`anchor`); legend: (class, label); svg "" where there
    is nothing to draw, and `says` tells why.
    """

    name: str
    title: Text
    says: Text
    svg: str = ""
    legend: tuple[tuple[str, Cell], ...] = ()
    columns: Row = ()
    rows: tuple[Row, ...] = ()


def anchor(name: str) -> str:
    """Make of a name from a file an id that needs no escape anywhere: each name has one of its own.

    >>> anchor("churn"), anchor('a "b"')
    ('churn', 'a%20%22b%22')
    """
    return quote(name, safe="")


def is_judged(figures: Model) -> bool:
    """Whether the model says probabilities that labels can judge; customer value does not."""
    return figures["figures"]["log_loss"] is not None


def number(value: float | None, digits: int = 3) -> str:
    """Write a figure of a table."""
    return "–" if value is None else f"{value:,.{digits}f}"
