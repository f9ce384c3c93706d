"""Scores as probabilities: of a hundred customers with a score of 0.2 some twenty should leave.

`Platt` (Platt 1999) is learned online from scores whose labels have come true, in bounded memory and as data. It
stretches and shifts the log-odds, `start + slope * (log-odds - start) + shift`, so a linear score stays linear and its
contributions still sum to it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.learning.learner import BadSnapshotError
from models.learning.scoring import log_odds_of, probability

LEAST = 1e-9  # a probability is kept this far from 0 and 1
REACH = 6.0  # log-odds further than this from the start count as this far: one wild score must not decide the slope
SLOPES = (0.1, 4.0)  # rising always, so that a calibrated score can be traced back
SHIFTS = (-6.0, 6.0)
LEAST_CURVE = 0.01  # so that a score next to 0 or 1 weighs something too
MOST = 1e12  # of counts and information in a snapshot that is to be believed


def log_odds(score: float) -> float:
    """Turn a probability into log-odds, within some ±20.

    >>> log_odds(0.5)
    0.0
    """
    return log_odds_of(min(1.0 - LEAST, max(LEAST, score)))


class Line(NamedTuple):
    """A map of log-odds: by how much to stretch them about `start`, and to shift them."""

    start: float
    slope: float = 1.0
    shift: float = 0.0

    def of(self, raw: float) -> float:
        """Map raw log-odds."""
        return self.start + self.slope * (raw - self.start) + self.shift

    def back(self, mapped: float) -> float:
        """Find the raw log-odds of mapped ones."""
        return self.start + (mapped - self.start - self.shift) / self.slope

    def calibrated(self, score: float) -> float:
        """Map a probability."""
        return probability(self.of(log_odds(score)))


class Platt:
    """Slope and shift by online Newton steps with a prior, older labels counting ever less."""

    def __init__(self, start: float, *, slope: float = 0.5, evidence: float = 50.0, fading: float = 0.999) -> None:
        """Begin with the line through `start` (log-odds) of this slope: a young model is too sure, so half is believed.

        `evidence` is how much the beginning weighs, as information about the slope; about the shift a quarter of it.
        """
        self.examples = 0
        self._start, self._fading = start, fading
        self._prior = evidence, evidence / 4
        self._slope, self._shift = slope, 0.0
        self._curves = [evidence, 0.0, evidence / 4]  # information about slope, both, shift

    @property
    def line(self) -> Line:
        """The map as learned so far."""
        return Line(self._start, self._slope, self._shift)

    def learn(self, raw: float, label: bool, start: float | None = None) -> None:
        """Learn what came true of a score with these raw log-odds, that were mapped about `start` (None: its own)."""
        self.examples += 1
        about = self._start if start is None else start
        off = min(REACH, max(-REACH, raw - about))
        chance = probability(about + self._slope * off + self._shift)
        curve = max(LEAST_CURVE, chance * (1.0 - chance))
        slopes, both, shifts = (self._fading * information for information in self._curves)
        slopes = max(self._prior[0], slopes) + curve * off * off
        shifts = max(self._prior[1], shifts) + curve
        both += curve * off
        gain = (label - chance) / (slopes * shifts - both * both)
        self._slope = min(SLOPES[1], max(SLOPES[0], self._slope + gain * (shifts * off - both)))
        self._shift = min(SHIFTS[1], max(SHIFTS[0], self._shift + gain * (slopes - both * off)))
        self._curves = [slopes, both, shifts]

    def snapshot(self) -> list[float]:
        """All that it knows: examples, slope, shift, and what is known of them (information)."""
        return [self.examples, self._slope, self._shift, *self._curves]

    def restore(self, data: Sequence[float]) -> None:
        """Become what `snapshot` described. Raises one of `models.learning.learner.DAMAGED` and stays as it was."""
        examples, slope, shift, slopes, both, shifts = data
        check_line(slope, shift)
        # Not a number compares false with everything, so it fails the test too.
        known = self._prior[0] <= slopes < MOST and self._prior[1] <= shifts < MOST and both * both < slopes * shifts
        if not (known and 0 <= examples < MOST):
            raise BadSnapshotError("the snapshot holds a calibration that cannot be")
        self.examples, self._slope, self._shift, self._curves = int(examples), slope, shift, [slopes, both, shifts]


def check_line(slope: float, shift: float) -> None:
    """Raise one of `models.learning.learner.DAMAGED` unless a `Platt` may have learned these."""
    if not (SLOPES[0] <= slope <= SLOPES[1] and SHIFTS[0] <= shift <= SHIFTS[1]):
        raise BadSnapshotError("the snapshot holds a line that cannot be")
