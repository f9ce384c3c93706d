"""A customer is forgotten: what stands is taken back, and a stub without personal data stays for a while.

The stub knows when: without it a replay, or an older event on another topic, would raise the customer from the dead.
When no source can repeat such an event any more, due work lets it go too.
"""

from models import arrival, links, standing, value
from models.cause import Cause
from models.context import Context, Verdict
from models.labels.early import let_go
from models.rings.windows import DAY_MS
from models.rules import alerts
from models.work import FORGET, fire
from schemas.actions import Effect, Reason
from schemas.internal import Erasure
from schemas.profile import Due, Profile, Visit

REMEMBER_DAYS = 35  # longer than any source keeps its records (30 days: `stream_app/topics.py`)


def erase(profile: Profile | None, erasure: Erasure, context: Context) -> Verdict[Profile]:
    """Forget a customer (of whom perhaps nothing was known): retractions, withdrawals, stub.

    What was due before comes first, as with every event that has a time of its own; what would have matured later is
    lost.
    """
    at_ms = erasure.occurred_ms
    if profile is not None and profile.erased_ms is not None and profile.erased_ms >= at_ms:
        return Verdict(profile, result="duplicate")
    due: tuple[Effect, ...] = ()
    lost: tuple[str, ...] = ()
    if erasure.has_own_time:
        profile, due, lost = fire(profile, at_ms, context)
    stub = Profile(erasure.customer_id, at_ms, at_ms, erased_ms=at_ms)
    stub.due = (Due(at_ms + REMEMBER_DAYS * DAY_MS, FORGET),)
    if profile is None:
        return Verdict(stub, due, lost=lost)
    cause = Cause.of_event(erasure)
    profile, effects = alerts.retract_all(profile, "erased", cause)
    offers = tuple([standing.take_back(offer, "erased", cause) for offer in standing.standing(profile, at_ms)])
    text = alerts.GONE["erased"]
    reason = Reason(code="erased", zh=text.zh, en=text.en)
    cards = tuple([arrival.take_back(visit, reason, cause) for visit in profile.visits if _stands(visit, at_ms)])
    withdrawals = links.changes(profile.customer_id, profile.identity, None, at_ms)
    late_ms = max(at_ms, profile.last_seen_ms) + context.policy.lateness_ms
    taken_out = value.take_out(profile, late_ms, cause, context.policy)
    known_ms = at_ms if erasure.has_own_time else profile.last_seen_ms
    ended = let_go(profile, known_ms + context.policy.lateness_ms)
    return Verdict(stub, due + effects + offers + cards + withdrawals + taken_out + ended, lost=lost)


def _stands(visit: Visit, at_ms: int) -> bool:
    return not visit.left and visit.expires_ms > at_ms
