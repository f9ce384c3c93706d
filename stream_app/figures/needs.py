"""How well needs are foreseen on the synthetic bank: openings of customers' own accord, planted with a known chance."""

from collections.abc import Mapping
from typing import NamedTuple

from models.evaluation.meters import Meter
from models.policy import Policy
from models.served.need import MODEL, NeedLearner
from schemas.vocabulary import PRODUCT_FAMILIES
from stream_app.offline.closed_loop import Played
from stream_app.simulate.uptake import THEMES, chance


class Foreseen(NamedTuple):
    """One family over the second half of the matured examples.

    `planted` is the AUC of the chance by which customers open of their own accord. It is no ceiling: openings that
    follow an offer come on top, and of those who are left the likeliest have opened already.
    """

    taken: int
    examples: int
    auc: float | None
    planted: float | None

    @property
    def base_rate(self) -> float:
        """The share that was taken within the horizon."""
        return self.taken / self.examples if self.examples else 0.0


def foreseen(played: Played, policy: Policy) -> Mapping[str, Foreseen]:
    """Judge each planted family prequentially: every example by the model as it is just before it learns it."""
    matured = [example for example in played.examples if example["model"] == MODEL]
    matured.sort(key=lambda example: (example["due_ms"], example["example_id"]))
    learner, options = NeedLearner(policy), played.world.options
    ours, best = ({family: Meter() for family in THEMES} for _ in range(2))
    for number, example in enumerate(matured):
        for place, taken in example["context"]:
            family = PRODUCT_FAMILIES[int(place)]
            if family in THEMES and number >= len(matured) // 2:
                person = played.world.by_id[example["customer_id"]]
                ours[family].update(taken > 0, learner.score(example["features"], family))
                best[family].update(taken > 0, chance(person, family, options))
            learner.learn(example["features"], taken > 0, family)
    return {family: _of(ours[family], best[family]) for family in THEMES}


def _of(ours: Meter, best: Meter) -> Foreseen:
    quality = ours.quality()
    return Foreseen(quality.positives, quality.examples, quality.auc, best.quality().auc)
