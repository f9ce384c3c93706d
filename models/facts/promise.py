"""What was promised to a customer last, so that whoever meets him next knows of it.

Any interaction may tell a promise in its attribute `promise` (a text; an empty one says that it was kept). Who
complains is promised an answer by the deadline of the policy.
"""

from models.policy import DAY_MS, Policy
from models.policy.rules import ComplaintDeadline
from models.rings.windows import home_date
from schemas.events import Interaction
from schemas.profile import MAX_PROMISE_BYTES, Profile, Promise, cut

ATTRIBUTE = "promise"


def promised(known: Promise | None, event: Interaction) -> Promise | None:
    """Return the later of the promise known so far and what this interaction tells, whatever the order of events."""
    text = (event.attributes or {}).get(ATTRIBUTE)
    if not isinstance(text, str):
        return known
    told = Promise(event.occurred_ms, cut(text, MAX_PROMISE_BYTES))
    return told if known is None else max(known, told)


def last_promise(profile: Profile, policy: Policy) -> str | None:
    """Say the promise that was made last and still stands, in its own words or in Chinese and English."""
    made = [promise for promise in (profile.promise, _answer(profile, policy)) if promise is not None and promise.text]
    return max(made).text if made else None


def _answer(profile: Profile, policy: Policy) -> Promise | None:
    """Give what the newest open complaint was promised."""
    rule = policy.first("complaint_deadline")
    if not profile.complaints or not isinstance(rule, ComplaintDeadline):
        return None
    opened_ms = profile.complaints[-1].opened_ms
    day = home_date(opened_ms + rule.deadline_days * DAY_MS)
    return Promise(opened_ms, f"投诉将于 {day} 前答复 / The complaint will be answered by {day}")
