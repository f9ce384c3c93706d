"""The propensity model: how likely is this customer to accept this action? All actions learn from each other's answers.

Measured on the simulated bank (120 days, 500 customers; some 3,000 offers, 15 % accepted): a regression of its own for
each action has too few answers to learn from, and the champion shares what is common (`models.learning.pooled`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.features import FEATURES
from models.learning.champion import Champion
from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, Snapshot, tame, tame_slots
from models.learning.scoring import ActionScorer, Linear, Scored
from models.learning.starts import MAX_ACTIONS, OTHER, STARTING_PROPENSITY, Starts

MODEL = "propensity"
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
        self.starts = Starts(dict(starting or {}), dict(evidence or {}), max_actions)
        self._champion = Champion(FEATURES, self.starts.answers)
        self._linears: dict[str, Linear] = {}  # since the last example

    @property
    def examples(self) -> int:
        """Examples learned, all actions together."""
        return self._champion.examples

    @property
    def actions(self) -> tuple[str, ...]:
        """Name the actions that an example was learned of."""
        return tuple(self._champion.actions)

    def place(self, action: str) -> str:
        """Under which name `action` is learned."""
        return self.starts.place(action, self.actions)

    def linear(self, action: str, contact: Slots | None = None) -> Linear:
        """Give the score of an action as plain numbers; with a `contact` only as far as that asks for."""
        if contact is not None:
            return self._champion.linear(action, self.starts.chance(action), contact)
        linear = self._linears.get(action)
        if linear is None:
            linear = self._linears[action] = self._champion.linear(action, self.starts.chance(action))
        return linear

    def scored(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> Scored:
        """Score for action `about` with its contributions; changes nothing that is learned."""
        known = tame_slots(slots)
        return self.linear(self.place(about), known).score(tame(features), known)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the propensity for action `about` now."""
        return self.scored(features, about, slots).value

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one matured offer of action `about`."""
        place = self.place(about)
        self._champion.learn(features, label, place, self.starts.chance(place), slots)
        self._linears = {}

    def learn_early(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn an offer when it is made, as not accepted; and again when it is."""
        place = self.place(about)
        self._champion.learn(features, label, place, self.starts.chance(place), slots, early=True)
        self._linears = {}

    def concluded(self, about: str = "") -> None:
        """Count an offer that was learned early, now that its horizon is over: floors are floors of answers."""
        self._champion.concluded(self.place(about))
        self._linears = {}

    def snapshot(self) -> Snapshot:
        """Tell what is common to all actions, and by name what each differs by."""
        return self._champion.snapshot()

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        restored = Champion.of(data, FEATURES, self.starts.answers)
        if len(restored.actions) > self.starts.most:
            raise BadSnapshotError("the snapshot knows more actions than there may be")
        self._champion, self._linears = restored, {}

    def scorer(self, version: int, mapped: Mapped = _as_it_is) -> ActionScorer:
        """Freeze a scorer of what is known now, each action's score `mapped`."""
        learned = {name: mapped(name, self.linear(name)) for name in self._champion.actions}
        starting = {name: mapped(name, self.linear(name)) for name in self.starts.chances if name not in learned}
        plain = self._champion.linear("", STARTING_PROPENSITY)
        unknown = learned[OTHER] if OTHER in learned else mapped("", plain)
        return ActionScorer(learned, starting, unknown, version)
