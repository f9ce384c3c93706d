"""Learning positives when they come, corrected for the labels still missing: an experiment beside the plain mode.

Each example is learned as a negative at once, and again as a positive when it turns out to be one ("fake negatives").
What is learned is then the share of positives among all that was learned, p / (1 + p) where p is the chance, so the
score is b / (1 - b) of what the learner says (fake negative calibration: Ktena et al., "Addressing Delayed Feedback for
Continuous Training with Neural Networks in CTR prediction", RecSys 2019; delayed feedback: Chapelle, KDD 2014).
Quicker than waiting for the horizon, and right on the average only while positives come much sooner than the horizon.
The product waits: `make figures ARGS="learning"` compares.
"""

from collections.abc import Sequence

from models.learner import Learner

MOST = 1.0 - 1e-9


class FakeNegatives:
    """A learner that need not wait; `learner` is what it learns with."""

    def __init__(self, learner: Learner) -> None:
        """Begin with an unlearned learner."""
        self._learner = learner

    def score(self, features: Sequence[float]) -> float:
        """Say the corrected probability now."""
        share = min(0.5, self._learner.score(features))
        return min(MOST, share / (1.0 - share))

    def met(self, features: Sequence[float]) -> None:
        """Learn an example when it is scored: nothing has come true yet."""
        self._learner.learn(features, label=False)

    def came_true(self, features: Sequence[float]) -> None:
        """Learn it again when it turns out to be a positive."""
        self._learner.learn(features, label=True)
