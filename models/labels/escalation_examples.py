"""Complaints as examples: scored when they are opened, released with their label when their days are over.

Where policy does not name the model nothing is taken, and where a customer does not complain nothing is asked.
"""

from models.cause import Cause
from models.context import Context
from models.features import features, pack
from models.labels.escalation import MODEL, end_ms
from models.labels.outcomes import Lost, pend
from models.served.churn import may_profile
from schemas.profile import PendingExample, Profile

COMPLAINT = "interaction:complaint"  # the event that opens one, as policy names it


def expect(profile: Profile, values: tuple[float, ...], cause: Cause, context: Context) -> tuple[Profile, Lost]:
    """Score the complaint that was just folded, and let it wait for its label; `values` are its features, if known.

    Below the floor of examples policy's own share stands in, as of no version: nobody acts on it. A complaint that
    comes later than the lateness is no example: what is known of the customer is from after it.
    """
    policy, at_ms, scorer = context.policy, cause.at_ms, context.scorers.get(MODEL)
    late = at_ms < profile.last_seen_ms - policy.lateness_ms
    if MODEL not in policy.models.names or scorer is None or late or not may_profile(profile):
        return profile, ()
    values = values or features(profile, at_ms, policy.home_currency)
    score, version = policy.models.escalation.start_score, 0
    if scorer.examples >= policy.models.floor_examples[MODEL]:
        score, version = scorer.score(values).value, scorer.version
    due_ms = end_ms(at_ms, policy) + policy.lateness_ms
    return pend(profile, PendingExample(cause.id(MODEL), MODEL, at_ms, due_ms, pack(values), score, version), at_ms)
