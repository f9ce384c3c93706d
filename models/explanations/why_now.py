"""Why now: what moved a score since the last one, feature by feature.

The weekly snapshots that wait for their label keep the features as they were scored. Under one model each feature's
change is its contribution now less its contribution then; what is left is that the model itself has learned in between.
All of it sums to the difference of the log-odds, exactly but for the order of addition.
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.explanations.reasons import parts_of
from models.features import unpack
from models.learning.scoring import Scorer, log_odds_of
from schemas.profile import PendingExample

DAY_MS = 86_400_000


class WhyNow(NamedTuple):
    """A score, the one before it, and what lies between: `sum(moved) + learned` is the difference of the log-odds."""

    before: float
    now: float
    span_ms: int
    moved: dict[str, float]  # feature -> log-odds, 0 where nothing changed
    learned: float  # the model's own change, judged by the features of then
    values_now: tuple[float, ...]

    @property
    def risen(self) -> bool:
        """Whether the score is higher now."""
        return self.now >= self.before


def why_now(
    values: tuple[float, ...], at_ms: int, newest_first: Sequence[PendingExample], scorer: Scorer
) -> WhyNow | None:
    """Compare the features scored at `at_ms` with the last snapshot at least a day before; None without one."""
    earlier = next((one for one in newest_first if one.scored_ms <= at_ms - DAY_MS and one.score is not None), None)
    if earlier is None or earlier.score is None:
        return None
    now, then = scorer.score(values), scorer.score(unpack(earlier.features))
    before = parts_of(then)
    return WhyNow(
        before=earlier.score,
        now=now.value,
        span_ms=at_ms - earlier.scored_ms,
        moved={feature: part - before[feature] for feature, part in parts_of(now).items()},
        learned=then.log_odds - log_odds_of(earlier.score),
        values_now=values,
    )
