"""The trainer of the model "need": an example tells of several product families, and each is learned by itself."""

from models.served.need import MODEL, NeedLearner
from models.training.published import Cadence
from models.training.release import Release
from schemas.internal import ExampleRecord
from schemas.vocabulary import PRODUCT_FAMILIES


class Uptake(Release):
    """`models.training.release.Release` over examples that tell of several families, judged and learned apart."""

    def __init__(self, learner: NeedLearner, sources: int, cadence: Cadence) -> None:
        """Train `learner` from `sources` source partitions."""
        super().__init__(MODEL, learner, sources, cadence)

    def _learn(self, example: ExampleRecord) -> None:
        for place, taken in example.context:
            if place < len(PRODUCT_FAMILIES):
                one = {"about": PRODUCT_FAMILIES[place], "label": int(taken > 0), "context": ()}
                super()._learn(example.model_copy(update=one))
