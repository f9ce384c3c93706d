"""Who can be a challenger: by the name that policy uses, how it begins, and whether it can be served."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from models.challenger_bayes import BayesLearner
from models.challenger_ensemble import EnsembleLearner
from models.challenger_trees import (
    ForestLearner,
    TreeLearner,
    adaptive_random_forest,
    aggregated_mondrian_forest,
)
from models.features import FEATURES

CHAMPION = "logistic"  # the model that policy begins with; it learns on while another is on duty


@runtime_checkable
class Hidden(Protocol):
    """A learner of which data tell only a part: the rest is pickled, and only where it can be signed."""

    def hidden(self) -> Any:
        """Give the rest."""
        ...

    def reveal(self, hidden: Any) -> None:
        """Take the rest back. Raises `BadSnapshotError` where it is another thing."""
        ...


class Kind(NamedTuple):
    """How a challenger begins (given the probability that the unlearned says), and whether it has a scorer."""

    make: Callable[[float], Any]
    servable: bool = True


KINDS: Mapping[str, Kind] = {
    "naive_bayes": Kind(lambda start: BayesLearner(FEATURES, start)),
    "ensemble": Kind(lambda start: EnsembleLearner(FEATURES, start)),
    "hoeffding_adaptive": Kind(lambda start: TreeLearner(FEATURES, start)),
    "adaptive_random_forest": Kind(
        lambda start: ForestLearner(FEATURES, start, adaptive_random_forest), servable=False
    ),
    "aggregated_mondrian_forest": Kind(
        lambda start: ForestLearner(FEATURES, start, aggregated_mondrian_forest), servable=False
    ),
}
