"""How far the churn model, which learns each example once, is behind a batch model that has all of them at hand.

The batch model is scikit-learn's gradient boosting (a dependency of development). It gets the same matured examples
with the same features, those of the whole period at once, the future ones too, and scores each customer by a model that
has seen all other customers (five folds of customers). Ours has, of each example, only seen those that matured before.
Both are held against the planted truth: does the customer leave within the horizon? Each pair learns from the same
labels: those that matured, or the planted truth itself. Beside them the plain regression: River's scaler and SGD.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple

from models.features import FEATURES
from models.learning.learner import LogisticLearner
from models.served.churn import ChurnLearner
from stream_app.figures.batch import Example, in_batch
from stream_app.figures.truth import Departures, auc

START = 0.1

Aucs = tuple[float, float]  # over all examples, and over the later half


class Side(NamedTuple):
    """What ours and the batch model make of the same labels."""

    ours: Aucs
    batch: Aucs

    @property
    def gap(self) -> float:
        """How far ours is behind over the later half, when it has had something to learn from."""
        return self.batch[1] - self.ours[1]


class Compared(NamedTuple):
    """Both sides: learned from the labels that matured, and from the planted truth; plain: from those that matured."""

    by_label: Side
    by_truth: Side
    plain: Aucs
    examples: int
    leaving: int

    def told(self) -> dict[str, float | None]:
        """Name the figures of the later half."""
        return {
            "simulated_churn_auc_gap_to_batch": self.by_label.gap,
            "simulated_churn_auc_gap_to_batch_given_the_truth": self.by_truth.gap,
            "simulated_churn_auc_at_maturity_second_half": self.by_label.ours[1],
            "simulated_churn_auc_of_batch_second_half": self.by_label.batch[1],
            "simulated_churn_auc_of_plain_regression_second_half": self.plain[1],
        }


def against_batch(examples: Iterable[Example], departures: Departures, horizon_days: int) -> Compared:
    """Compare on the churn examples of one played bank."""
    known = [e for e in examples if e["model"] == "churn" and e["label"] is not None]
    known.sort(key=itemgetter("due_ms", "example_id"))
    truth = [departures.leaves_within(e["customer_id"], e["snapshot_ms"], horizon_days) for e in known]
    matured = [e["label"] == 1 for e in known]
    by_label, by_truth = [
        Side(_aucs(prequential(ChurnLearner(START), known, labels), truth), _aucs(in_batch(known, labels), truth))
        for labels in (matured, truth)
    ]
    plain = _aucs(prequential(LogisticLearner(FEATURES, start=START), known, matured), truth)
    return Compared(by_label, by_truth, plain, len(known), sum(truth))


def prequential(
    learner: ChurnLearner | LogisticLearner, examples: Sequence[Example], labels: Sequence[bool]
) -> list[float]:
    """Score each example by what was learned from those before it, then learn it."""
    scores = []
    for example, label in zip(examples, labels, strict=True):
        scores.append(learner.score(example["features"]))
        learner.learn(example["features"], label)
    return scores


def _aucs(scores: Sequence[float], truth: Sequence[bool]) -> Aucs:
    half = len(truth) // 2
    return auc(scores, truth) or 0.5, auc(scores[half:], truth[half:]) or 0.5
