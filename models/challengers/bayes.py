"""Binned naive Bayes, in the manner of adaptive decision models: each feature's bins vote by what came true in them."""

from collections.abc import Mapping, Sequence
from math import log
from typing import Any, Self

from models.challengers.binned import BinnedCounts, BinnedScorer
from models.learning.hashing import Slots
from models.learning.learner import tame
from models.learning.scoring import log_odds_of, probability


class BayesLearner(BinnedCounts):
    """One model for all; one example costs some 60 µs."""

    def __init__(self, names: Sequence[str], start: float = 0.5) -> None:
        """Learn over features `names`; until the bins are found it says `start`."""
        super().__init__(names)
        self._unlearned = start
        self._start = log_odds_of(start)

    def _prior(self) -> float:
        negatives, positives = self._totals()
        return log((positives + 1.0) / (negatives + 1.0))

    def scorer(self, version: int, share: float = 1.0) -> BinnedScorer:
        """Freeze a scorer of what is known now; an ensemble takes a share of its log-odds."""
        slope, offset = self._line
        base = self._start if self._is_warming() else self._prior() + offset
        return BinnedScorer(self._edges, self._votes(share * slope), share * base, self.examples, version)

    def thawed(self, plain: Mapping[str, Any]) -> BinnedScorer:
        """Read a scorer that was kept as data. Raises one of `models.learning.learner.DAMAGED`."""
        return BinnedScorer.of(plain, len(self.names))

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        if self._is_warming():
            return probability(self._start)
        slope, offset = self._line
        votes = [slope * vote for vote in self._asked(self._places(tame(features)))]
        return probability(sum(votes, self._prior() + offset))

    def _heard(self, values: Sequence[float], about: str) -> tuple[float, list[float]]:
        """Give the log-odds before the features speak, and the sums of their votes that the slopes stretch."""
        return self._prior(), [sum(self._asked(self._places(values)))]

    def _fresh(self) -> Self:
        """Begin another one like it."""
        return type(self)(self.names, self._unlearned)
