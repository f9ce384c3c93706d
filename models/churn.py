"""The churn model: will this customer have left at the horizon? One logistic regression over `models.features`."""

from models.features import FEATURES
from models.learner import LogisticLearner
from models.scoring import LinearScorer

RATE = 0.01


class ChurnLearner(LogisticLearner):
    """Learns weekly snapshots with the label that came true 30 days (policy) later."""

    def __init__(self) -> None:
        """Start unlearned: it says 0.5, with 0 examples."""
        super().__init__(FEATURES, start=0.5, rate=RATE)

    def scorer(self, version: int) -> LinearScorer:
        """Freeze a scorer of what is known now."""
        return LinearScorer(self.linear(), version)
