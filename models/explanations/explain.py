"""A score explained for people: its reasons, what moved it since the last one, and what would change it.

Everything comes from the profile: what was scored is described again, and the snapshots that wait for their label keep
the features of the weeks before.
"""

import struct
from math import floor
from typing import NamedTuple

from models.context import Context
from models.explanations.counterfactual import Counterfactual, changes
from models.explanations.reasons import by_reason, parts_in_words, sentence, snapshots, strongest, values_of
from models.explanations.why_now import WhyNow, why_now
from models.features import features
from models.learning.scoring import Scorer
from models.policy import Policy, Text
from models.policy.base import LANGUAGES
from models.policy.rules import ChurnRisk
from models.policy.wording import Reasons
from models.reason_figures import DAYS, UNITS, written
from schemas.actions import SENTENCE_LENGTH, Reason
from schemas.profile import MAX_REASONS, Profile, ReasonPart, Score

DAY_MS = 86_400_000
MOVED = 3  # so many movements are told in a sentence
MOST_DIGITS = 2  # of a percentage that was and one that is, so that they differ
WHY_NOW, WHAT_IF = "why_now", "what_if"
_STOP = {"zh": "；", "en": "; "}


class Explanation(NamedTuple):
    """All that can be said of a score; parts are None, or empty, where the profile no longer tells."""

    reasons: tuple[Reason, ...]
    values: tuple[float, ...] | None
    why_now: WhyNow | None
    what_if: tuple[Counterfactual, ...]
    told: tuple[Reason, ...]  # the two in words, as reasons of no contribution of their own


def threshold_of(policy: Policy) -> float:
    """Give the score from which on churn is alerted; 1 where no rule does."""
    rule = policy.first("churn_risk")
    return rule.score if isinstance(rule, ChurnRisk) else 1.0


def explain(profile: Profile, model: str, scorer: Scorer, policy: Policy) -> Explanation:
    """Explain the profile's last score; where `scorer` did not give it, only its reasons are known."""
    score = profile.scores[model]
    values = values_of(profile, model, policy, scorer)
    reasons = parts_in_words(score.reasons, policy, values)
    if values is None or scorer.version != score.version:
        return Explanation(reasons, values, None, (), ())
    moved, threshold = why_now(values, score.at_ms, snapshots(profile, model), scorer), threshold_of(policy)
    found = changes(values, scorer, threshold, policy.reasons)
    sentence_of_move = moved_in_words(moved, policy.reasons) if moved is not None else None
    told = [sentence_of_move] if sentence_of_move is not None else []
    if score.value >= threshold:
        told.append(change_in_words(found, threshold, policy.reasons))
    return Explanation(reasons, values, moved, found, tuple(told))


def scored_anew(profile: Profile, model: str, scorer: Scorer, policy: Policy) -> Profile:
    """Score the customer as of his last event: what an older score was of can no longer be told."""
    scored = scorer.score(features(profile, profile.last_seen_ms, policy.home_currency))
    reasons = strongest(scored, policy, MAX_REASONS)
    changed = profile.copied()
    score = Score(scored.value, scorer.version, scored.examples, profile.last_seen_ms, reasons)
    changed.scores = {**profile.scores, model: score}
    return changed


def score_explained(profile: Profile, model: str | None, context: Context) -> tuple[Reason, ...]:
    """List the reasons of the score that an alert quotes; nothing where it quotes none.

    What cannot be explained is named without figures.
    """
    score = profile.scores.get(model) if model is not None else None
    if model is None or score is None:
        return ()
    policy, scorer = context.policy, context.scorers.get(model)
    try:
        if scorer is None:
            return parts_in_words(score.reasons, policy, values_of(profile, model, policy))
        explained = explain(profile, model, scorer, policy)
    except (ArithmeticError, LookupError, ValueError, struct.error):
        return parts_in_words(score.reasons, policy)  # an alert is worth more than the figures beside it
    return explained.reasons + explained.told


def strongest_moves(moved: WhyNow, policy: Reasons) -> tuple[ReasonPart, ...]:
    """List by reason what moved the score the way it went, strongest first."""
    sign = 1.0 if moved.risen else -1.0
    return tuple([part for part in by_reason(moved.moved, policy) if part.contribution * sign > 0.0])


def moved_in_words(moved: WhyNow, policy: Reasons) -> Reason | None:
    """Say what the score was, what it is, and what moved it most; None where both are written alike (`_told_apart`)."""
    before, now = _told_apart(moved.before, moved.now)
    if before == now:
        return None
    frame = policy.rose if moved.risen else policy.fell
    said = {}
    for language in LANGUAGES:
        parts = [
            (part.contribution, sentence(part.code, moved.values_now, policy, language))
            for part in strongest_moves(moved, policy)
        ]
        if moved.learned and (moved.learned > 0.0) == moved.risen:
            parts.append((moved.learned, policy.learned.said(language)))
        parts.sort(key=lambda part: -abs(part[0]))
        said[language] = frame.said(language).format_map(
            {
                "before": before,
                "now": now,
                "days": written(DAYS, moved.span_ms / DAY_MS, language),
                "reasons": _STOP[language].join([text for _, text in parts[:MOVED]]) or "–",
            }
        )
    return _reason(WHY_NOW, said)


def change_in_words(found: tuple[Counterfactual, ...], threshold: float, policy: Reasons) -> Reason:
    """Say the smallest change that takes the score below the threshold, or that none does alone."""
    if not found:
        text: Text = policy.nothing_alone
        said = {language: text.said(language).format_map({"threshold": _percent(threshold)}) for language in LANGUAGES}
        return _reason(WHAT_IF, said)
    said = {}
    for language in LANGUAGES:
        said[language] = policy.what_if.said(language).format_map(
            {
                "change": change_text(found[0], policy, language),
                "score": f"{floor(100 * found[0].score)}%",  # rounded up it might not look below
                "threshold": _percent(threshold),
            }
        )
    return _reason(WHAT_IF, said)


def change_text(change: Counterfactual, policy: Reasons, language: str) -> str:
    """Say one change: "with 4 logins within 30 days"."""
    words, unit = policy.feature[change.feature].change, UNITS[change.feature]
    assert words is not None, "only what policy has words for is changed"
    return words.said(language).format_map({unit.name: written(unit, change.figure, language)})


def _percent(chance: float, digits: int = 0) -> str:
    return f"{100 * chance:.{digits}f}%"


def _told_apart(before: float, now: float) -> tuple[str, str]:
    """Write two chances in whole percent, or with as many digits as tell them apart, at most `MOST_DIGITS`."""
    written_with = [(_percent(before, digits), _percent(now, digits)) for digits in range(MOST_DIGITS + 1)]
    return next(((one, other) for one, other in written_with if one != other), written_with[0])


def _reason(code: str, said: dict[str, str]) -> Reason:
    return Reason(code=code, zh=said["zh"][:SENTENCE_LENGTH], en=said["en"][:SENTENCE_LENGTH])
