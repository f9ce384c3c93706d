"""Why a score is what it is, in words: its exact contributions by reason, under the sentences that policy has for them.

A score's log-odds are `base + sum(contributions)`, to the last bit (`models.scoring`). What features of one kind add is
added up to one reason (`reasons.toml` says which), so that a month's logins and a week's do not argue with each other:
all reasons and the base sum to the log-odds again, but for the order in which floats are added (1e-9 in the laws). A
reason is spoken for by its strongest feature on its side; `ReasonPart.code` is that feature, which a profile keeps in a
byte.
"""

from collections.abc import Iterable, Mapping, Sequence

from models.features import FEATURES, unpack
from models.policy import Policy
from models.policy.wording import Reasons
from models.reason_figures import PLACE, figures
from models.scoring import CONTEXT, Scored
from schemas.actions import Reason, ScoreCard
from schemas.profile import PendingExample, Profile, ReasonPart


def parts_of(scored: Scored) -> dict[str, float]:
    """Tell what each feature adds (log-odds); what goes beyond the features is the contact's `CONTEXT`."""
    width = len(FEATURES)
    parts = dict(zip(FEATURES, scored.contributions[:width], strict=True))
    if len(scored.contributions) > width:
        parts[CONTEXT] = sum(scored.contributions[width:])
    return parts


def by_reason(parts: Mapping[str, float], policy: Reasons, count: int | None = None) -> tuple[ReasonPart, ...]:
    """Add up what features add by their reason, strongest first (at most `count`); nothing that adds 0."""
    members: dict[str, list[str]] = {}
    for feature in parts:
        members.setdefault(policy.code_of(feature), []).append(feature)
    found = []
    for features in members.values():
        total = sum([parts[feature] for feature in features])
        if total:
            # The first of the strongest on the total's side; a sum other than 0 has one.
            found.append(ReasonPart(max(features, key=lambda f: parts[f] if total > 0 else -parts[f]), total))
    found.sort(key=lambda part: -abs(part.contribution))
    return tuple(found[:count])


def strongest(scored: Scored, policy: Policy, count: int) -> tuple[ReasonPart, ...]:
    """Give the `count` strongest reasons of a score."""
    return by_reason(parts_of(scored), policy.reasons, count)


def as_scored(profile: Profile, model: str = "churn") -> tuple[PendingExample, ...]:
    """List the snapshots that wait for their label, newest first: they keep the features as they were scored."""
    waiting = [example for example in profile.pending if example.model == model]
    return tuple(sorted(waiting, key=lambda example: -example.scored_ms))


def values_of(profile: Profile, model: str = "churn") -> tuple[float, ...] | None:
    """Find the features behind the last score; None where no snapshot of it waits."""
    score, waiting = profile.scores.get(model), as_scored(profile, model)
    if score is None or not waiting:
        return None
    newest = waiting[0]
    if (newest.score, newest.version) != (score.value, score.version):
        return None
    return unpack(newest.features)


def sentence(feature: str, values: Sequence[float] | None, policy: Reasons, language: str) -> str:
    """Say what a feature's value is, with its figures; only its name where the values are not at hand."""
    words = policy.feature.get(feature)
    if words is None:
        return feature
    if values is None or feature not in PLACE:
        return words.name.said(language)
    said = words.sentence(values[PLACE[feature]])
    return said.said(language).format_map(figures(feature, values, language))


def parts_in_words(
    parts: Iterable[ReasonPart], policy: Policy, values: Sequence[float] | None = None
) -> tuple[Reason, ...]:
    """Put a score's parts into words, in their order, with the figures of the features that were scored."""
    reasons = policy.reasons
    return tuple(
        [
            Reason(
                code=reasons.code_of(feature),
                zh=sentence(feature, values, reasons, "zh"),
                en=sentence(feature, values, reasons, "en"),
                contribution=contribution,
            )
            for feature, contribution in parts
        ]
    )


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
        reasons=parts_in_words(score.reasons, policy, values_of(profile, model)),
    )
