"""What every model that learns online can do, and the plain River pipeline that the others are held against.

A snapshot is data (names, counts, means, variances, weights as floats): it is loaded without running foreign code, and
a restored learner goes on bit by bit as the first would have.
"""

from collections.abc import Mapping, Sequence
from math import inf, isnan, log, sqrt
from typing import Any, NamedTuple, Protocol

from river import linear_model, optim, preprocessing
from river.utils import VectorDict

from models.hashing import WORD_SLOTS, Slots
from models.scoring import Linear, Scored, Scorer, SlotTerm

FEATURE_LIMIT = 1e6  # features are logs and ratios: whatever is beyond this is damage, and is cut
VALUE_LIMIT = 1e12  # weights, means, variances beyond it mean that learning has run away
LEAST_VARIANCE = 1e-12

Snapshot = dict[str, Any]
Name = str | int  # of a feature, or a slot's number


class BadSnapshotError(ValueError):
    """A snapshot that this code cannot take up: other features, not finite, or damaged."""


DAMAGED = (ValueError, TypeError, LookupError, AttributeError)
"""What reading data raises that is not what was written; `BadSnapshotError` is among them."""


class Learner(Protocol):
    """A model that learns online; `about` is the action (propensity) or "", `slots` what was known of the contact."""

    @property
    def examples(self) -> int:
        """Examples learned so far."""
        ...

    @property
    def refused(self) -> int:
        """Examples after which the numbers ran away, so that they were not learned."""
        ...

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now; changes nothing."""
        ...

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one matured example."""
        ...

    def snapshot(self) -> Snapshot:
        """All that it knows, as data."""
        ...

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        ...

    def scorer(self, version: int) -> Scorer:
        """Freeze a scorer of what is known now."""
        ...


def tame(values: Sequence[float]) -> tuple[float, ...]:
    """Keep the values within ±`FEATURE_LIMIT`; what is not a number becomes 0.

    >>> tame([1.0, float("nan"), -1e308])
    (1.0, 0.0, -1000000.0)
    """
    return tuple(0.0 if isnan(v) else min(FEATURE_LIMIT, max(-FEATURE_LIMIT, v)) for v in values)


def tame_slots(slots: Slots) -> Slots:
    """Tame the values of slots."""
    return tuple(zip([slot for slot, _ in slots], tame([value for _, value in slots]), strict=True)) if slots else ()


