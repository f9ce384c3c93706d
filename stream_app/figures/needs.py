"""How well needs are foreseen on the synthetic bank: openings of customers' own accord, planted with a known chance."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from models.policy import Policy
from models.served.need import MODEL, NeedLearner
from schemas.vocabulary import PRODUCT_FAMILIES
from stream_app.figures import batch
from stream_app.figures.truth import auc
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


class Asked(NamedTuple):
    """One customer who lacked a family: whether he took it, what was said and planted, and whether it counts."""

    example: Mapping[str, Any]
    taken: bool
    said: float
    planted: float
    later: bool


def asked(played: Played, policy: Policy) -> Mapping[str, Sequence[Asked]]:
    """Let a learner say of each matured example, and of each planted family, what it says just before it learns it."""
    matured = [example for example in played.examples if example["model"] == MODEL]
    matured.sort(key=lambda example: (example["due_ms"], example["example_id"]))
    learner, options = NeedLearner(policy), played.world.options
    found: dict[str, list[Asked]] = {family: [] for family in THEMES}
    for number, example in enumerate(matured):
        for place, taken in example["context"]:
            family = PRODUCT_FAMILIES[int(place)]
            if family in THEMES:
                planted = chance(played.world.by_id[example["customer_id"]], family, options)
                said, later = learner.score(example["features"], family), number >= len(matured) // 2
                found[family].append(Asked(example, taken > 0, said, planted, later))
            learner.learn(example["features"], taken > 0, family)
    return found


def foreseen(of_family: Sequence[Asked]) -> Foreseen:
    """Judge the second half of a bank's examples of one family."""
    later = [one for one in of_family if one.later]
    taken = [one.taken for one in later]
    ours, planted = auc([one.said for one in later], taken), auc([one.planted for one in later], taken)
    return Foreseen(sum(taken), len(taken), ours, planted)


def in_batch(banks: Sequence[Sequence[Asked]]) -> float | None:
    """Give the AUC of a batch model on the second halves of several banks: what there is to be seen in the features.

    It learns from the whole period of all banks at once, the future included, and says of each customer what it has
    learned from all others (`figures.batch`).
    """
    together = [(number, one) for number, bank in enumerate(banks) for one in bank]
    examples = [{**one.example, "customer_id": f"{number} {one.example['customer_id']}"} for number, one in together]
    said = batch.in_batch(examples, [one.taken for _, one in together])
    later = [(score, one.taken) for score, (_, one) in zip(said, together, strict=True) if one.later]
    return auc([score for score, _ in later], [taken for _, taken in later])
