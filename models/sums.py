"""All cells of a window read at one go, for who asks many questions of it: the fast half of `models.windows`."""

from typing import NamedTuple

from models.windows import (
    _ACTIVITIES,
    _CHANNELS,
    _DECLINED,
    _FIRST_CHANNEL,
    _KINDS,
    _SUMS,
    Cells,
    Span,
    What,
    _window,
)
from schemas.profile import Profile


class Sums(NamedTuple):
    """One span's booked flows (minor units), contacts through any channel, and its cells for further questions."""

    credit_count: int
    credit_minor: int
    debit_count: int
    debit_minor: int
    contacts: int
    cells: Cells

    def of_kind(self, kind: str) -> tuple[int, int]:
        """Count and sum of one kind's booked transactions, both directions."""
        credit = _KINDS[kind]
        get = self.cells.get
        return get(credit, 0) + get(credit + 1, 0), get(credit + _SUMS, 0) + get(credit + 1 + _SUMS, 0)

    @property
    def declined(self) -> int:
        """Declined transactions."""
        return self.cells.get(_DECLINED, 0)

    def activity(self, what: What) -> int:
        """Count interactions of one sort."""
        return self.cells.get(_ACTIVITIES[what], 0)

    def channel(self, channel: str) -> int:
        """Count transactions and interactions through one channel."""
        return self.cells.get(_CHANNELS[channel], 0)


def sums(profile: Profile, span: Span, at_ms: int) -> Sums:
    """Add up every cell of `span` up to and with the bucket of `at_ms`."""
    counts, minors, contacts = [0, 0], [0, 0], 0
    cells = _window(profile, span, at_ms)
    for cell, value in cells.items():  # even cells are credits, odd ones debits; a window has a dozen cells
        if cell < _DECLINED:
            counts[cell & 1] += value
        elif cell >= _FIRST_CHANNEL:
            contacts += value
        elif _SUMS <= cell < _SUMS + _DECLINED:
            minors[cell & 1] += value
    return Sums(counts[0], minors[0], counts[1], minors[1], contacts, cells)
