"""How well scores that were given are calibrated, and how much of the error is chance.

Ten groups of a hundred offers each, of which one in seven is taken, are off by 0.02 to 0.03 even where every score is
right; so the error is told beside the one that scores would have that came true exactly as often as they say.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from models.evaluation.meters import Meter

DRAWS = 80


class Calibration(NamedTuple):
    """Expected calibration error, and by chance alone: its mean and the range that holds 95 % of draws."""

    error: float
    by_chance: float
    between: tuple[float, float]


def calibration_error(scored: Iterable[tuple[float, bool]]) -> float:
    """Reckon the expected calibration error of scores with what came true; 0 of none."""
    given = Meter()
    for score, label in scored:
        given.update(label, score)
    return given.quality().calibration_error or 0.0


def calibration(examples: Sequence[Mapping[str, Any]]) -> Calibration:
    """Judge the scores of examples with their labels; the draws of chance follow from the examples' ids."""
    drawn = sorted(
        calibration_error((e["score"], Random(f"{draw} {e['example_id']}").random() < e["score"]) for e in examples)
        for draw in range(DRAWS)
    )
    error = calibration_error((e["score"], e["label"] == 1) for e in examples)
    outside = DRAWS // 40
    return Calibration(error, sum(drawn) / DRAWS, (drawn[outside], drawn[-1 - outside]))
