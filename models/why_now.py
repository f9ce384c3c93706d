"""Why now: what moved a score since the last one, feature by feature.

Both snapshots wait in the profile with the features as they were scored. Under one model each feature's change is its
contribution now less its contribution then; what is left is that the model itself has learned in between. All of it
sums to the difference of the log-odds, exactly but for the order of addition.
"""

from collections.abc import Sequence
from math import log
from typing import NamedTuple

from models.features import unpack
from models.reasons import parts_of
from models.scoring import ODDS_LIMIT, Scorer
from schemas.profile import PendingExample


class WhyNow(NamedTuple):
    """A score, the one before it, and what lies between: `sum(moved) + learned` is the difference of the log-odds."""

    before: float
    now: float
    span_ms: int
    moved: dict[str, float]  # feature -> log-odds, 0 where nothing changed
    learned: float  # the model's own change, judged by the features of then
    values_before: tuple[float, ...]
    values_now: tuple[float, ...]

    @property
    def risen(self) -> bool:
        """Whether the score is higher now."""
        return self.now >= self.before


def log_odds(chance: float) -> float:
    """Turn a probability into log-odds, within ±`ODDS_LIMIT`.

    >>> log_odds(0.5), log_odds(0.0)
    (0.0, -30.0)
    """
    if not 0.0 < chance < 1.0:
        return ODDS_LIMIT if chance >= 1.0 else -ODDS_LIMIT
    return log(chance / (1.0 - chance))


def why_now(newest_first: Sequence[PendingExample], scorer: Scorer) -> WhyNow | None:
    """Compare the two last snapshots of a customer; None without two, or where another version scored the newest."""
    if len(newest_first) < 2 or newest_first[0].version != scorer.version or newest_first[1].score is None:
        return None
    newest, earlier = newest_first[:2]
    values_now, values_before = unpack(newest.features), unpack(earlier.features)
    now, then = scorer.score(values_now), scorer.score(values_before)
    before = parts_of(then)
    return WhyNow(
        before=newest_first[1].score,
        now=now.value,
        span_ms=newest.scored_ms - earlier.scored_ms,
        moved={feature: part - before[feature] for feature, part in parts_of(now).items()},
        learned=then.log_odds - log_odds(newest_first[1].score),
        values_before=values_before,
        values_now=values_now,
    )
