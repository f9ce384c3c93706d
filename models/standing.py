"""Offers that stand on their channel's stream until their entry expires, and what takes them back there.

An offer is taken back when the customer has answered it, and when we may no longer make it: he is not to be contacted,
withdrew a consent that it needs, or has gone. What has expired needs no retraction. What a person offered has no entry.
An offer that leaves the profile (`MAX_OFFERS`) before it expires stands on: it just can no longer be taken back.
"""

from collections.abc import Mapping
from typing import Any

from models import contact
from models.cause import Cause
from models.labels.outcomes import RANKS, answers
from models.policy import Policy, Text
from models.rules.alerts import GONE, NOTHING, Step
from models.withdrawn import withdrawn
from schemas.actions import Effect, Reason
from schemas.events import Outcome
from schemas.profile import OfferMade, Profile

ANSWERED = {"Accepted": "taken", "Converted": "taken", "Rejected": "rejected"}
RETRACTED = "Retracted"
WHY: Mapping[str, Text] = {
    "taken": Text(zh="客户已接受", en="The customer accepted it"),
    "rejected": Text(zh="客户已拒绝", en="The customer declined it"),
    "do_not_contact": Text(zh="客户要求不再联系", en="The customer is not to be contacted"),
    "no_marketing_consent": Text(zh="客户已撤回营销同意", en="The customer no longer consents to marketing"),
    "no_personalisation_consent": Text(
        zh="客户已撤回个性化同意", en="The customer no longer consents to personalisation"
    ),
    "closed": Text(zh="客户已销户", en="The customer closed the relationship"),
    "died": Text(zh="客户已故", en="The customer died"),
    "merged": Text(zh="客户已并入另一客户", en="The customer was merged into another"),
    "erased": GONE["erased"],
}


def review(before: Profile, after: Profile, event: Any, cause: Cause, policy: Policy) -> Step:
    """Take back the offers that this event put out of force."""
    answer = isinstance(event, Outcome) and event.label in ANSWERED
    ended = after.churn_label if after.churn_label != before.churn_label else ""
    if not after.offers or not (answer or ended or after.identity is not before.identity):
        return after, NOTHING
    found: dict[str, str] = {}
    for offer in standing(after, max(cause.at_ms, after.last_seen_ms)):
        code = ANSWERED[event.label] if answer and answers(event, offer) else ended or _forbidden(offer, after, policy)
        if code is not None:
            found[offer.action_id] = code
    return _taken_back(after, found, cause) if found else (after, NOTHING)


def standing(profile: Profile, at_ms: int) -> tuple[OfferMade, ...]:
    """List the offers whose entry has not expired."""
    return tuple([offer for offer in profile.offers if offer.stands_hours and offer.expires_ms > at_ms])


def _forbidden(offer: OfferMade, profile: Profile, policy: Policy) -> str | None:
    """Say why we may no longer make it; an action that policy no longer names counts as personalised."""
    if profile.identity is not None and profile.identity.do_not_contact:
        return "do_not_contact"
    general = any(action.name == offer.action and not action.personalised for action in policy.actions.action)
    return contact.consent_missing(profile, personalised=not general)


def _taken_back(profile: Profile, codes: Mapping[str, str], cause: Cause) -> Step:
    """Write the retractions, and note that these offers stand no longer."""
    changed = profile.copied()
    changed.offers = tuple([_noted(offer, codes.get(offer.action_id), cause.at_ms) for offer in profile.offers])
    gone = [offer for offer in profile.offers if offer.action_id in codes]
    return changed, tuple([take_back(offer, codes[offer.action_id], cause) for offer in gone])


def _noted(offer: OfferMade, code: str | None, at_ms: int) -> OfferMade:
    """Note a retraction (None: there is none); an offer taken back unanswered is nothing to learn from."""
    if code is None:
        return offer
    if code in ANSWERED.values() or RANKS.get(offer.outcome or "", -1) >= RANKS[RETRACTED]:
        return offer._replace(stands_hours=0)
    return offer._replace(stands_hours=0, outcome=RETRACTED, outcome_ms=at_ms)


def take_back(offer: OfferMade, code: str, cause: Cause) -> Effect:
    """Write the entry that takes an offer back; `code` is a key of `WHY`."""
    text = WHY[code]
    reason = Reason(code=code, zh=text.zh, en=text.en)
    stream = f"offers:{offer.channel}"
    return withdrawn(stream, "offer", offer.action_id, reason, cause, name=offer.action, expires_ms=offer.expires_ms)
