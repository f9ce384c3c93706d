"""The churn model: will this customer have left at the horizon? One logistic regression over `models.features`."""

from collections.abc import Sequence

from models.context import Context
from models.features import FEATURES
from models.learner import LogisticLearner
from models.reasons import strongest
from models.scoring import LinearScorer
from schemas.profile import MAX_REASONS, Profile, Score

RATE = 0.01


class ChurnLearner(LogisticLearner):
    """Learns weekly snapshots with the label that came true 30 days (policy) later."""

    def __init__(self, start: float = 0.5) -> None:
        """Start unlearned: it says `start` (policy's share of customers who leave), with 0 examples."""
        super().__init__(FEATURES, start=start, rate=RATE)

    def scorer(self, version: int) -> LinearScorer:
        """Freeze a scorer of what is known now."""
        return LinearScorer(self.linear(), version)


def may_profile(profile: Profile) -> bool:
    """Whether the customer consents to be profiled (contract-rules 21)."""
    return profile.identity is not None and "profiling" in profile.identity.consents


def without_score(profile: Profile) -> Profile:
    """Forget the churn score: who no longer consents to be profiled has none."""
    if "churn" not in profile.scores:
        return profile
    changed = profile.copied()
    changed.scores = {name: score for name, score in profile.scores.items() if name != "churn"}
    return changed


def score_churn(profile: Profile, values: Sequence[float], at_ms: int, context: Context) -> Profile:
    """Keep the churn score of these features in the profile, with its reasons; without consent there is none."""
    if not may_profile(profile):
        return without_score(profile)
    scorer = context.scorers["churn"]
    scored = scorer.score(values)
    reasons = strongest(scored, context.policy, MAX_REASONS)
    changed = profile.copied()
    changed.scores = {**profile.scores, "churn": Score(scored.value, scorer.version, scored.examples, at_ms, reasons)}
    return changed
