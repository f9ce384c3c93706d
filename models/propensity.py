"""The propensity model: how likely is this customer to accept this action? All actions learn from each other's answers.

Measured on the simulated bank (120 days, 500 customers; some 3,000 offers, 15 % accepted): a regression of its own for
each action has too few answers to learn from, and the champion shares what is common (`models.pooled`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.champion import Champion
from models.features import FEATURES
from models.hashing import Slots
from models.learner import BadSnapshotError, Snapshot, tame, tame_slots
from models.scoring import ActionScorer, Linear, Scored

STARTING_PROPENSITY = 0.1  # of an action that policy says nothing about
MAX_ACTIONS = 200  # as many as the catalogue may hold; examples of further ones are learned together, as OTHER
OTHER = "other"


Mapped = Callable[[str, Linear], Linear]


def _as_it_is(_action: str, linear: Linear) -> Linear:
    return linear


class PropensityLearner:
    """Learns offers with the label that came true by the action's horizon."""

    refused = 0  # no step can make the numbers run away

    def __init__(
        self,
        starting: Mapping[str, float] | None = None,
        evidence: Mapping[str, float] | None = None,
        *,
        max_actions: int = MAX_ACTIONS,
    ) -> None:
        """Start unlearned: an action has its `starting` propensity (policy), with 0 examples.

        That is worth as many answers as `evidence` says: so many it takes to move it half-way to what they tell.
        """
        self._starting, self._evidence = dict(starting or {}), dict(evidence or {})
        self.max_actions = max_actions
        self._champion = Champion(FEATURES, self._evidence)
        self._linears: dict[str, Linear] = {}  # since the last example

    @property
    def examples(self) -> int:
        """Examples learned, all actions together."""
        return self._champion.examples

    def start(self, action: str) -> float:
        """Say what is believed of an action before anything was learned of it."""
        return self._starting.get(action, STARTING_PROPENSITY)

    @property
    def actions(self) -> tuple[str, ...]:
        """Name the actions that an example was learned of."""
        return self._champion.actions

    def is_named(self, action: str) -> bool:
        """Whether policy says how an action starts."""
        return action in self._starting

    def place(self, action: str) -> str:
        """Under which name `action` is learned."""
        actions = self._champion.actions
        return action if action in actions or len(actions) < self.max_actions - 1 else OTHER

    def linear(self, action: str) -> Linear:
        """Give the score of an action as plain numbers."""
        linear = self._linears.get(action)
        if linear is None:
            linear = self._linears[action] = self._champion.linear(action, self.start(action))
        return linear

    def scored(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> Scored:
        """Score for action `about` with its contributions; changes nothing that is learned."""
        return self.linear(self.place(about)).score(tame(features), tame_slots(slots))

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the propensity for action `about` now."""
        return self.scored(features, about, slots).value

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one matured offer of action `about`."""
        place = self.place(about)
        self._champion.learn(features, label, place, self.start(place), slots)
        self._linears = {}

    def snapshot(self) -> Snapshot:
        """Tell what is common to all actions, and by name what each differs by."""
        return self._champion.snapshot()

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        restored = Champion.of(data, FEATURES, self._evidence)
        if len(restored.actions) > self.max_actions:
            raise BadSnapshotError("the snapshot knows more actions than there may be")
        self._champion, self._linears = restored, {}

    def scorer(self, version: int, mapped: Mapped = _as_it_is) -> ActionScorer:
        """Freeze a scorer of what is known now, each action's score `mapped`."""
        learned = {name: mapped(name, self.linear(name)) for name in self._champion.actions}
        starting = {name: mapped(name, self.linear(name)) for name in self._starting if name not in learned}
        plain = self._champion.linear("", STARTING_PROPENSITY)
        unknown = learned[OTHER] if OTHER in learned else mapped("", plain)
        return ActionScorer(learned, starting, unknown, version)
