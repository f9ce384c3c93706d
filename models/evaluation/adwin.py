"""ADWIN (Bifet, Gavaldà, "Learning from Time-Changing Data with Adaptive Windowing", SDM 2007), with its state as data.

A window of the latest values is cut as soon as its older and its newer part have means that differ by more than chance
allows; what is kept is an exponential histogram, so memory and time are logarithmic in the window's length. River's own
keeps its state inside compiled code, where no snapshot can reach it; a test holds the two against each other.
"""

from collections.abc import Mapping
from math import log, sqrt
from typing import Any, NamedTuple

DELTA = 0.002  # the chance of a false alarm at one look
LOOK_EVERY = 32  # values
BUCKETS = 5  # of one size, before the two oldest become one of twice the size
LEAST_PART = 5


class _Sum(NamedTuple):
    """Some values: how many, their sum, and the sum of their squared deviations."""

    size: int
    total: float
    spread: float

    def joined(self, other: "_Sum") -> "_Sum":
        if not self.size or not other.size:
            return self if self.size else other
        size = self.size + other.size
        apart = self.total / self.size - other.total / other.size
        spread = self.spread + other.spread + self.size * other.size * apart * apart / size
        return _Sum(size, self.total + other.total, spread)


_NOTHING = _Sum(0, 0.0, 0.0)


class Adwin:
    """Watches values in [0, 1]."""

    def __init__(self) -> None:
        """Start with an empty window."""
        self._seen = 0
        self._levels: list[list[_Sum]] = []  # buckets of 1, 2, 4, … values, each level oldest first

    @property
    def mean(self) -> float:
        """The mean of the window; 0 while it is empty."""
        whole = self._whole()
        return whole.total / whole.size if whole.size else 0.0

    @property
    def width(self) -> int:
        """How many values the window holds."""
        return self._whole().size

    def update(self, value: float) -> bool:
        """Take one value; returns whether a change was found, the older part being forgotten then."""
        self._seen += 1
        self._insert(_Sum(1, value, 0.0))
        return self._seen % LOOK_EVERY == 0 and self._cut()

    def _insert(self, new: _Sum) -> None:
        for level in self._levels:
            level.append(new)
            if len(level) <= BUCKETS:
                return
            new = level[0].joined(level[1])
            del level[:2]
        self._levels.append([new])

    def _buckets(self) -> list[_Sum]:
        return [bucket for level in reversed(self._levels) for bucket in level]

    def _whole(self) -> _Sum:
        whole = _NOTHING
        for bucket in self._buckets():
            whole = whole.joined(bucket)
        return whole

    def _cut(self) -> bool:
        changed = False
        while self._differs():
            changed = True
            del self._levels[-1][0]
            while self._levels and not self._levels[-1]:
                del self._levels[-1]
        return changed

    def _differs(self) -> bool:
        """Whether at some cut the two parts differ by more than chance allows."""
        whole = self._whole()
        if whole.size <= 2 * LEAST_PART:
            return False  # no cut leaves enough on both sides
        surprise = log(2.0 * log(whole.size) / DELTA)
        variance = whole.spread / whole.size
        size, total = 0, 0.0
        for bucket in self._buckets():
            size, total = size + bucket.size, total + bucket.total
            left = whole.size - size
            if size <= LEAST_PART or left <= LEAST_PART:
                continue
            inverse = 1.0 / (size - LEAST_PART + 1) + 1.0 / (left - LEAST_PART + 1)
            allowed = sqrt(2.0 * inverse * variance * surprise) + 2.0 / 3.0 * surprise * inverse
            if abs(total / size - (whole.total - total) / left) > allowed:
                return True
        return False

    def snapshot(self) -> dict[str, Any]:
        """All buckets."""
        return {
            "seen": self._seen,
            "levels": [[list(bucket) for bucket in level] for level in self._levels],
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on from a snapshot whose shape was checked."""
        self._seen = data["seen"]
        self._levels = [[_Sum(*bucket) for bucket in level] for level in data["levels"]]
