"""Offers learned before their horizon, where policy wants it: `labels` of `models.toml` is "fast" for propensity.

Their example comes to the trainer in parts, each a record with a time of its own, so that parts of many offers are
learned in the order in which they happened: at once as one that was not accepted ("fake negative"), once more when it
is, and at the horizon the verdict, by which the model is judged and which it learns no more. That the fake negatives
are no answers is corrected where they are learned, by weights (`models.learning.pooled`). Of an offer an answer "yes"
is never taken back (`models.labels.outcomes.RANKS`), so what was learned of it stays true. Where the verdict is that it
can never be known, the parts were learned in vain: the trainer counts them.

In the profile `FAST` stands in the place of the offer's id, so an example ends as it began, whatever policy says then.
Who withdraws his consent to profiling is told of no more, and of an answer of that time nothing is ever learned; who is
erased is let go at once: the verdict says that it cannot be known, and nothing else of him.
"""

from collections.abc import Collection
from types import MappingProxyType

from models.labels.outcomes import LEARNED_EARLY, TAKEN, Effects, told
from models.served.churn import may_profile
from schemas.actions import example_effect
from schemas.profile import OfferMade, Profile
from schemas.vocabulary import FAST, VOID

NOTHING_OF_HIM = MappingProxyType(
    {"part": "verdict", "features": (), "context": (), "score": None, "model_version": None}
)  # but for whose it is, and which example


def begun(profile: Profile, offer: OfferMade) -> Effects:
    """Tell of an offer that was just made: not accepted so far. Nothing where its example waits for the horizon."""
    return _part(profile, offer, offer.made_ms, 0)


def came_true(before: Profile, after: Profile) -> tuple[Profile, Effects]:
    """Tell of the offer that an outcome has turned into an accepted one; a better answer to it changes nothing more.

    Without consent it is not told, and then the example can teach no more, whatever is consented to at its horizon.
    """
    if after.offers is before.offers:
        return after, ()
    known = {offer.action_id for offer in before.offers if offer.outcome in TAKEN}
    taken = [offer for offer in after.offers if offer.outcome in TAKEN and offer.action_id not in known]
    if may_profile(after):
        parts = [part for one in taken for part in _part(after, one, max(one.made_ms, one.outcome_ms or 0), 1)]
        return after, tuple(parts)
    return _without_a_label(after, {offer.action_id for offer in taken}), ()


def _without_a_label(profile: Profile, examples: Collection[str]) -> Profile:
    """Let the label of these never be known, where a part of them was learned early."""
    if not any(one.about == FAST and one.example_id in examples for one in profile.pending):
        return profile
    changed = profile.copied()
    changed.pending = tuple(
        [
            one._replace(about=VOID) if one.about == FAST and one.example_id in examples else one
            for one in profile.pending
        ]
    )
    return changed


def let_go(profile: Profile, due_ms: int) -> Effects:
    """End what is learned early of a customer who is erased: the trainer forgets which parts it has missed of him."""
    waiting = [one for one in profile.pending if one.about in LEARNED_EARLY]
    verdicts = [told(profile, one, None, due_ms=due_ms, label=None) for one in waiting]
    return tuple([example_effect(one.model_copy(update=NOTHING_OF_HIM)) for one in verdicts])


def _part(profile: Profile, offer: OfferMade, at_ms: int, label: int) -> Effects:
    example = next((one for one in profile.pending if one.about == FAST and one.example_id == offer.action_id), None)
    if example is None:
        return ()
    record = told(profile, example, offer, due_ms=at_ms, label=label)
    part = record.model_copy(update={"part": "early", "example_id": record.early_id(label)})
    return (example_effect(part),)
