"""The forecasts of needs as customers would be given them, held against what they opened within 30 days and within 90.

A forecast is made at each weekly snapshot, by a learner that has learned exactly what had matured by then; what was
opened is counted from the lines that were sent, not from profiles. Moments that leave no 90 days after them are left.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.learning.scoring import within
from models.policy import DAY_MS, Policy
from models.served.need import MODEL, NeedLearner
from schemas.vocabulary import PRODUCT_FAMILIES
from stream_app.figures.calibration import calibration_error
from stream_app.figures.truth import auc
from stream_app.offline.closed_loop import Played
from stream_app.simulate.uptake import THEMES

KNOWN_DAYS = 30  # the profile keeps the chance of so many days, in thousandths
HORIZONS = (30, 90)  # days


class Told(NamedTuple):
    """One customer who lacked a family at a moment: what was said for each of `HORIZONS`, and whether it came true."""

    family: str
    at_ms: int
    said: tuple[float, ...]
    taken: tuple[bool, ...]


class Held(NamedTuple):
    """How forecasts of one horizon compare with what was opened; `auc` is None where all did, or nobody."""

    examples: int
    share: float
    forecast: float
    ece: float
    auc: float | None

    @property
    def bias(self) -> float | None:
        """By how much of the share the mean forecast is off."""
        return self.forecast / self.share - 1.0 if self.share else None


def forecasts(played: Played, policy: Policy) -> list[Told]:
    """List all forecasts of the planted families in a bank, but for those below policy's floor of examples."""
    examples = [example for example in played.examples if example["model"] == MODEL]
    matured = sorted(examples, key=lambda e: (e["due_ms"], e["example_id"]))
    end_ms = max(played.last_ms.values(), default=0) - max(HORIZONS) * DAY_MS
    asked = sorted((e for e in examples if e["snapshot_ms"] <= end_ms), key=lambda e: (e["snapshot_ms"], e["due_ms"]))
    learner, floor, horizon_days = NeedLearner(policy), policy.models.floor_examples[MODEL], policy.churn.horizon_days
    scorer, scored_ms, learned, found = learner.scorer(0), -1, 0, list[Told]()
    for example in asked:
        at_ms = example["snapshot_ms"]
        if at_ms > scored_ms:
            while matured[learned]["due_ms"] <= at_ms:  # those asked mature later
                for family, taken in _families(matured[learned]):
                    learner.learn(matured[learned]["features"], taken, family)
                learned += 1
            scorer, scored_ms = learner.scorer(0), at_ms
        lacking = [family for family, _ in _families(example) if family in THEMES]
        for family, chance in scorer.chances(example["features"], lacking, floor).items():
            kept = round(1000 * within(chance, horizon_days, KNOWN_DAYS)) / 1000
            opened_ms = played.opened_ms.get((example["customer_id"], family), ())
            said = tuple([within(kept, KNOWN_DAYS, days) for days in HORIZONS])
            came = [any(at_ms <= each < at_ms + days * DAY_MS for each in opened_ms) for days in HORIZONS]
            found.append(Told(family, at_ms, said, tuple(came)))
    return found


def _families(example: Mapping[str, Sequence[tuple[int, float]]]) -> list[tuple[str, bool]]:
    return [(PRODUCT_FAMILIES[int(place)], taken > 0) for place, taken in example["context"]]


def held(told: Sequence[Told]) -> tuple[Held, ...]:
    """Compare forecasts with what came true, at each of `HORIZONS`."""
    return tuple([_held([(one.said[place], one.taken[place]) for one in told]) for place in range(len(HORIZONS))])


def _held(scored: Sequence[tuple[float, bool]]) -> Held:
    forecasts, came_true = [said for said, _ in scored], [taken for _, taken in scored]
    number = max(1, len(scored))
    share, forecast = sum(came_true) / number, sum(forecasts) / number
    return Held(len(scored), share, forecast, calibration_error(scored), auc(forecasts, came_true))
