"""Scores as probabilities: of a hundred customers with a score of 0.2 some twenty should leave.

Two maps from a score to a probability, both learned online from scores whose labels have come true, in bounded memory
and as data. `Platt` (Platt 1999) stretches and shifts the log-odds, `start + slope * (log-odds - start) + shift`, so a
linear score stays linear and its contributions still sum to it. `Isotonic` (pool adjacent violators; Ayer et al. 1955,
Zadrozny and Elkan 2002) takes any rising shape; it is for reports, and for models whose scores are no sums.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log
from typing import Any, NamedTuple

from models.learner import BadSnapshotError
from models.scoring import probability

LEAST = 1e-9  # a probability is kept this far from 0 and 1
REACH = 6.0  # log-odds further than this from the start count as this far: one wild score must not decide the slope
SLOPES = (0.1, 4.0)  # rising always, so that a calibrated score can be traced back
SHIFTS = (-6.0, 6.0)
LEAST_CURVE = 0.01  # so that a score next to 0 or 1 weighs something too
MAX_BINS = 401
HEAVIEST = 1e6  # newcomer, before all weights are made small again
MOST = 1e12  # of counts and information in a snapshot that is to be believed


def log_odds(score: float) -> float:
    """Turn a probability into log-odds, within some ±20.

    >>> log_odds(0.5)
    0.0
    """
    p = min(1.0 - LEAST, max(LEAST, score))
    return log(p / (1.0 - p))


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

    def learn(self, raw: float, label: bool) -> None:
        """Learn what came true of a score with these raw log-odds."""
        self.examples += 1
        off = min(REACH, max(-REACH, raw - self._start))
        chance = probability(self._start + self._slope * off + self._shift)
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
        """Become what `snapshot` described. Raises one of `models.learner.DAMAGED` and stays as it was."""
        examples, slope, shift, slopes, both, shifts = data
        check_line(slope, shift)
        # Not a number compares false with everything, so it fails the test too.
        known = self._prior[0] <= slopes < MOST and self._prior[1] <= shifts < MOST and both * both < slopes * shifts
        if not (known and 0 <= examples < MOST):
            raise BadSnapshotError("the snapshot holds a calibration that cannot be")
        self.examples, self._slope, self._shift, self._curves = int(examples), slope, shift, [slopes, both, shifts]


def check_line(slope: float, shift: float) -> None:
    """Raise one of `models.learner.DAMAGED` unless a `Platt` may have learned these."""
    if not (SLOPES[0] <= slope <= SLOPES[1] and SHIFTS[0] <= shift <= SHIFTS[1]):
        raise BadSnapshotError("the snapshot holds a line that cannot be")


class Step(NamedTuple):
    """Neighbouring bins that isotonic regression has made one: how many, mean score, share that came true."""

    weight: float
    mean: float
    share: float


def pooled(bins: Iterable[tuple[float, float, float]]) -> tuple[Step, ...]:
    """Pool adjacent violators: the rising steps that fit best to (count, sum of scores, positives), by score.

    >>> [step.share for step in pooled([(2, 0.2, 0), (2, 0.6, 2), (2, 1.0, 0), (1, 0.9, 1)])]
    [0.0, 0.5, 1.0]
    """
    blocks: list[tuple[float, float, float]] = []
    for count, scores, positives in bins:
        block = count, scores, positives
        while blocks and blocks[-1][2] * block[0] >= block[2] * blocks[-1][0]:
            before = blocks.pop()
            block = before[0] + block[0], before[1] + block[1], before[2] + block[2]
        blocks.append(block)
    return tuple([Step(count, scores / count, positives / count) for count, scores, positives in blocks])


def interpolated(steps: Sequence[Step], score: float) -> float:
    """Read the rising curve through the middles of the steps; beyond its ends it stays level.

    >>> interpolated((Step(2, 0.1, 0.0), Step(4, 0.4, 0.5)), 0.25)
    0.25
    """
    below = steps[0]
    for step in steps:
        if score <= step.mean:
            width = step.mean - below.mean
            rise = step.share - below.share
            return step.share if width <= 0.0 else below.share + rise * (score - below.mean) / width
        below = step
    return below.share


class Isotonic:
    """Isotonic regression over bins of log-odds, older labels counting ever less; at first it changes nothing."""

    def __init__(self, *, least: int = 200, fading: float = 0.9995, per_unit: int = 4) -> None:
        """Map nothing before `least` examples; a bin is `1 / per_unit` wide in log-odds."""
        self.examples = 0
        self._least, self._fading, self._per_unit = least, fading, per_unit
        self._weight = 1.0  # of a newcomer: instead of fading all that is there, what comes weighs more
        self._bins: dict[int, list[float]] = {}
        self._steps: tuple[Step, ...] = ()

    def learn(self, score: float, label: bool) -> None:
        """Learn what came true of a score."""
        self.examples += 1
        self._weight /= self._fading
        entry = self._bins.setdefault(round(self._per_unit * log_odds(score)), [0.0, 0.0, 0.0])
        for place, value in enumerate((1.0, score, float(label))):
            entry[place] += self._weight * value
        if self._weight > HEAVIEST:
            self._bins = {place: [value / self._weight for value in known] for place, known in self._bins.items()}
            self._weight = 1.0
        self._steps = ()

    def calibrated(self, score: float) -> float:
        """Map a probability."""
        if self.examples < self._least:
            return score
        if not self._steps:
            self._steps = pooled((known[0], known[1], known[2]) for _, known in sorted(self._bins.items()))
        return interpolated(self._steps, score)

    def snapshot(self) -> dict[str, Any]:
        """All that it knows, as data."""
        return {
            "examples": self.examples,
            "weight": self._weight,
            "bins": [[place, *known] for place, known in sorted(self._bins.items())],
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises one of `models.learner.DAMAGED` and stays as it was."""
        examples, weight, bins = int(data["examples"]), float(data["weight"]), {}
        for place, *known in data["bins"]:
            count, scores, positives = map(float, known)
            if not (0.0 < count < MOST and 0.0 <= scores <= 1.001 * count and 0.0 <= positives <= 1.001 * count):
                raise BadSnapshotError("the snapshot holds a bin that cannot be")
            bins[int(place)] = [count, scores, positives]
        if len(bins) > MAX_BINS or not (1.0 <= weight <= HEAVIEST and 0 <= examples < MOST):
            raise BadSnapshotError("the snapshot holds a calibration that cannot be")
        self.examples, self._weight, self._bins, self._steps = examples, weight, bins, ()
