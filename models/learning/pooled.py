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
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from operator import add
from types import MappingProxyType
from typing import Any, NamedTuple

from models.learning.hashing import KEYS, SLOTS, WORD_SLOTS, Slots, bin_of
from models.learning.learner import BadSnapshotError, Snapshot, met, sound, tame, tame_slots
from models.learning.scoring import Linear, SlotTerm, log_odds_of, probability

# Certainties before anything was learned. Shared weights: a deviation of 0.1 log-odds per standard deviation; an
# action's own: 0.2; its intercept 0.5 around policy's starting propensity; a slot's 0.14.
SHARED, OWN, INTERCEPT, OF_SLOT = 100.0, 20.0, 4.0, 50.0
FADING = 0.999  # of certainty per example, unless told otherwise
WIDTH = 0.01  # of a feature, in squares of its unit; all of them are logs, shares and flags
LEAST_VARIANCE = 1e-12
LEAST_CERTAINTY = 1e-3  # of a snapshot that is to be believed
MOST_CERTAINTY = 1e9  # nothing is surer, however wild the values were
NO_EVIDENCE: Mapping[str, float] = MappingProxyType({})
LEAST_CURVE = 1e-3  # p * (1 - p) is taken for at least this
SLOT_LIMIT = 4.0  # a slot counts for at most so many deviations: what drifts is not run after


class _Slot:
    """What is known of one slot of one action; a word counts as it is, a number by its mean and variance."""

    __slots__ = ("certainty", "count", "mean", "variance", "weight")

    def __init__(self, *row: float) -> None:
        self.count: float
        self.count, self.mean, self.variance, self.weight, self.certainty = row or (0, 0.0, 0.0, 0.0, OF_SLOT)

    def row(self) -> list[float]:
        return [self.count, self.mean, self.variance, self.weight, self.certainty]

    def meet(self, slot: int, value: float) -> None:
        """Count a value; words and bins are not centred."""
        if WORD_SLOTS <= slot < SLOTS:
            self.count += 1
            self.mean, self.variance = met(self.mean, self.variance, value, int(self.count))

    def term(self, slot: int) -> SlotTerm:
        """Weigh the value itself."""
        if not WORD_SLOTS <= slot < SLOTS:
            return self.weight, 0.0, SLOT_LIMIT
        if self.variance <= LEAST_VARIANCE:
            return 0.0, self.mean, 0.0
        deviation = sqrt(self.variance)
        return self.weight / deviation, self.mean, SLOT_LIMIT * deviation

    def scaled(self, slot: int, value: float) -> float:
        """Say how many deviations off the value is, as `term` does."""
        if not WORD_SLOTS <= slot < SLOTS:
            return min(SLOT_LIMIT, max(-SLOT_LIMIT, value))
        if self.variance <= LEAST_VARIANCE:
            return 0.0
        return min(SLOT_LIMIT, max(-SLOT_LIMIT, (value - self.mean) / sqrt(self.variance)))


class _Weights(NamedTuple):
    """Means and certainties of one set of weights."""

    means: list[float]
    certainties: list[float]

    @classmethod
    def fresh(cls, width: int, certainty: float) -> "_Weights":
        return cls([0.0] * width, [certainty] * width)

    @classmethod
    def of(cls, data: Mapping[str, Any], width: int) -> "_Weights":
        return cls(sound(data["weights"], width), sound(data["certainties"], width, least=LEAST_CERTAINTY))

    def moved(self, push: float, curve: float, fading: float, values: Sequence[float], least: float) -> "_Weights":
        """Move by an example: `push` times value over certainty; then be more certain by `curve` times its square."""
        means, certainties = self
        return _Weights(
            [m + push * z / c for m, z, c in zip(means, values, certainties, strict=True)],
            [_sure(max(least, fading * c) + curve * z * z) for z, c in zip(values, certainties, strict=True)],
        )

    def doubt(self, values: Sequence[float]) -> float:
        """Return the variance that these weights give to the log-odds."""
        return sum([z * z / c for z, c in zip(values, self.certainties, strict=True)])


class _Action:
    """What one action differs by."""

    def __init__(self, width: int, start: float, certainty: float = INTERCEPT) -> None:
        self.examples = 0
        self.intercept = log_odds_of(start)
        self.certainty = certainty
        self.own = _Weights.fresh(width, OWN)
        self.slots: dict[int, _Slot] = {}

    def snapshot(self) -> Snapshot:
        return {
            "examples": self.examples,
            "intercept": self.intercept,
            "certainty": self.certainty,
            "weights": self.own.means,
            "certainties": self.own.certainties,
            "slots": [[number, *slot.row()] for number, slot in sorted(self.slots.items())],
        }

    @classmethod
    def of(cls, data: Mapping[str, Any], width: int) -> "_Action":
        """Read what `snapshot` wrote. Raises one of `models.learning.learner.DAMAGED`."""
        action = cls(width, 0.5)
        action.examples = int(data["examples"])
        (action.intercept,) = sound([data["intercept"]], 1)
        (action.certainty,) = sound([data["certainty"]], 1, least=LEAST_CERTAINTY)
        action.own = _Weights.of(data, width)
        for number, *row in data["slots"]:
            slot = action.slots[int(number)] = _Slot(*sound(row, 5))
            if slot.variance < 0.0 or slot.certainty < LEAST_CERTAINTY or not 0 <= number < KEYS:
                raise BadSnapshotError("the snapshot holds a slot that cannot be")
        return action


