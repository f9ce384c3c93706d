"""From a meter's bins to curves: is a score a probability, whom does it find, and where do the scores lie.

A bin is (place, negatives, positives, sum of the scores); places are steps of log-odds (`models.evaluation.meters`). So
what is drawn is exact to the width of a bin.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from models.evaluation.meters import BINS_PER_UNIT, CALIBRATION_GROUPS, EDGE
from models.learning.scoring import probability

Bins = Sequence[Sequence[float]]
Z = 1.959964  # of a 95 % interval
BARS_PER_UNIT = 2  # of log-odds in the distribution


class Group(NamedTuple):
    """Customers of about the same score: what they were told, what came true of them, and how sure that is (95 %)."""

    examples: int
    predicted: float
    observed: float
    low: float
    high: float


class Gain(NamedTuple):
    """Of all those who said yes (or left), the share that the highest scores find."""

    customers: float
    found: float


class Bar(NamedTuple):
    """Scores between two log-odds: the share of the negatives and of the positives that lie there."""

    low: float
    high: float
    negatives: float
    positives: float


def wilson(positives: int, examples: int) -> tuple[float, float]:
    """Give the 95 % interval of a share (Wilson 1927).

    >>> [round(edge, 4) for edge in wilson(5, 100)]
    [0.0215, 0.1118]
    """
    share, spread = positives / examples, Z * Z / examples
    middle = share + spread / 2
    reach = Z * sqrt(share * (1 - share) / examples + spread / (4 * examples))
    return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))


def auc_range(auc: float, positives: int, negatives: int) -> tuple[float, float]:
    """Give the 95 % interval of an AUC (Hanley and McNeil, Radiology 143, 1982)."""
    first, second = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (first - auc * auc) + (negatives - 1) * (second - auc * auc)
    reach = Z * sqrt(max(0.0, variance) / (positives * negatives))
    return max(0.0, auc - reach), min(1.0, auc + reach)


def reliability(bins: Bins) -> list[Group]:
    """Put the scores into some ten groups of equal size, as the calibration error does, lowest first."""
    number = sum(int(bad + good) for _, bad, good, _ in bins)
    groups = []
    size = true = 0
    predicted = 0.0
    for place, (_, negatives, positives, told) in enumerate(bins):
        size, true, predicted = size + int(negatives + positives), true + int(positives), predicted + told
        if size * CALIBRATION_GROUPS >= number or place == len(bins) - 1:
            groups.append(Group(size, predicted / size, true / size, *wilson(true, size)))
            size, true, predicted = 0, 0, 0.0
    return groups


def gain(bins: Bins) -> list[Gain]:
    """Follow the customers from the highest score down: how many are asked, how many of the positives are found."""
    number, positives = sum(bad + good for _, bad, good, _ in bins), sum(good for _, _, good, _ in bins)
    if not positives:
        return []
    asked = found = 0.0
    curve = [Gain(0.0, 0.0)]
    for _, bad, good, _ in reversed(bins):
        asked, found = asked + bad + good, found + good
        curve.append(Gain(asked / number, found / positives))
    return curve


def found_by(curve: Sequence[Gain], customers: float) -> float:
    """Read the gain curve at a share of the customers."""
    for before, after in pairwise(curve):
        if after.customers >= customers:
            width = after.customers - before.customers
            return before.found + (after.found - before.found) * (customers - before.customers) / width
    return 1.0


def distribution(bins: Bins) -> list[Bar]:
    """Count the scores by steps of half a unit of log-odds, each class as shares of itself."""
    negatives, positives = sum(bad for _, bad, _, _ in bins), sum(good for _, _, good, _ in bins)
    tallies: dict[int, list[float]] = {}
    for place, bad, good, _ in bins:
        units = (place - EDGE * BINS_PER_UNIT) / BINS_PER_UNIT
        tally = tallies.setdefault(int(units * BARS_PER_UNIT // 1), [0.0, 0.0])
        tally[0] += bad
        tally[1] += good
    return [
        Bar(step / BARS_PER_UNIT, (step + 1) / BARS_PER_UNIT, bad / (negatives or 1), good / (positives or 1))
        for step, (bad, good) in sorted(tallies.items())
    ]


def as_percent(log_odds: float) -> str:
    """Write log-odds as the probability that they are."""
    percent = 100 * probability(log_odds)
    if percent > 99.9 or percent < 0.1:
        return ">99.9%" if percent > 50 else "<0.1%"
    return f"{percent:.1f}%" if percent < 2 or percent > 98 else f"{percent:.0f}%"


def smoothed(points: Sequence[tuple[float, float, float]], width: int = 5) -> list[tuple[float, float]]:
    """Average the last `width` of (x, y, weight) at each point: single stretches have few positives.

    >>> smoothed([(1, 0.5, 1), (2, 0.75, 3)])
    [(1, 0.5), (2, 0.6875)]
    """
    found = []
    for place in range(len(points)):
        last = points[max(0, place + 1 - width) : place + 1]
        weight = sum(w for _, _, w in last)
        if weight:
            found.append((points[place][0], sum(y * w for _, y, w in last) / weight))
    return found
