"""Scorers that count what they are asked: the models know of no meter, and the rules need not tell what they scored."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from models.clv.model import ValueScorer
from models.learning.hashing import Slots
from models.learning.scoring import Forecaster, Scored, Scorer

S = TypeVar("S", bound=Scorer)
Newest = Callable[[], Mapping[str, Scorer]]


class CountedScorer(Generic[S]):
    """A scorer that adds each score to `given`, under its model's name."""

    __slots__ = ("_given", "_model", "_scorer", "examples", "version")

    def __init__(self, model: str, scorer: S, given: Counter[str]) -> None:
        """Score as `scorer` does; a scorer never changes, so neither do its version and examples."""
        self._model = model
        self._scorer = scorer
        self._given = given
        self.version = scorer.version
        self.examples = scorer.examples

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Count, and score."""
        self._given[self._model] += 1
        return self._scorer.score(features, action, slots)


class CountedForecaster(CountedScorer[Forecaster], Forecaster):
    """One that also says several chances at once; each of them counts."""

    __slots__ = ()

    def chances(self, features: Sequence[float], actions: Iterable[str], floor: int) -> dict[str, float]:
        """Count, and say the chances."""
        said = self._scorer.chances(features, actions, floor)
        self._given[self._model] += len(said)
        return said


def _counted(model: str, scorer: Scorer, given: Counter[str]) -> Scorer:
    """Wrap a scorer by what it can do, since the models ask for that."""
    if isinstance(scorer, ValueScorer):
        return scorer  # what a customer is worth is reckoned with his first event of a day, and predicts nothing
    if isinstance(scorer, Forecaster):
        return CountedForecaster(model, scorer, given)
    return CountedScorer(model, scorer, given)


def counted(newest: Newest, given: Counter[str]) -> Newest:
    """Wrap what gives the newest scorers; it gives the same mapping as long as `newest` does."""
    seen: Mapping[str, Scorer] | None = None
    wrapped: Mapping[str, Scorer] = {}

    def newest_counted() -> Mapping[str, Scorer]:
        nonlocal seen, wrapped
        scorers = newest()
        if scorers is not seen:
            seen = scorers
            wrapped = {model: _counted(model, scorer, given) for model, scorer in scorers.items()}
        return wrapped

    return newest_counted
