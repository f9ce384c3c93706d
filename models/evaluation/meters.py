"""How good the scores are, told as they come: prequential AUC, log loss, calibration error, in bounded memory.

Scores are counted by bins of log-odds. River's `ROCAUC` keeps a confusion matrix per threshold of [0, 1]: with ten of
them it cannot tell apart scores that all lie below 0.1, as churn's do, and with hundreds an update takes as many steps.
One bin per update is exact to the bin's width (0.05 in log-odds) and restores from integers.
"""

from collections.abc import Mapping
from math import fsum, isfinite, log
from typing import Any, NamedTuple

BINS_PER_UNIT = 20
EDGE = 8  # log-odds beyond ±8 (0.03 %) share a bin
BINS = 2 * EDGE * BINS_PER_UNIT + 1
CALIBRATION_GROUPS = 10
LEAST = 1e-12  # a probability is kept this far from 0 and 1 in the log loss


class Quality(NamedTuple):
    """What a meter says; `auc` is None while one of the classes is unseen, the others while nothing was seen."""

    examples: int
    positives: int
    auc: float | None
    log_loss: float | None
    calibration_error: float | None


class Meter:
    """Counts scores and what came true; a score is noted before its label is learned."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._negatives = [0] * BINS
        self._positives = [0] * BINS
        self._predicted = [0.0] * BINS
        self._loss = 0.0

    def update(self, label: bool, score: float) -> None:
        """Note one score in [0, 1] with its label."""
        p = min(1.0 - LEAST, max(LEAST, score))
        place = round(BINS_PER_UNIT * min(EDGE, max(-EDGE, log(p / (1.0 - p))))) + EDGE * BINS_PER_UNIT
        (self._positives if label else self._negatives)[place] += 1
        self._predicted[place] += score
        self._loss -= log(p if label else 1.0 - p)

    @property
    def examples(self) -> int:
        """How many scores were noted."""
        return sum(self._positives) + sum(self._negatives)

    def quality(self) -> Quality:
        """Sum up what was noted so far."""
        positives, negatives = sum(self._positives), sum(self._negatives)
        number = positives + negatives
        return Quality(
            number,
            positives,
            self._auc(positives, negatives) if positives and negatives else None,
            self._loss / number if number else None,
            self._calibration_error(number) if number else None,
        )

    def _auc(self, positives: int, negatives: int) -> float:
        """Find the share of pairs in which the positive one scores higher; within a bin half of them."""
        below = won = 0.0
        for positive, negative in zip(self._positives, self._negatives, strict=True):
            won += positive * (below + negative / 2)
            below += negative
        return won / (positives * negatives)

    def _calibration_error(self, number: int) -> float:
        """Average |predicted - true share| over about ten groups of equal size, weighed by size."""
        errors: list[float] = []
        size, predicted, true = 0, 0.0, 0
        for place in range(BINS):
            size += self._positives[place] + self._negatives[place]
            true += self._positives[place]
            predicted += self._predicted[place]
            if size * CALIBRATION_GROUPS >= number or place == BINS - 1:
                errors.append(abs(predicted - true))
                size, predicted, true = 0, 0.0, 0
        return fsum(errors) / number

    def snapshot(self) -> dict[str, Any]:
        """All counts, by bins that were hit."""
        hit = [place for place in range(BINS) if self._positives[place] or self._negatives[place]]
        return {
            "bins": [[p, self._negatives[p], self._positives[p], self._predicted[p]] for p in hit],
            "loss": self._loss,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on from a snapshot. Raises `ValueError` where it is damaged, and stays as it was."""
        fresh = Meter()
        for place, negatives, positives, predicted in data["bins"]:
            if not 0 <= place < BINS or not isfinite(predicted):
                raise ValueError("a meter's snapshot holds a bin that there is not")
            fresh._negatives[place], fresh._positives[place] = negatives, positives
            fresh._predicted[place] = predicted
        fresh._loss = data["loss"]
        self.__dict__.update(fresh.__dict__)
