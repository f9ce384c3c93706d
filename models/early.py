"""Offers learned before their horizon, where policy wants it: `labels` of `models.toml` is "fast" for propensity.

Their example comes to the trainer in parts, each a record with a time of its own, so that parts of many offers are
learned in the order in which they happened: at once as one that was not accepted ("fake negative"), once more when it
is, and at the horizon the verdict, by which the model is judged and which it learns no more. That the fake negatives
are no answers is corrected where they are learned, by weights (`models.pooled`). Of an offer an answer "yes" is never
taken back (`models.outcomes.RANKS`), so what was learned of it stays true. Where the verdict is that it can never be
known, the parts were learned in vain: the trainer counts them.

In the profile `FAST` stands in the place of the offer's id, so an example ends as it began, whatever policy says then.
Who withdraws his consent to profiling is told of no more.
"""

from models.churn import may_profile
from models.outcomes import TAKEN, Effects, told
from schemas.actions import example_effect
from schemas.profile import OfferMade, Profile
from schemas.vocabulary import FAST


def begun(profile: Profile, offer: OfferMade) -> Effects:
    """Tell of an offer that was just made: not accepted so far. Nothing where its example waits for the horizon."""
    return _part(profile, offer, offer.made_ms, 0)


def came_true(before: Profile, after: Profile) -> Effects:
    """Tell of the offer that an outcome has turned into an accepted one; a better answer to it changes nothing more."""
    if after.offers is before.offers or not may_profile(after):
        return ()
    known = {offer.action_id for offer in before.offers if offer.outcome in TAKEN}
    taken = [offer for offer in after.offers if offer.outcome in TAKEN and offer.action_id not in known]
    return tuple(
        [effect for offer in taken for effect in _part(after, offer, max(offer.made_ms, offer.outcome_ms or 0), 1)]
    )


def _part(profile: Profile, offer: OfferMade, at_ms: int, label: int) -> Effects:
    example = next((one for one in profile.pending if one.about == FAST and one.example_id == offer.action_id), None)
    if example is None:
        return ()
    record = told(profile, example, offer, due_ms=at_ms, label=label)
    part = record.model_copy(update={"part": "early", "example_id": record.early_id(label)})
    return (example_effect(part),)
