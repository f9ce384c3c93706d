"""What would change a score: the smallest change of one feature that takes it below a threshold.

Among the features that policy calls actionable. Where the model is linear the value that is needed follows from two
scores; it is rounded to what a customer can do (half a login is none) and scored again. Of another model the figures
within reach are tried one by one, the nearest first. This is the model's view with all else left as it is, not a cause:
who is made to log in is not the customer who logs in.
(Wachter, Mittelstadt, Russell, Harvard Journal of Law & Technology 31(2), 2018, for one feature at a time.)
"""

from collections.abc import Iterator, Sequence
from math import ceil, floor
from typing import NamedTuple

from models.learning.scoring import LinearScorer, Scorer, log_odds_of
from models.policy.wording import Change, Reasons
from models.reason_figures import PLACE, UNITS, Unit

TRIES = 30  # figures of a feature
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
    solve = _solved if isinstance(scorer, LinearScorer) else _tried
    for figure in solve(feature, reach, values, scorer, threshold):
        value = unit.value(figure)
        score = scorer.score(_with(values, feature, value)).value
        if score < threshold:
            return Counterfactual(feature, unit.figure(now), figure, value, abs(value - now), score)
    return None


def _tried(feature: str, reach: Change, values: Sequence[float], scorer: Scorer, threshold: float) -> Iterator[float]:
    """Go through the figures within reach, the nearest to what it is now first; at most `TRIES` of them."""
    unit, now = UNITS[feature], values[PLACE[feature]]
    span = reach.most - reach.least
    steps = min(TRIES, round(span)) if unit.whole else TRIES
    figures = [reach.least + span * step / max(1, steps) for step in range(steps + 1)]
    if unit.whole:
        figures = [float(round(figure)) for figure in figures]
    yield from sorted(figures, key=lambda figure: (abs(unit.value(figure) - now), figure))


def _solved(feature: str, reach: Change, values: Sequence[float], scorer: Scorer, threshold: float) -> Iterator[float]:
    """Solve for the one figure that goes just far enough under a linear model; none where its bound is reached."""
    unit, now = UNITS[feature], values[PLACE[feature]]
    log_odds_now = scorer.score(values).log_odds
    slope = scorer.score(_with(values, feature, now + 1.0)).log_odds - log_odds_now
    down = slope > 0.0
    bound = unit.value(reach.least if down else reach.most)
    if not slope or (now <= bound if down else now >= bound):
        return
    needed = now + (log_odds_of(threshold) - BELOW - log_odds_now) / slope
    yield _doable(unit, max(bound, needed) if down else min(bound, needed), reach, down=down)


def _doable(unit: Unit, value: float, reach: Change, *, down: bool) -> float:
    """Take the figure within reach that goes just far enough, in whole numbers where it counts."""
    figure = unit.figure(value)
    if unit.whole:
        figure = floor(figure) if down else ceil(figure)
    return min(reach.most, max(reach.least, figure))


def _with(values: Sequence[float], feature: str, value: float) -> tuple[float, ...]:
    place = PLACE[feature]
    return (*values[:place], value, *values[place + 1 :])
