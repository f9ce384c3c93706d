"""The propensity models: how likely is this customer to accept this action? One logistic regression per action."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.features import FEATURES
from models.hashing import Slots
from models.learner import BadSnapshotError, LogisticLearner, Snapshot
from models.scoring import ActionScorer, Scored

RATE = 0.01
STARTING_PROPENSITY = 0.1  # of an action that policy says nothing about
MAX_ACTIONS = 200  # as many as the catalogue may hold; examples of further ones are learned together, as OTHER
OTHER = "other"


class PropensityLearner:
    """Learns offers with the label that came true by the action's horizon; each action has weights of its own."""

    def __init__(self, starting: Mapping[str, float] | None = None, *, max_actions: int = MAX_ACTIONS) -> None:
        """Start unlearned: an action has its `starting` propensity (policy), with 0 examples."""
        self._starting = dict(starting or {})
        self._max_actions = max_actions
        self._actions: dict[str, LogisticLearner] = {}

    @property
    def examples(self) -> int:
        """Examples learned, all actions together."""
        return sum(learner.examples for learner in self._actions.values())

    @property
    def refused(self) -> int:
        """Examples after which the numbers ran away, so that they were not learned."""
        return sum(learner.refused for learner in self._actions.values())

    def _fresh(self, action: str) -> LogisticLearner:
        return LogisticLearner(FEATURES, start=self._starting.get(action, STARTING_PROPENSITY), rate=RATE)

    def _place(self, action: str) -> str:
        """Under which name `action` is learned."""
        return action if action in self._actions or len(self._actions) < self._max_actions - 1 else OTHER

    def scored(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> Scored:
        """Score for action `about` with its contributions; changes nothing."""
        learner = self._actions.get(self._place(about))
        return (learner or self._fresh(about)).scored(features, slots)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the propensity for action `about` now; changes nothing."""
        return self.scored(features, about, slots).value

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one matured offer of action `about`."""
        place = self._place(about)
        if place not in self._actions:
            self._actions[place] = self._fresh(place)
        self._actions[place].learn(features, label, slots=slots)

    def snapshot(self) -> Snapshot:
        """One snapshot per action, by name."""
        return {"actions": {name: self._actions[name].snapshot() for name in sorted(self._actions)}}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        described = data.get("actions")
        if not isinstance(described, Mapping) or len(described) > self._max_actions:
            raise BadSnapshotError("the snapshot does not say what was learned of each action")
        actions = {}
        for name, of_action in described.items():
            actions[name] = self._fresh(name)
            actions[name].restore(of_action)
        self._actions = actions

    def scorer(self, version: int) -> ActionScorer:
        """Freeze a scorer of what is known now."""
        learned = {name: learner.linear() for name, learner in self._actions.items()}
        starting = {name: self._fresh(name).linear() for name in self._starting}
        unknown = learned[OTHER] if OTHER in learned else self._fresh("").linear()
        return ActionScorer(learned, starting, unknown, version)