class LogisticLearner:
    """StandardScaler and LogisticRegression (River), with guards; one example costs some 40 µs.

    Slots of words are not scaled: ±1 where the word is there, nothing where it is not. Slots of numbers are, against
    those examples that had them: a number that is not told is not a wild value, and adds nothing.
    """

    def __init__(self, names: Sequence[str], *, start: float = 0.5, rate: float = 0.01) -> None:
        """Learn over features `names`; an unlearned model says `start`; `rate` is the step of the descent."""
        self.names = tuple(names)
        self.examples = 0
        self.refused = 0
        self._rate = rate
        self._base = log(start / (1.0 - start))
        self._build()

    def _build(self) -> None:
        self._scaler = preprocessing.StandardScaler()
        self._regression = linear_model.LogisticRegression(
            optimizer=optim.SGD(self._rate), intercept_init=self._base, intercept_lr=self._rate
        )
        self._last_good = self._numbers()
        self._linear: Linear | None = None

    def linear(self) -> Linear:
        """Scaler and weights folded into plain numbers; a feature that never varied weighs nothing."""
        if self._linear is None:
            weights = self._regression.weights
            scaler = self._scaler
            self._linear = Linear(
                tuple(_scaled(weights.get(name, 0.0), scaler.vars.get(name, 0.0)) for name in self.names),
                tuple(scaler.means.get(name, 0.0) for name in self.names),
                self._regression.intercept,
                self.examples,
                {slot: _slot_terms(slot, weights[slot], scaler) for slot in weights if isinstance(slot, int)},
            )
        return self._linear

    def scored(self, features: Sequence[float], slots: Slots = ()) -> Scored:
        """Score now, with its contributions; changes nothing that is learned."""
        return self.linear().score(tame(features), tame_slots(slots))

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        return self.scored(features, slots).value

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one example; if the numbers run away, go back to the last good ones and count it in `refused`."""
        values: dict[Name, float] = dict(zip(self.names, tame(features), strict=True))
        words: dict[Name, float] = {}
        for slot, value in tame_slots(slots):
            (words if slot < WORD_SLOTS else values)[slot] = value
        scaler: Any = self._scaler
        scaler.learn_one(values)
        self._regression.learn_one({**scaler.transform_one(values), **words}, label)
        self._linear = None
        numbers = self._numbers()
        if numbers.are_sound():
            self.examples += 1
            self._last_good = numbers
        else:
            self.refused += 1
            self._become(self._last_good)

    def snapshot(self) -> Snapshot:
        """Names, counts, statistics and weights; those of the slots that were seen, a row each."""
        numbers, names = self._numbers(), self.names
        slots = sorted(name for name in numbers.weights if isinstance(name, int))
        return {
            "names": list(names),
            "examples": self.examples,
            "refused": self.refused,
            "counts": [numbers.counts.get(name, 0) for name in names],
            "means": [numbers.means.get(name, 0.0) for name in names],
            "variances": [numbers.variances.get(name, 0.0) for name in names],
            "weights": [numbers.weights.get(name, 0.0) for name in names],
            "slots": [[slot, *numbers.of(slot)] for slot in slots],
            "intercept": numbers.intercept,
            "iterations": numbers.iterations,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        try:
            numbers, examples, refused = self._described(data), int(data["examples"]), int(data["refused"])
        except DAMAGED as error:
            raise BadSnapshotError(f"the snapshot is damaged: {error!r}") from error
        self._become(numbers)
        self.examples, self.refused = examples, refused

    def _described(self, data: Mapping[str, Any]) -> "_Numbers":
        """Read what `snapshot` wrote. Raises one of `DAMAGED`."""
        if tuple(data["names"]) != self.names:
            raise BadSnapshotError("the snapshot was taken with other features")
        columns: list[dict[Name, Any]] = [
            dict(zip(self.names, data[part], strict=True)) if data["examples"] else {} for part in _COLUMNS
        ]
        counts, means, variances, weights = columns
        for slot, count, mean, variance, weight in data["slots"]:
            weights[slot] = weight
            if slot >= WORD_SLOTS:
                counts[slot], means[slot], variances[slot] = count, mean, variance
        numbers = _Numbers(counts, means, variances, weights, data["intercept"], int(data["iterations"]))
        if not numbers.are_sound():
            raise BadSnapshotError("the snapshot holds numbers that are not finite or run away")
        return numbers

    def _numbers(self) -> "_Numbers":
        """Copy all that the pipeline has learned (a few µs)."""
        scaler, regression = self._scaler, self._regression
        return _Numbers(
            dict(scaler.counts),
            dict(scaler.means),
            dict(scaler.vars),
            regression.weights,
            float(regression.intercept),
            regression.optimizer.n_iterations,
        )

    def _become(self, numbers: "_Numbers") -> None:
        self._build()
        self._scaler.counts.update(numbers.counts)
        self._scaler.means.update(numbers.means)
        self._scaler.vars.update(numbers.variances)
        if numbers.weights:
            # River offers no public way to set weights; its version is pinned, and a test compares every bit.
            self._regression._weights = VectorDict(dict(numbers.weights))  # noqa: SLF001
        self._regression.intercept = numbers.intercept
        self._regression.optimizer.n_iterations = numbers.iterations
        self._last_good = numbers


class _Numbers(NamedTuple):
    """What a pipeline has learned, by feature."""

    counts: dict[Name, int]
    means: dict[Name, float]
    variances: dict[Name, float]
    weights: dict[Name, float]
    intercept: float
    iterations: int

    def of(self, name: Name) -> tuple[int, float, float, float]:
        """Count, mean, variance and weight of one feature or slot."""
        return (
            self.counts.get(name, 0),
            self.means.get(name, 0.0),
            self.variances.get(name, 0.0),
            self.weights.get(name, 0.0),
        )

    def are_sound(self) -> bool:
        """Whether all is finite and within bounds."""
        numbers = [*self.means.values(), *self.variances.values(), *self.weights.values(), self.intercept]
        numbers += self.counts.values()
        # Not a number compares false with everything, so it fails the test too.
        return all(-VALUE_LIMIT <= number <= VALUE_LIMIT for number in numbers)


_COLUMNS = ("counts", "means", "variances", "weights")


def _slot_terms(slot: int, weight: float, scaler: preprocessing.StandardScaler) -> SlotTerm:
    """Give a slot's weight and centre: a word's as they are, a number's as every feature's."""
    if slot < WORD_SLOTS:
        return weight, 0.0, inf
    return _scaled(weight, scaler.vars[slot]), scaler.means[slot], inf


def _scaled(weight: float, variance: float) -> float:
    """Weigh the unscaled feature (River scales what never varied to 0; so do we what varied by rounding only)."""
    return weight / sqrt(variance) if variance > LEAST_VARIANCE else 0.0
