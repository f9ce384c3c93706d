"""May we speak to this customer now, and of what: consents, do-not-contact, caps, rests, and when to keep quiet.

Each function gives the code of why not, or None. A day has one offer at most whatever the order of events: an
event that belongs to a day at or before that of the last offer (a late one) brings none.
"""

from models.policy import DAY_MS, Action, Policy
from models.rings import windows
from schemas.profile import Profile


def consent_missing(profile: Profile, *, personalised: bool) -> str | None:
    """Say which consent actions of a kind lack (docs/rules.md, 21); who has no master data has given none."""
    consents = profile.identity.consents if profile.identity is not None else ()
    if "marketing" not in consents:
        return "no_marketing_consent"
    if personalised and "personalisation" not in consents:
        return "no_personalisation_consent"
    return None


def resting(profile: Profile, action: Action, at_ms: int) -> str | None:
    """Say whether this very action was offered too lately."""
    since_ms = at_ms - action.rest_days * DAY_MS
    for offer in profile.offers:
        if offer.action == action.name and offer.made_ms > since_ms:
            return "offered_lately"
    return None


def quiet(profile: Profile, policy: Policy) -> str | None:
    """Say why this is no time to sell at all."""
    if policy.contact.quiet_while_complaint_open and profile.complaints:
        return "complaint_open"
    if policy.contact.quiet_while_fraud_alert and has_alert(profile, "fraud"):
        return "fraud_alert"
    return None


def has_alert(profile: Profile, queue: str) -> bool:
    """Whether an alert of this queue is open."""
    return any(alert.stream.startswith(f"alerts:{queue}:") for alert in profile.open_alerts)


def contact_denied(profile: Profile, at_ms: int, policy: Policy) -> str | None:
    """Say why the customer is not to be contacted: his own word, the caps, or a rest after his "no"."""
    if profile.identity is not None and profile.identity.do_not_contact:
        return "do_not_contact"
    if profile.last_offer_day is not None and windows.home_day(at_ms) <= profile.last_offer_day:
        return "daily_cap"
    lately = [offer for offer in profile.offers if offer.made_ms > at_ms - 30 * DAY_MS]
    if len(lately) >= policy.contact.offers_per_30_days:
        return "monthly_cap"
    rest_ms = at_ms - policy.contact.rest_after_rejection_days * DAY_MS
    if any(offer.outcome == "Rejected" and (offer.outcome_ms or 0) > rest_ms for offer in profile.offers):
        return "rejected_lately"
    return None
