"""Builders around explanations: a customer whose weekly snapshots wait for their label, and what scored them."""

from typing import Any

from models.explanations.reasons import strongest
from models.features import FEATURES, pack, unpack
from models.learning.scoring import Linear, LinearScorer
from models.reason_figures import PLACE, UNITS
from schemas.profile import MAX_REASONS, PendingExample, Profile, Score
from tests.builders import BEGINNING, after
from tests.policies import default_policy

WEEK_MS = 7 * 86_400_000


def values_with(**figures: float) -> tuple[float, ...]:
    """Features as stored, of which these have such figures: `values_with(salary_late_days=9)`; all others are 0."""
    values = [0.0] * len(FEATURES)
    for feature, figure in figures.items():
        values[PLACE[feature]] = UNITS[feature].value(figure)
    return unpack(pack(values))


def a_scorer(*, base: float = -2.0, version: int = 7, examples: int = 900, **weights: float) -> LinearScorer:
    """A scorer in which these features weigh so much (against 0); all others weigh nothing."""
    linear = Linear(tuple(weights.get(name, 0.0) for name in FEATURES), (0.0,) * len(FEATURES), base, examples)
    return LinearScorer(linear, version)


def scored_in_weeks(
    scorer: LinearScorer, *weeks: tuple[float, ...], earlier: LinearScorer | None = None, **changes: Any
) -> Profile:
    """A customer whose features were these, week by week; all weeks but the last were scored by `earlier` if given."""
    pending = []
    for number, values in enumerate(weeks):
        by = scorer if number == len(weeks) - 1 or earlier is None else earlier
        at_ms = after(BEGINNING - (len(weeks) - 1 - number) * WEEK_MS)
        given = by.score(values).value
        pending.append(
            PendingExample(f"e{number}", "churn", at_ms, at_ms + 30 * 86_400_000, pack(values), given, by.version)
        )
    scored = scorer.score(weeks[-1])
    reasons = strongest(scored, default_policy(), MAX_REASONS)
    score = Score(scored.value, scorer.version, scored.examples, BEGINNING, reasons)
    known = {"customer_id": "C1", "first_seen_ms": BEGINNING, "last_seen_ms": BEGINNING}
    return Profile(**{**known, "pending": tuple(pending), "scores": {"churn": score}, **changes})
