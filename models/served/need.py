"""The model "need": how likely a customer is to open a product of a family within the horizon, offered or not.

It is the regression of offers (`models.learning.pooled`) with families in the place of actions: what makes people open
anything is learned once, what belongs to a family by that family.
"""

from collections.abc import Mapping
from typing import Any

from models.features import FEATURES
from models.learning.learner import actions_of
from models.learning.scoring import ActionScorer
from models.policy import Policy
from models.served.propensity import PropensityLearner
from schemas.vocabulary import PRODUCT_FAMILIES

MODEL = "need"


class NeedLearner(PropensityLearner):
    """Learns of each family; before that it says what policy starts with."""

    def __init__(self, policy: Policy) -> None:
        """Start unlearned: every family is taken by the same share of customers."""
        super().__init__(dict.fromkeys(PRODUCT_FAMILIES, policy.value.start_need))

    def thawed(self, plain: Mapping[str, Any]) -> ActionScorer:
        """Read a scorer that was told as data. Raises one of `models.learning.learner.DAMAGED`."""
        return actions_of(plain, len(FEATURES))
