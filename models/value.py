"""What a customer is worth to the bank, kept in his profile, and what the model "value" is told of him.

He is appraised with the first event of a day and with the weekly snapshot, from the days on which he bought. Once a
week the trainer is told of them (`models.clv.model`), as of the snapshot's day boundary: what comes late is told the
next time. Only who consents to be profiled is appraised and told of; who no longer does, who is erased, and who died
or was merged is taken out again.
"""

from models.cause import Cause
from models.clv.model import MODEL, Row, ValueScorer
from models.context import Context
from models.facts.eve import as_of
from models.policy import Policy
from models.rings.windows import home_day
from models.served.churn import may_profile
from schemas.actions import Effect, example_effect
from schemas.internal import ExampleRecord
from schemas.profile import Due, Profile
from schemas.vocabulary import CENSORING

_MOST_MINOR = 1e12  # as much as an example can say

Effects = tuple[Effect, ...]


def appraise(profile: Profile, at_ms: int, context: Context) -> Profile:
    """Keep what the customer is worth as of the home day of `at_ms`, once a day; without consent nothing is kept."""
    if not may_profile(profile):
        return without_worth(profile)
    scorer, day = context.scorers.get(MODEL), home_day(at_ms)
    if not isinstance(scorer, ValueScorer) or not profile.purchases.days:
        return profile
    if profile.worth is not None and profile.worth.day >= day:
        return profile
    worth = scorer.appraise(profile.purchases, day, context.policy.value)
    if worth is None:
        return profile
    changed = profile.copied()
    changed.worth = worth
    return changed


def without_worth(profile: Profile) -> Profile:
    """Forget what the customer is worth."""
    if profile.worth is None:
        return profile
    changed = profile.copied()
    changed.worth = None
    return changed


def tell(profile: Profile, due: Due, cause: Cause, context: Context) -> Effects:
    """Tell the trainer of a customer whose weekly snapshot is taken: when he bought, as of its day boundary."""
    policy = context.policy
    if MODEL not in policy.models.names or not may_profile(profile):
        return ()
    boundary_ms = due.due_ms - policy.lateness_ms
    seen = as_of(profile, boundary_ms)
    if seen is None or not seen.purchases.days:
        return ()
    if seen.churn_label in CENSORING:
        return take_out(profile, due.due_ms, cause, policy)
    bought, day = seen.purchases, home_day(boundary_ms) - 1
    row = Row(bought.repeats, bought.first_day, bought.last_day, day, min(_MOST_MINOR, bought.mean_minor))
    return (_example(profile, row, 1, due.due_ms, cause),)


def withdrawn(before: Profile, after: Profile, cause: Cause, policy: Policy) -> Effects:
    """Take a customer out of the sample when he withdraws his consent."""
    if may_profile(after) or not may_profile(before):
        return ()
    return take_out(before, max(cause.at_ms, before.last_seen_ms) + policy.lateness_ms, cause, policy)


def take_out(profile: Profile, due_ms: int, cause: Cause, policy: Policy) -> Effects:
    """Take out a customer of whom the trainer may have been told."""
    if MODEL not in policy.models.names or not may_profile(profile) or not profile.purchases.days:
        return ()
    return (_example(profile, (), None, due_ms, cause),)


def _example(profile: Profile, row: tuple[float, ...], label: int | None, due_ms: int, cause: Cause) -> Effect:
    record = ExampleRecord(
        model=MODEL,
        example_id=cause.id(MODEL),
        customer_id=profile.customer_id,
        due_ms=due_ms,
        snapshot_ms=cause.at_ms,
        features=tuple(map(float, row)),
        label=label,
    )
    return example_effect(record, timed=cause.timed)
