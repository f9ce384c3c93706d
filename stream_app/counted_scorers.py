"""Scorers that count what they are asked: the models know of no meter, and the rules need not tell what they scored."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from models.hashing import Slots
from models.scoring import Scored, Scorer
from models.value_model import ValueScorer

Newest = Callable[[], Mapping[str, Scorer]]


class CountedScorer:
    """A scorer that adds each score to `given`, under its model's name."""

    __slots__ = ("_given", "_model", "_scorer", "examples", "version")

    def __init__(self, model: str, scorer: Scorer, given: Counter[str]) -> None:
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


def counted(newest: Newest, given: Counter[str]) -> Newest:
    """Wrap what gives the newest scorers; it gives the same mapping as long as `newest` does."""
    seen: Mapping[str, Scorer] | None = None
    wrapped: Mapping[str, Scorer] = {}

    def newest_counted() -> Mapping[str, Scorer]:
        nonlocal seen, wrapped
        scorers = newest()
        if scorers is not seen:
            seen = scorers
            wrapped = {
                # What a customer is worth is reckoned with his first event of a day, and no prediction of anything.
                model: scorer if isinstance(scorer, ValueScorer) else CountedScorer(model, scorer, given)
                for model, scorer in scorers.items()
            }
        return wrapped

    return newest_counted
