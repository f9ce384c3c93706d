"""What would change a score: the smallest change of one feature that takes it below a threshold.

Among the features that policy calls actionable. The model is linear in each, so the value that is needed follows from
two scores; it is then rounded to what a customer can do (half a login is none) and scored again. This is the model's
view with all else left as it is, not a cause: who is made to log in is not the customer who logs in.
(Wachter, Mittelstadt, Russell, Harvard Journal of Law & Technology 31(2), 2018, for one feature at a time.)
"""

from collections.abc import Sequence
from math import ceil, floor
from typing import NamedTuple

from models.policy.wording import Change, Reasons
from models.reason_figures import PLACE, UNITS, Unit
from models.scoring import Scorer
from models.why_now import log_odds

BELOW = 1e-6  # so much in log-odds below the threshold: on it is not below


class Counterfactual(NamedTuple):
    """A feature, its figure now and as it would have to be (in people's units), and the score that it would give."""

    feature: str
    figure_now: float
    figure: float
    value: float  # of the feature, as the model sees it
    size: float  # of the change, in the model's own scale
    score: float


def changes(values: Sequence[float], scorer: Scorer, threshold: float, policy: Reasons) -> tuple[Counterfactual, ...]:
    """List the single changes that take the score below `threshold`, smallest first; none where it lies below it."""
    if scorer.score(values).value < threshold:
        return ()
    found = []
    for feature, words in policy.feature.items():
        if words.change is not None:
            change = _change(feature, words.change, values, scorer, threshold)
            if change is not None:
                found.append(change)
    return tuple(sorted(found, key=lambda change: change.size))


def _change(
    feature: str, reach: Change, values: Sequence[float], scorer: Scorer, threshold: float
) -> Counterfactual | None:
    """Find what one feature would have to be; None where it cannot get there."""
    unit, now = UNITS[feature], values[PLACE[feature]]
    log_odds_now = scorer.score(values).log_odds
    slope = scorer.score(_with(values, feature, now + 1.0)).log_odds - log_odds_now
    down = slope > 0.0
    bound = unit.value(reach.least if down else reach.most)
    if not slope or (now <= bound if down else now >= bound):
        return None
    needed = now + (log_odds(threshold) - BELOW - log_odds_now) / slope
    figure = _doable(unit, max(bound, needed) if down else min(bound, needed), reach, down=down)
    value = unit.value(figure)
    score = scorer.score(_with(values, feature, value)).value
    if score >= threshold:
        return None
    return Counterfactual(feature, unit.figure(now), figure, value, abs(value - now), score)


def _doable(unit: Unit, value: float, reach: Change, *, down: bool) -> float:
    """Take the figure within reach that goes just far enough, in whole numbers where it counts."""
    figure = unit.figure(value)
    if unit.whole:
        figure = floor(figure) if down else ceil(figure)
    return min(reach.most, max(reach.least, figure))


def _with(values: Sequence[float], feature: str, value: float) -> tuple[float, ...]:
    place = PLACE[feature]
    return (*values[:place], value, *values[place + 1 :])
