"""The churn model: will this customer have left at the horizon? `models.learning.champion` over `models.features`."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.context import Context
from models.explanations.reasons import strongest
from models.features import FEATURES
from models.learning.champion import Champion
from models.learning.hashing import Slots
from models.learning.learner import Snapshot, tame, tame_slots
from models.learning.scoring import Linear, LinearScorer, Scored
from schemas.profile import MAX_REASONS, Profile, Score

_ALL = ""  # the champion knows actions; leaving is one for all


class ChurnLearner:
    """Learns weekly snapshots with the label that came true 30 days (policy) later."""

    refused = 0  # no step can make the numbers run away

    def __init__(self, start: float = 0.5) -> None:
        """Start unlearned: it says `start` (policy's share of customers who leave), with 0 examples."""
        self._start = start
        self._champion = Champion(FEATURES)
        self._linear: Linear | None = None  # since the last example

    @property
    def examples(self) -> int:
        """Examples learned so far."""
        return self._champion.examples

    def linear(self) -> Linear:
        """Give what is known now as plain numbers."""
        if self._linear is None:
            self._linear = self._champion.linear(_ALL, self._start)
        return self._linear

    def scored(self, features: Sequence[float], slots: Slots = ()) -> Scored:
        """Score now, with its contributions; changes nothing that is learned."""
        return self.linear().score(tame(features), tame_slots(slots))

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        return self.scored(features, slots).value

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one matured snapshot."""
        self._champion.learn(features, label, _ALL, self._start, slots)
        self._linear = None

    def snapshot(self) -> Snapshot:
        """All that it knows, as data."""
        return self._champion.snapshot()

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        self._champion, self._linear = Champion.of(data, FEATURES), None

    def scorer(self, version: int) -> LinearScorer:
        """Freeze a scorer of what is known now."""
        return LinearScorer(self.linear(), version)


def may_profile(profile: Profile) -> bool:
    """Whether the customer consents to be profiled (docs/rules.md, 21)."""
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
