"""Why a score is what it is, in words: its exact additive contributions under the names that policy gives them."""

from models.policy import Policy
from schemas.actions import Reason, ScoreCard
from schemas.profile import Profile, Score


def score_reasons(score: Score, policy: Policy) -> tuple[Reason, ...]:
    """Put a score's parts into words, in their order; a feature that policy does not name reads as its code."""
    names = policy.reasons.feature
    reasons = []
    for part in score.reasons:
        text = names.get(part.code)
        zh, en = (text.zh, text.en) if text is not None else (part.code, part.code)
        reasons.append(Reason(code=part.code, zh=zh, en=en, contribution=part.contribution))
    return tuple(reasons)


def score_card(profile: Profile, model: str, policy: Policy) -> ScoreCard | None:
    """Show the last score of a model with its reasons; None if none was ever computed."""
    score = profile.scores.get(model)
    if score is None:
        return None
    return ScoreCard(
        value=score.value,
        model=model,
        version=score.version,
        examples=score.examples,
        reasons=score_reasons(score, policy),
    )
