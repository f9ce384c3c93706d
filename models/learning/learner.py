"""What every model that learns online can do, and the plain River pipeline that the others are held against.

A snapshot is data (names, counts, means, variances, weights as floats): it is loaded without running foreign code, and
a restored learner goes on bit by bit as the first would have.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isnan, sqrt
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from river import linear_model, optim, preprocessing

from models.learning.hashing import Slots
from models.learning.scoring import ActionScorer, Linear, Scorer, log_odds_of

FEATURE_LIMIT = 1e6  # features are logs and ratios: whatever is beyond this is damage, and is cut
VALUE_LIMIT = 1e12  # weights, means, variances beyond it mean that learning has run away
LEAST_VARIANCE = 1e-12

Snapshot = dict[str, Any]


class BadSnapshotError(ValueError):
    """A snapshot that this code cannot take up: other features, not finite, or damaged."""


DAMAGED = (ValueError, TypeError, LookupError, AttributeError, OverflowError)  # the last: `int` of infinity
"""What reading data raises that is not what was written; `BadSnapshotError` is among them."""


@contextmanager
def reading() -> Iterator[None]:
    """Read a snapshot in this block: what damaged data raise comes out as `BadSnapshotError`."""
    try:
        yield
    except DAMAGED as error:
        raise BadSnapshotError(f"the snapshot is damaged: {error!r}") from error


class ReadWhole(ABC):
    """Takes up a snapshot whole or not at all: another one like it reads, and lends what it has read."""

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        fresh = self._fresh()
        with reading():
            fresh._read(data)  # noqa: SLF001 - of this class
        self.__dict__.update(fresh.__dict__)

    @abstractmethod
    def _fresh(self) -> Self:
        """Begin another one like it."""

    @abstractmethod
    def _read(self, data: Mapping[str, Any]) -> None:
        """Read what `snapshot` wrote. Raises one of `DAMAGED`."""


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


@runtime_checkable
class LearnsEarly(Protocol):
    """A learner that need not wait for the horizon (`models.labels.early`)."""

    def learn_early(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn an example when it is scored, as not true; and again when it comes true."""
        ...

    def concluded(self, about: str = "") -> None:
        """Count an example that was learned early, now that its horizon is over."""
        ...


def tame(values: Sequence[float]) -> tuple[float, ...]:
    """Keep the values within ±`FEATURE_LIMIT`; what is not a number becomes 0.

    >>> tame([1.0, float("nan"), -1e308])
    (1.0, 0.0, -1000000.0)
    """
    # Nearly all are tame; only a sum with one in it that is no number is none.
    if (
        not isnan(sum(values))
        and -FEATURE_LIMIT <= min(values, default=0.0) <= max(values, default=0.0) <= FEATURE_LIMIT
    ):
        return tuple(values)
    return tuple([0.0 if isnan(v) else min(FEATURE_LIMIT, max(-FEATURE_LIMIT, v)) for v in values])


def tame_slots(slots: Slots) -> Slots:
    """Tame the values of slots."""
    return tuple(zip([slot for slot, _ in slots], tame([value for _, value in slots]), strict=True)) if slots else ()


Moment = TypeVar("Moment", float, NDArray[np.float64])


def met(mean: Moment, variance: Moment, value: Moment, count: int) -> tuple[Moment, Moment]:
    """Count one more value in a mean and a variance (Welford 1962), or of each column one."""
    off = value - mean
    moved = mean + off / count
    return moved, variance + (off * (value - moved) - variance) / count


def sound(numbers: Sequence[float], width: int | None = None, least: float = -VALUE_LIMIT) -> list[float]:
    """Read finite numbers, `width` of them. Raises one of `DAMAGED`."""
    read = list(numbers)
    # Not a number compares false with everything, so it fails the test too.
    if (width is not None and len(read) != width) or not all(least <= number <= VALUE_LIMIT for number in read):
        raise BadSnapshotError("the snapshot holds numbers that are too few, not finite or run away")
    return read


def linear_of(plain: Mapping[str, Any], width: int) -> Linear:
    """Read a linear score of `width` features that `models.learning.scoring.told` told. Raises one of `DAMAGED`."""
    slots = {int(slot): (weight, centre, limit) for slot, weight, centre, limit in plain["slots"]}
    weights, centres = tuple(plain["weights"]), tuple(plain["centres"])
    numbers = (*weights, *centres, plain["base"], *[number for term in slots.values() for number in term])
    # Not a number compares false with everything, so it fails the test too.
    if not (len(weights) == len(centres) == width and all(-VALUE_LIMIT <= number <= VALUE_LIMIT for number in numbers)):
        raise BadSnapshotError("a linear score is of other features, or of numbers that have run away")
    return Linear(weights, centres, plain["base"], int(plain["examples"]), slots, bool(plain["bins"]))


def actions_of(plain: Mapping[str, Any], width: int) -> ActionScorer:
    """Read what `models.learning.scoring.ActionScorer.plain` told. Raises one of `DAMAGED`."""
    learned = {action: _of_action(one, plain, width) for action, one in plain["actions"].items()}
    return ActionScorer(learned, {}, _of_action(plain["unknown"], plain, width), 0)


def _of_action(one: Mapping[str, Any], plain: Mapping[str, Any], width: int) -> Linear:
    return linear_of({**one, "centres": plain["centres"]}, width)


class LogisticLearner:
    """StandardScaler and LogisticRegression of River: the plain regression that others are held against.

    It serves nobody, so it has neither slots nor snapshots.
    """

    def __init__(self, names: Sequence[str], *, start: float = 0.5, rate: float = 0.01) -> None:
        """Learn over features `names`; an unlearned model says `start`; `rate` is the step of the descent."""
        self.names = tuple(names)
        self.examples = 0
        base = log_odds_of(start)
        self._scaler = preprocessing.StandardScaler()
        self._regression = linear_model.LogisticRegression(
            optimizer=optim.SGD(rate), intercept_init=base, intercept_lr=rate
        )
        self._linear: Linear | None = None  # since the last example

    def linear(self) -> Linear:
        """Scaler and weights folded into plain numbers; a feature that never varied weighs nothing."""
        if self._linear is None:
            weights, scaler = self._regression.weights, self._scaler
            self._linear = Linear(
                tuple(_scaled(weights.get(name, 0.0), scaler.vars.get(name, 0.0)) for name in self.names),
                tuple(scaler.means.get(name, 0.0) for name in self.names),
                self._regression.intercept,
                self.examples,
            )
        return self._linear

    def score(self, features: Sequence[float]) -> float:
        """Say the probability now."""
        return self.linear().score(tame(features)).value

    def learn(self, features: Sequence[float], label: bool) -> None:
        """Learn one example."""
        values = dict(zip(self.names, tame(features), strict=True))
        scaler: Any = self._scaler
        scaler.learn_one(values)
        self._regression.learn_one(scaler.transform_one(values), label)
        self.examples += 1
        self._linear = None


def _scaled(weight: float, variance: float) -> float:
    """Weigh the unscaled feature (River scales what never varied to 0; so do we what varied by rounding only)."""
    return weight / sqrt(variance) if variance > LEAST_VARIANCE else 0.0
