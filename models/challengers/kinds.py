"""Who can be a challenger: by the name that policy uses, how it begins, and whether it can be served."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from models.challengers.bayes import BayesLearner
from models.challengers.bayes_actions import ActionBayesLearner
from models.challengers.calibrated import CalibratedChallenger, CalibratedTree, Hidden
from models.challengers.ensemble import EnsembleLearner
from models.challengers.ensemble_actions import ActionEnsembleLearner
from models.challengers.levels import Levels
from models.challengers.trees import (
    ForestLearner,
    TreeLearner,
    adaptive_random_forest,
    aggregated_mondrian_forest,
)
from models.features import FEATURES
from models.learning.scoring import log_odds_of
from models.learning.starts import STARTING_PROPENSITY, Starts

CHAMPION = "logistic"  # the model that policy begins with; it learns on while another is on duty


class Kind(NamedTuple):
    """How a challenger begins, and whether it has a scorer.

    make: given the probability that the unlearned says; of_actions: given what policy starts each action with.
    """

    make: Callable[[float], Any]
    of_actions: Callable[[Starts], Any]
    servable: bool = True

    def begin(self, start: "Start") -> Any:
        """Make one that has learned nothing; who can be served is calibrated from then on (where it is)."""
        made = self.of_actions(start) if isinstance(start, Starts) else self.make(start)
        if not self.servable:
            return made
        calibrated = CalibratedTree if isinstance(made, Hidden) else CalibratedChallenger
        # Maps stretch about it: an action that is new to policy must not move the scores of the others.
        about = STARTING_PROPENSITY if isinstance(start, Starts) else start
        return calibrated(made, log_odds_of(about))


Start = float | Starts
"""What the unlearned says: a probability, or of each action its own."""


def _forest(forest_of: Callable[[], Any]) -> Kind:
    return Kind(
        lambda start: ForestLearner(FEATURES, start, forest_of),
        lambda starts: ForestLearner(FEATURES, starts.mean, forest_of, Levels(starts)),
        servable=False,
    )


KINDS: Mapping[str, Kind] = {
    "naive_bayes": Kind(
        lambda start: BayesLearner(FEATURES, start), lambda starts: ActionBayesLearner(FEATURES, starts)
    ),
    "ensemble": Kind(
        lambda start: EnsembleLearner(FEATURES, start), lambda starts: ActionEnsembleLearner(FEATURES, starts)
    ),
    "hoeffding_adaptive": Kind(
        lambda start: TreeLearner(FEATURES, start), lambda starts: TreeLearner(FEATURES, starts.mean, Levels(starts))
    ),
    "adaptive_random_forest": _forest(adaptive_random_forest),
    "aggregated_mondrian_forest": _forest(aggregated_mondrian_forest),
}
