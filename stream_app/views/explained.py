"""A customer's score taken apart, as `rapport profile ID --why` shows it: exact under the version that is named."""

from typing import Any

from models.explanations.explain import change_text, explain, scored_anew, strongest_moves
from models.explanations.reasons import parts_of, sentence, values_of
from models.explanations.shapley import sampled_shapley
from models.features import FEATURES
from models.learning.learner import BadSnapshotError
from models.learning.scoring import LinearScorer, Scorer
from models.policy import Policy
from models.training.learners import scorer_of
from models.training.shelf import Shelf
from models.training.snapshots import Stored
from schemas.profile import Profile
from schemas.times import to_rfc3339
from stream_app.model_report.from_shelf import statistics

MODEL = "churn"  # the one whose scores a profile keeps
ROUNDS = 100  # of sampling: 7,000 scores
VIEW = "the model's view with all else left as it is, not cause and effect"


def why(profile: Profile, shelf: Shelf, policy: Policy) -> dict[str, Any]:
    """Take the customer's last score apart; what can no longer be told is left out, and `note` says why."""
    score = profile.scores.get(MODEL)
    if score is None:
        return {"note": "there is no score: no snapshot was taken yet, or the customer does not consent to profiling"}
    stored = shelf.stored(MODEL, score.version) or shelf.latest(MODEL)
    scorer = None if stored is None else _scorer(stored, policy)
    if scorer is None:
        return {**_told(profile, policy), "note": f"version {score.version} is not on the shelf, and no other is"}
    note = ""
    if scorer.version != score.version or values_of(profile, MODEL, policy, scorer) is None:
        note = (
            f"version {score.version} gave {score.value:.3f} at {to_rfc3339(score.at_ms)}; "
            f"explained as of the last event, by version {scorer.version}"
        )
        profile = scored_anew(profile, MODEL, scorer, policy)
    apart = _apart(profile, scorer, policy)
    if stored is not None and not isinstance(scorer, LinearScorer):
        apart |= _sampled(profile, scorer, stored, policy)
    return {**_told(profile, policy, scorer), **apart, "note": note}


def _sampled(profile: Profile, scorer: Scorer, stored: Stored, policy: Policy) -> dict[str, Any]:
    """Give Shapley values against the mean customer: the parts along a tree hang on the order of its questions."""
    values, known = values_of(profile, MODEL, policy, scorer), statistics(stored.snapshot["state"]["learner"])
    if values is None or known is None:
        return {}
    means, _ = known
    found = sampled_shapley(lambda x: scorer.score(x).log_odds, values, [means], rounds=ROUNDS, seed=0)
    return {
        "approximate": {
            "method": f"Shapley values sampled over {found.walks} walks from the mean customer: approximate",
            "base": found.base,
            "parts": dict(zip(FEATURES, found.parts, strict=True)),
        }
    }


def _scorer(stored: Stored, policy: Policy) -> Scorer | None:
    try:
        return scorer_of(stored, policy)
    except BadSnapshotError:
        return None


def _told(profile: Profile, policy: Policy, scorer: Scorer | None = None) -> dict[str, Any]:
    score, names, values = profile.scores[MODEL], policy.reasons, values_of(profile, MODEL, policy, scorer)
    reasons = [
        {"code": names.code_of(part.code), "feature": part.code, "contribution": part.contribution}
        | {language: sentence(part.code, values, names, language) for language in ("zh", "en")}
        for part in score.reasons
    ]
    return {"model": MODEL, "version": score.version, "score": score.value, "reasons": reasons}


def _apart(profile: Profile, scorer: Scorer, policy: Policy) -> dict[str, Any]:
    """Give every feature's part, what moved since the snapshot before, and the changes that would do."""
    explained = explain(profile, MODEL, scorer, policy)
    assert explained.values is not None, "known, or scored anew"
    scored, names, moved = scorer.score(explained.values), policy.reasons, explained.why_now
    apart: dict[str, Any] = {
        "log_odds": scored.log_odds,
        "base": scored.base,
        "parts": parts_of(scored),
        "told": [{"code": reason.code, "zh": reason.zh, "en": reason.en} for reason in explained.told],
        "what_if": {
            "view": VIEW,
            "changes": [
                {"feature": change.feature, "from": change.figure_now, "to": change.figure, "score": change.score}
                | {language: change_text(change, names, language) for language in ("zh", "en")}
                for change in explained.what_if
            ],
        },
    }
    if moved is not None:
        apart["why_now"] = {
            "before": moved.before,
            "now": moved.now,
            "days": moved.span_ms / 86_400_000,
            "learned": moved.learned,
            "moved": {feature: part for feature, part in moved.moved.items() if part},
            "strongest": [names.code_of(part.code) for part in strongest_moves(moved, names)],
        }
    return apart


def lines(told: dict[str, Any]) -> list[str]:
    """Write it for people: each reason with what it adds, then why now and what if."""
    written = []
    if "score" in told:
        written.append(f"score {told['score']:.3f} of {told['model']}, version {told['version']}; what adds to it:")
        written += [f"  {one['contribution']:+.3f}  {one['zh']} / {one['en']}" for one in told["reasons"]]
    written += [f"  {one['zh']} / {one['en']}" for one in told.get("told", ())]
    if told["note"]:
        written.append(told["note"])
    return written
