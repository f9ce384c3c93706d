"""Why a score is what it is, in words: its exact contributions by reason, under the sentences that policy has for them.

A score's log-odds are `base + sum(contributions)`, to the last bit (`models.learning.scoring`). What features of one
kind add is added up to one reason (`reasons.toml` says which), so that a month's logins and a week's do not argue with
each other: all reasons and the base sum to the log-odds again, but for the order in which floats are added (1e-9 in the
laws). A reason is spoken for by its strongest feature on its side; `ReasonPart.code` is that feature, which a profile
keeps in a byte.
"""

from collections.abc import Iterable, Mapping, Sequence

from models.features import FEATURES, features, unpack
from models.learning.scoring import CONTEXT, Scored, Scorer
from models.policy import Policy
from models.policy.wording import Reasons
from models.reason_figures import PLACE
from schemas.actions import Reason, ScoreCard, bounded
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
    for together in members.values():
        total = sum([parts[feature] for feature in together])
        if total:
            # The first of the strongest on the total's side; a sum other than 0 has one.
            found.append(ReasonPart(max(together, key=lambda f: parts[f] if total > 0 else -parts[f]), total))
    found.sort(key=lambda part: -abs(part.contribution))
    return tuple(found[:count])


def strongest(scored: Scored, policy: Policy, count: int) -> tuple[ReasonPart, ...]:
    """Give the `count` strongest reasons of a score, as `by_reason` would: many events bring a score."""
    parts = scored.contributions
    reason_of, members = policy.reasons.places
    totals = [0.0] * len(members)
    for reason, part in zip(reason_of, parts, strict=False):
        totals[reason] += part
    if len(parts) > len(FEATURES):
        totals.append(sum(parts[len(FEATURES) :]))
    sizes = list(map(abs, totals))
    order = sorted(range(len(totals)), key=sizes.__getitem__, reverse=True)
    return tuple([_spoken_for(reason, totals[reason], parts, members) for reason in order[:count] if totals[reason]])


def _spoken_for(reason: int, total: float, parts: Sequence[float], members: Sequence[Sequence[int]]) -> ReasonPart:
    """Let the strongest feature on the total's side speak for a reason; what is no feature is the contact."""
    if reason == len(members):
        return ReasonPart(CONTEXT, total)
    strongest_of = max if total > 0.0 else min
    return ReasonPart(FEATURES[strongest_of(members[reason], key=parts.__getitem__)], total)


def snapshots(profile: Profile, model: str = "churn") -> tuple[PendingExample, ...]:
    """List the snapshots that wait for their label, newest first: they keep the features as they were scored."""
    waiting = [example for example in profile.pending if example.model == model]
    return tuple(sorted(waiting, key=lambda example: -example.scored_ms))


def values_of(profile: Profile, model: str, policy: Policy, scorer: Scorer | None = None) -> tuple[float, ...] | None:
    """Find the features behind the last score; None where they cannot be told any more.

    A snapshot keeps them. What was scored with an event is described again, and `scorer` must say the same of it.
    """
    score = profile.scores.get(model)
    if score is None:
        return None
    for snapshot in snapshots(profile, model)[:1]:
        if (snapshot.score, snapshot.version) == (score.value, score.version):
            return unpack(snapshot.features)
    if scorer is None or scorer.version != score.version:
        return None
    values = features(profile, score.at_ms, policy.home_currency)
    return values if scorer.score(values).value == score.value else None


def sentence(feature: str, values: Sequence[float] | None, policy: Reasons, language: str) -> str:
    """Say what a feature's value is, with its figures; only its name where the values are not at hand."""
    words = policy.feature.get(feature)
    if words is None:
        return feature
    if values is None or feature not in PLACE:
        return words.name.said(language)
    return words.sentence(feature, values, language)


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
                contribution=bounded(contribution),
            )
            for feature, contribution in parts
        ]
    )


def score_card(profile: Profile, model: str, policy: Policy, scorer: Scorer | None = None) -> ScoreCard | None:
    """Show the last score with its reasons; None if there is none, or its model has not seen enough to be believed."""
    score = profile.scores.get(model)
    if score is None or score.examples < policy.models.floor_examples[model]:
        return None
    return ScoreCard(
        value=score.value,
        model=model,
        version=score.version,
        examples=score.examples,
        reasons=parts_in_words(score.reasons, policy, values_of(profile, model, policy, scorer)),
    )
