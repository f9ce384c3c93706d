"""From features to a score on the hot path: exported weights, never a River object.

A snapshot's scaler is folded into its weights (`weight / deviation`), the means stay as centres. So the log-odds are
`base + sum(weight * (feature - centre))`, and each term is what that feature adds against the average customer: exact,
because the score itself is computed from these very terms and nothing else. A slot of the contact's context adds its
term only where it is known, against the average of those where it was.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from math import exp, inf, log
from operator import mul, sub
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar

from models.learning.hashing import WORD_SLOTS, Slots, bin_of

ODDS_LIMIT = 30.0  # beyond it a probability is 0 or 1 to 13 digits, and exp() of 710 would overflow
CONTEXT = "context"  # the reason code of all slots together


SlotTerm = tuple[float, float, float]
"""A slot's weight and centre, and how far off the centre a value counts (plain: a named one takes longer to read)."""

_UNSEEN: SlotTerm = (0.0, 0.0, inf)  # of a slot that no example had
NO_SLOTS: Mapping[int, SlotTerm] = MappingProxyType({})


class Scored(NamedTuple):
    """A probability in [0, 1], and where it came from: `base + sum(contributions) = log_odds`, to the last bit."""

    value: float
    log_odds: float
    base: float
    contributions: tuple[float, ...]
    examples: int  # how many examples what scored had learned from; policy refuses to act on too few


class Scorer(Protocol):
    """What scores for one model version; `action` matters to propensity only."""

    __slots__ = ()

    @property
    def version(self) -> int:
        """The snapshot's version, 0 before the first."""
        ...

    @property
    def examples(self) -> int:
        """How many examples this version has learned from."""
        ...

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Score one customer (for one action) from `models.features`, the contact from `models.learning.hashing`."""
        ...


def probability(log_odds: float) -> float:
    """Turn log-odds into a probability.

    >>> probability(0.0)
    0.5
    """
    if log_odds >= 0.0:
        return 1.0 / (1.0 + exp(-min(ODDS_LIMIT, log_odds)))
    odds = exp(max(-ODDS_LIMIT, log_odds))
    return odds / (1.0 + odds)


def log_odds_of(chance: float) -> float:
    """Turn a probability into log-odds, within ±`ODDS_LIMIT`.

    >>> log_odds_of(0.5), log_odds_of(0.0)
    (0.0, -30.0)
    """
    if not 0.0 < chance < 1.0:
        return ODDS_LIMIT if chance >= 1.0 else -ODDS_LIMIT
    return min(ODDS_LIMIT, max(-ODDS_LIMIT, log(chance / (1.0 - chance))))


def within(chance: float, known_days: int, days: int) -> float:
    """Turn the chance within `known_days` into that within `days`, as if every day were like the other.

    >>> within(0.5, 30, 90)
    0.875
    """
    return 1.0 - float((1.0 - chance) ** (days / known_days))


class Linear(NamedTuple):
    """A scaled logistic regression as plain numbers: weight and centre of each feature, a term per slot seen."""

    weights: tuple[float, ...]
    centres: tuple[float, ...]
    base: float
    examples: int
    slots: Mapping[int, SlotTerm] = NO_SLOTS
    bins: bool = False  # whether some of `slots` are of bins

    def score(self, features: Sequence[float], slots: Slots = ()) -> Scored:
        """Score, with its exact additive contributions: of the features, then of the slots."""
        contributions = tuple(map(mul, self.weights, map(sub, features, self.centres)))
        if slots:
            known = self.slots.get
            terms = [(known(slot, _UNSEEN), value) for slot, value in slots]
            # Comparisons, since min(…, max(…)) would double the cost of a contact.
            linear = [
                weight * (off if -limit <= (off := value - centre) <= limit else limit if off > 0.0 else -limit)
                for (weight, centre, limit), value in terms
            ]
            if self.bins:
                linear = [
                    term if slot < WORD_SLOTS else term + known(bin_of(slot, value), _UNSEEN)[0]
                    for term, (slot, value) in zip(linear, slots, strict=True)
                ]
            contributions += tuple(linear)
        log_odds = sum(contributions, self.base)
        return Scored(probability(log_odds), log_odds, self.base, contributions, self.examples)

    def chance(self, features: Sequence[float]) -> float:
        """Say the probability alone, to the last bit that of `score`."""
        return probability(sum(map(mul, self.weights, map(sub, features, self.centres)), self.base))


class LinearScorer:
    """Scores with one set of weights, whatever the action: churn."""

    __slots__ = ("_linear", "examples", "version")

    def __init__(self, linear: Linear, version: int) -> None:
        """Score with `linear`; an empty one (no weights) says `probability(base)` to everything."""
        self._linear = linear
        self.version = version
        self.examples = linear.examples

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Score, with its exact additive contributions."""
        return self._linear.score(features, slots)

    def plain(self) -> dict[str, object]:
        """All that it scores by, as data."""
        return told(self._linear)


def told(linear: Linear) -> dict[str, object]:
    """Tell a linear score as data."""
    slots = [[slot, *term] for slot, term in sorted(linear.slots.items())]
    columns = {"weights": list(linear.weights), "centres": list(linear.centres), "slots": slots}
    return {**columns, "base": linear.base, "examples": linear.examples, "bins": linear.bins}


class OneAction(Protocol):
    """What scores one action of several."""

    @property
    def examples(self) -> int:
        """How many examples of this action it has learned from."""
        ...

    def score(self, features: Sequence[float], *, slots: Slots = ()) -> Scored:
        """Score one customer for this action."""
        ...


S = TypeVar("S", bound=OneAction)


class ScorerOfActions(Generic[S]):
    """Scores each action by what is its own; one that nothing was learned of by what it starts with."""

    __slots__ = ("_actions", "_unknown", "examples", "version")

    def __init__(self, learned: Mapping[str, S], starting: Mapping[str, S], unknown: S, version: int) -> None:
        """Score with what was `learned`, else with what is believed at the start, else as `unknown`."""
        self._actions = {**starting, **learned}
        self._unknown = unknown
        self.version = version
        self.examples = sum(one.examples for one in learned.values())

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Score the propensity for `action`; `Scored.examples` are that action's."""
        return self._actions.get(action, self._unknown).score(features, slots=slots)


class Forecaster(Scorer):
    """A scorer that also says the chances of several actions at once.

    It is inherited from and no protocol, since events ask who is one: that costs a protocol ten times as much.
    """

    __slots__ = ()

    @abstractmethod
    def chances(self, features: Sequence[float], actions: Iterable[str], floor: int) -> dict[str, float]:
        """Say the propensity alone for those of `actions` of which at least `floor` examples were learned."""
        ...


class ActionScorer(ScorerOfActions[Linear], Forecaster):
    """Scores each action with weights of its own."""

    __slots__ = ()

    def chances(self, features: Sequence[float], actions: Iterable[str], floor: int) -> dict[str, float]:
        """Say the propensity alone for those of `actions` of which at least `floor` examples were learned."""
        found = {}
        for action in actions:
            linear = self._actions.get(action, self._unknown)
            if linear.examples >= floor:
                found[action] = linear.chance(features)
        return found

    def plain(self) -> dict[str, object]:
        """All that it scores by, as data; all actions are of one regression, so that they have the same centres."""
        return {
            "centres": list(self._unknown.centres),
            "actions": {name: _told_apart(linear) for name, linear in sorted(self._actions.items())},
            "unknown": _told_apart(self._unknown),
        }


def _told_apart(linear: Linear) -> dict[str, object]:
    """Tell what is the linear score's own, without its centres."""
    return {key: part for key, part in told(linear).items() if key != "centres"}
