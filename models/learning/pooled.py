"""One logistic regression for many actions: shared weights, and for each action what it differs by.

log-odds = intercept[action] + sum((shared + own[action]) * z), plus what the slots of the contact add. What is common
to all offers (a customer tired of contact) is learned once, from all; what is not (who holds funds takes a fund) is
learned by each action as its answers come, for its own weights begin at nothing and are held there until data say
otherwise: partial pooling (Gelman, Hill, "Data Analysis Using Regression and Multilevel/Hierarchical Models", 2007).

Each weight is a normal distribution of its own, a mean and a certainty (1 / variance), moved by one step of Newton's
method per example (assumed-density filtering with a diagonal Gaussian, as of Graepel, Candela, Borchert, Herbrich,
"Web-Scale Bayesian Click-Through Rate Prediction", ICML 2010, here with the logistic link). So a weight that has seen
little moves far and one that has seen much hardly, without a learning rate to choose. Certainty fades by an example: at
0.999 the last thousand count and drift is followed, at 1 nothing is forgotten. A step is bounded whatever the example
(|move| <= 1 / (2 * sqrt(LEAST_CURVE * certainty))): numbers cannot run away. Features are divided by
sqrt(variance + WIDTH): one that has hardly varied yet is not blown up.

Regressions that differ in their memory alone learn together, as rows of the same arrays: that costs little more than
one. NumPy does single operations only, which round the same on every machine; sums are Python's, from left to right.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, Snapshot, met, sound, tame, tame_slots
from models.learning.scoring import Linear, log_odds_of, probability
from models.learning.slots import (
    LEAST_CERTAINTY,
    MOST_CERTAINTY,
    OF_SLOT,
    Slot,
    known_of,
    slots_of,
    sure,
    terms,
    with_bins,
)

# Certainties before anything was learned. Shared weights: a deviation of 0.1 log-odds per standard deviation; an
# action's own: 0.2; its intercept 0.5 around policy's starting propensity.
SHARED, OWN, INTERCEPT = 100.0, 20.0, 4.0
FADING = 0.999  # of certainty per example, unless told otherwise
WIDTH = 0.01  # of a feature, in squares of its unit; all of them are logs, shares and flags
NO_EVIDENCE: Mapping[str, float] = MappingProxyType({})
LEAST_CURVE = 1e-3  # p * (1 - p) is taken for at least this


Rows = NDArray[np.float64]
"""By regression, then by feature."""


class _Weights(NamedTuple):
    """Means and certainties of one set of weights of each regression; both change in place."""

    means: Rows
    certainties: Rows

    @classmethod
    def fresh(cls, regressions: int, width: int, certainty: float) -> Self:
        return cls(np.zeros((regressions, width)), np.full((regressions, width), certainty))

    @classmethod
    def of(cls, told: Sequence[Mapping[str, Any]], width: int) -> Self:
        certainties = [sound(data["certainties"], width, least=LEAST_CERTAINTY) for data in told]
        return cls(np.array([sound(data["weights"], width) for data in told]), np.array(certainties))

    def move(self, push: Rows, gain: Rows, fading: Rows, least: float) -> None:
        """Move by an example: by `push` over certainty; then certainty fades, but not below `least`, and gains."""
        means, certainties = self
        means += push / certainties
        certainties *= fading
        np.maximum(least, certainties, out=certainties)
        certainties += gain
        np.minimum(MOST_CERTAINTY, certainties, out=certainties)

    def doubts(self, squares: Rows) -> list[float]:
        """Return the variance that these weights give to the log-odds of each regression."""
        return _sums(squares / self.certainties)


def _sums(rows: Rows) -> list[float]:
    return list(map(sum, rows.tolist()))


class _Action:
    """What one action differs by, in each regression."""

    def __init__(self, width: int, start: float, certainty: float, regressions: int) -> None:
        self.examples = 0
        self.intercepts = [log_odds_of(start)] * regressions
        self.certainties = [certainty] * regressions
        self.own = _Weights.fresh(regressions, width, OWN)
        self.slots: list[dict[int, Slot]] = [{} for _ in range(regressions)]

    def snapshot(self, place: int) -> Snapshot:
        return {
            "examples": self.examples,
            "intercept": self.intercepts[place],
            "certainty": self.certainties[place],
            "weights": self.own.means[place].tolist(),
            "certainties": self.own.certainties[place].tolist(),
            "slots": [[number, *slot.row()] for number, slot in sorted(self.slots[place].items())],
        }

    @classmethod
    def of(cls, told: Sequence[Mapping[str, Any]], width: int) -> Self:
        """Read what `snapshot` wrote of each regression. Raises one of `models.learning.learner.DAMAGED`."""
        action = cls(width, 0.5, INTERCEPT, len(told))
        action.examples = _agreed([int(data["examples"]) for data in told])
        action.intercepts = sound([data["intercept"] for data in told])
        action.certainties = sound([data["certainty"] for data in told], least=LEAST_CERTAINTY)
        action.own = _Weights.of(told, width)
        action.slots = [slots_of(data["slots"]) for data in told]
        return action


def _agreed(values: Sequence[Any]) -> Any:
    """Give what all regressions say alike."""
    if any(value != values[0] for value in values):
        raise BadSnapshotError("its regressions have not learned the same examples")
    return values[0]


class Memory(NamedTuple):
    """How long a regression remembers; with `bins` it also learns of the bin that each number of a contact falls into.

    fading: what is left of a certainty after an example.
    """

    fading: float = FADING
    bins: bool = False


class PooledRegressions:
    """Regressions of several memories, each of which learns of many actions at once; two cost some 40 µs an example.

    `models.served.propensity` names what they learn of.
    """

    def __init__(
        self, names: Sequence[str], memories: Sequence[Memory], evidence: Mapping[str, float] = NO_EVIDENCE
    ) -> None:
        """Learn over features `names`.

        `evidence` says of an action how many answers its start is worth (`INTERCEPT` for the others).
        """
        self.names = tuple(names)
        self._memories, self._evidence = tuple(memories), evidence
        self._fading = np.array([[memory.fading] for memory in self._memories])
        self.examples = 0
        self.actions: dict[str, _Action] = {}
        width = len(self.names)
        self._means, self._variances = np.zeros(width), np.zeros(width)
        self._shared = _Weights.fresh(len(self._memories), width, SHARED)

    def learn(
        self,
        features: Sequence[float],
        label: bool,
        action: str,
        start: float,
        slots: Slots = (),
        *,
        early: bool = False,
    ) -> None:
        """Learn one example of `action`, whose chance is believed to be `start` when it is new.

        An `early` one is learned as not true, and again should it come true; it counts once `concluded`.
        """
        values, again = np.array(tame(features), dtype=np.float64), early and label
        if not again:
            self._meet(values)
        about, least = self.actions.get(action), self._least(action, start)
        if about is None:
            about = self.actions[action] = self._fresh(start, least)
        scaled = (values - self._means) / np.sqrt(self._variances + WIDTH)
        squares, shared, own = scaled * scaled, self._shared, about.own
        votes = _sums((shared.means + own.means) * scaled)
        doubts = list(zip(shared.doubts(squares), own.doubts(squares), strict=True))
        pushes, curves, met_slots = [], [], tame_slots(slots)
        for place, memory in enumerate(self._memories):
            known = known_of(about.slots[place], with_bins(met_slots) if memory.bins else met_slots, again=again)
            chance = probability(about.intercepts[place] + votes[place] + sum([slot.weight * z for slot, z in known]))
            weight = _early_weight(chance, label) if early else 1.0
            curve = weight * max(LEAST_CURVE, chance * (1.0 - chance))
            doubt = sum(doubts[place], 1.0 / about.certainties[place])
            doubt += sum([z * z / slot.certainty for slot, z in known])
            push = weight * (label - chance) / (1.0 + curve * doubt)
            about.intercepts[place] += push / about.certainties[place]
            about.certainties[place] = sure(max(least, memory.fading * about.certainties[place]) + curve)
            for slot, z in known:
                slot.weight += push * z / slot.certainty
                slot.certainty = sure(max(OF_SLOT, memory.fading * slot.certainty) + curve * z * z)
            pushes.append([push])
            curves.append([curve])
        push_of, gain = np.array(pushes) * scaled, np.array(curves) * scaled * scaled
        shared.move(push_of, gain, self._fading, SHARED)
        own.move(push_of, gain, self._fading, OWN)
        about.examples += not early

    def concluded(self, action: str) -> None:
        """Count an example that was learned early, now that nothing more can come true of it."""
        if action in self.actions:
            self.actions[action].examples += 1

    def _fresh(self, start: float, certainty: float) -> _Action:
        return _Action(len(self.names), start, certainty, len(self._memories))

    def _meet(self, values: Rows) -> None:
        """Count the features of an example, for their scale."""
        self.examples += 1
        self._means, self._variances = met(self._means, self._variances, values, self.examples)

    def _least(self, action: str, start: float) -> float:
        """Give the certainty of an action's start: so many answers tell so much of its log-odds."""
        answers = self._evidence.get(action)
        return INTERCEPT if answers is None else max(LEAST_CERTAINTY, answers * start * (1.0 - start))

    def linears(self, action: str, start: float, contact: Slots | None = None) -> list[Linear]:
        """Fold scaling and weights of one action into plain numbers; of a new one, what is common to all.

        With a `contact` only as far as that asks for: an action may have met a thousand slots and bins.
        """
        asked = None if contact is None else {number for number, _ in with_bins(contact)}
        about = self.actions.get(action) or self._fresh(start, INTERCEPT)
        weights = ((self._shared.means + about.own.means) / np.sqrt(self._variances + WIDTH)).tolist()
        centres = tuple(self._means.tolist())
        return [
            Linear(tuple(row), centres, intercept, about.examples, terms(slots, asked), memory.bins)
            for row, intercept, slots, memory in zip(
                weights, about.intercepts, about.slots, self._memories, strict=True
            )
        ]

    def counts(self) -> dict[str, int]:
        """Say how many examples each action had."""
        return {name: about.examples for name, about in self.actions.items()}

    def snapshots(self) -> list[Snapshot]:
        """All that each of them knows, as data."""
        return [
            {
                "names": list(self.names),
                "examples": self.examples,
                "means": self._means.tolist(),
                "variances": self._variances.tolist(),
                "weights": self._shared.means[place].tolist(),
                "certainties": self._shared.certainties[place].tolist(),
                "actions": {name: self.actions[name].snapshot(place) for name in sorted(self.actions)},
            }
            for place in range(len(self._memories))
        ]

    def restore(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Become what `snapshots` described. Raises one of `models.learning.learner.DAMAGED` and stays as it was."""
        if any(tuple(data["names"]) != self.names for data in told):
            raise BadSnapshotError("the snapshot was taken with other features")
        if len(told) != len(self._memories):
            raise BadSnapshotError("the snapshot is of other memories")
        width = len(self.names)
        examples = _agreed([int(data["examples"]) for data in told])
        means = _agreed([sound(data["means"], width) for data in told])
        variances = _agreed([sound(data["variances"], width, least=0.0) for data in told])
        shared = _Weights.of(told, width)
        names = _agreed([sorted(data["actions"]) for data in told])
        actions = {name: _Action.of([data["actions"][name] for data in told], width) for name in names}
        self.examples, self._shared, self.actions = examples, shared, actions
        self._means, self._variances = np.array(means), np.array(variances)


class PooledRegression(PooledRegressions):
    """One alone."""

    def __init__(
        self,
        names: Sequence[str],
        fading: float = FADING,
        *,
        bins: bool = False,
        evidence: Mapping[str, float] = NO_EVIDENCE,
    ) -> None:
        """Learn over features `names`, as `PooledRegressions` do."""
        super().__init__(names, [Memory(fading, bins)], evidence)

    def linear(self, action: str, start: float) -> Linear:
        """Fold scaling and weights of one action into plain numbers."""
        return self.linears(action, start)[0]


def _early_weight(chance: float, label: bool) -> float:
    """Weigh what is learned early so that the chance comes out, though every example is first learned as not true.

    Of n examples n + pn are learned, pn of them as true. Weighed by 1 + p and (1 - p)(1 + p) these are the shares p and
    1 - p again (importance weights; p is what is believed now: "fake negative weighted" of Ktena et al., "Addressing
    Delayed Feedback for Continuous Training with Neural Networks in CTR prediction", RecSys 2019). So the log-odds
    themselves are right, and their contributions sum to them; to map the score afterwards (p / (1 - p), their "fake
    negative calibration") would bend the line.

    >>> _early_weight(0.25, True), _early_weight(0.25, False)
    (1.25, 0.9375)
    """
    return 1.0 + chance if label else (1.0 - chance) * (1.0 + chance)
