"""The model "need": how likely a customer is to open a product of a family within the horizon, offered or not.

It is the regression of offers (`models.learning.pooled`) with families in the place of actions: what makes people open
anything is learned once, what belongs to a family by that family. Its weights are believed by half (`SLOPE`): weekly
examples look at overlapping months, so that one opening is learned up to five times, and the regression is far too
sure of itself (`docs/value.md` has the figures).
"""

from collections.abc import Mapping
from typing import Any

from models.features import FEATURES
from models.learning.hashing import Slots
from models.learning.learner import actions_of
from models.learning.scoring import ActionScorer, Linear
from models.policy import Policy
from models.served.propensity import PropensityLearner
from schemas.vocabulary import PRODUCT_FAMILIES

MODEL = "need"
SLOPE = 0.5  # what a customer's features add to his family's level; calibrations of other models begin there too


class NeedLearner(PropensityLearner):
    """Learns of each family; before that it says what policy starts with."""

    def __init__(self, policy: Policy) -> None:
        """Start unlearned: every family is taken by the same share of customers."""
        super().__init__(dict.fromkeys(PRODUCT_FAMILIES, policy.value.start_need))

    def linear(self, action: str, contact: Slots | None = None) -> Linear:
        """Give the score of a family as plain numbers: its level, and `SLOPE` of what the features add."""
        learned = super().linear(action, contact)
        return learned._replace(weights=tuple([SLOPE * weight for weight in learned.weights]))

    def thawed(self, plain: Mapping[str, Any]) -> ActionScorer:
        """Read a scorer that was told as data. Raises one of `models.learning.learner.DAMAGED`."""
        return actions_of(plain, len(FEATURES))