class PooledRegression:
    """Learns of many actions at once; an example costs some 40 µs. `models.served.propensity` names what of."""

    def __init__(
        self,
        names: Sequence[str],
        fading: float = FADING,
        *,
        bins: bool = False,
        evidence: Mapping[str, float] = NO_EVIDENCE,
    ) -> None:
        """Learn over features `names`; with `bins` also of the bin that each number of a contact falls into.

        `evidence` says of an action how many answers its start is worth (`INTERCEPT` for the others).
        """
        self.names = tuple(names)
        self._fading, self._bins, self._evidence = fading, bins, evidence
        self.examples = 0
        width = len(self.names)
        self.actions: dict[str, _Action] = {}
        self._means, self._variances = [0.0] * width, [0.0] * width
        self._shared = _Weights.fresh(width, SHARED)

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
        values, again = tame(features), early and label
        if not again:
            self._meet(values)
        moments = zip(values, self._means, self._variances, strict=True)
        scaled = [(x - m) / sqrt(v + WIDTH) for x, m, v in moments]
        about = self.actions.get(action)
        least = self._least(action, start)
        if about is None:
            about = self.actions[action] = _Action(len(self.names), start, least)
        known = self._known(about, self._with_bins(tame_slots(slots)), again=again)
        weights = map(add, self._shared.means, about.own.means)
        log_odds = about.intercept + sum([w * z for w, z in zip(weights, scaled, strict=True)])
        chance = probability(log_odds + sum([slot.weight * z for slot, z in known]))
        weight = _early_weight(chance, label) if early else 1.0
        curve = weight * max(LEAST_CURVE, chance * (1.0 - chance))
        doubt = 1.0 / about.certainty + self._shared.doubt(scaled) + about.own.doubt(scaled)
        doubt += sum([z * z / slot.certainty for slot, z in known])
        push = weight * (label - chance) / (1.0 + curve * doubt)
        fading = self._fading
        self._shared = self._shared.moved(push, curve, fading, scaled, SHARED)
        about.own = about.own.moved(push, curve, fading, scaled, OWN)
        about.intercept += push / about.certainty
        about.certainty = _sure(max(least, fading * about.certainty) + curve)
        for slot, z in known:
            slot.weight += push * z / slot.certainty
            slot.certainty = _sure(max(OF_SLOT, fading * slot.certainty) + curve * z * z)
        about.examples += not early

    def concluded(self, action: str) -> None:
        """Count an example that was learned early, now that nothing more can come true of it."""
        if action in self.actions:
            self.actions[action].examples += 1

    def _meet(self, values: Sequence[float]) -> None:
        """Count the features of an example, for their scale."""
        self.examples += 1
        moments = [met(m, v, x, self.examples) for m, v, x in zip(self._means, self._variances, values, strict=True)]
        self._means, self._variances = [m for m, _ in moments], [v for _, v in moments]

    def _least(self, action: str, start: float) -> float:
        """Give the certainty of an action's start: so many answers tell so much of its log-odds."""
        answers = self._evidence.get(action)
        return INTERCEPT if answers is None else max(LEAST_CERTAINTY, answers * start * (1.0 - start))

    def _with_bins(self, slots: Slots) -> Slots:
        if not self._bins:
            return slots
        return (*slots, *[(bin_of(slot, value), 1.0) for slot, value in slots if slot >= WORD_SLOTS])

    @staticmethod
    def _known(about: _Action, slots: Slots, *, again: bool) -> list[tuple[_Slot, float]]:
        """Count the slots of a contact, unless they are met `again`, and scale their values."""
        known = []
        for number, value in slots:
            slot = about.slots.get(number)
            if slot is None:
                slot = about.slots[number] = _Slot()
            if not again:
                slot.meet(number, value)
            known.append((slot, slot.scaled(number, value)))
        return known

    def linear(self, action: str, start: float) -> Linear:
        """Fold scaling and weights of one action into plain numbers; of a new one, what is common to all."""
        about = self.actions.get(action) or _Action(len(self.names), start)
        weights = map(add, self._shared.means, about.own.means)
        return Linear(
            tuple([w / sqrt(v + WIDTH) for w, v in zip(weights, self._variances, strict=True)]),
            tuple(self._means),
            about.intercept,
            about.examples,
            {number: slot.term(number) for number, slot in about.slots.items()},
            self._bins,
        )

    def counts(self) -> dict[str, int]:
        """Say how many examples each action had."""
        return {name: about.examples for name, about in self.actions.items()}

    def snapshot(self) -> Snapshot:
        """All that it knows, as data."""
        return {
            "names": list(self.names),
            "examples": self.examples,
            "means": self._means,
            "variances": self._variances,
            "weights": self._shared.means,
            "certainties": self._shared.certainties,
            "actions": {name: self.actions[name].snapshot() for name in sorted(self.actions)},
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises one of `models.learning.learner.DAMAGED` and stays as it was."""
        if tuple(data["names"]) != self.names:
            raise BadSnapshotError("the snapshot was taken with other features")
        width = len(self.names)
        examples = int(data["examples"])
        means, variances = sound(data["means"], width), sound(data["variances"], width, least=0.0)
        shared = _Weights.of(data, width)
        actions = {name: _Action.of(described, width) for name, described in data["actions"].items()}
        self.examples, self._means, self._variances, self._shared = examples, means, variances, shared
        self.actions = actions


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


def _sure(certainty: float) -> float:
    return min(MOST_CERTAINTY, certainty)  # min() would cost three times as much
