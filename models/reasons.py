"""Why a score is what it is, in words: its exact additive contributions under the names that policy gives them."""

from collections.abc import Iterable

from models.policy import Policy
from schemas.actions import Reason, ScoreCard
from schemas.profile import Profile, ReasonPart


def parts_in_words(parts: Iterable[ReasonPart], policy: Policy) -> tuple[Reason, ...]:
    """Put a score's parts into words, in their order; a feature that policy does not name reads as its code."""
    names = policy.reasons.feature
    reasons = []
    for part in parts:
        text = names.get(part.code)
        zh, en = (text.zh, text.en) if text is not None else (part.code, part.code)
        reasons.append(Reason(code=part.code, zh=zh, en=en, contribution=part.contribution))
    return tuple(reasons)


def score_card(profile: Profile, model: str, policy: Policy) -> ScoreCard | None:
    """Show the last score with its reasons; None if there is none, or its model has not seen enough to be believed."""
    score = profile.scores.get(model)
    if score is None or score.examples < policy.models.floor_examples[model]:
        return None
    return ScoreCard(
        value=score.value,
        model=model,
        version=score.version,
        examples=score.examples,
        reasons=parts_in_words(score.reasons, policy),
    )
