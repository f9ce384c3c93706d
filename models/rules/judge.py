"""From an event to its alerts: which rules are asked, in which order, and what follows from what they find."""

from collections.abc import Callable, Mapping
from typing import Any

from models.cause import Cause
from models.context import Context
from models.event_key import key_of
from models.explanations.explain import score_explained
from models.policy import AnyRule, Policy
from models.rules import alerts, leaving, lending, money, safety, service
from models.rules.alerts import Step
from models.rules.finding import Finding
from models.rules.gone import gone
from models.rules.schedule import miss_loan, miss_salary, plan
from schemas.events import Interaction
from schemas.profile import Due, Profile

Check = Callable[[Profile, Profile, Any, Any, Policy], Finding | None]

CHECKS: Mapping[str, Check] = {
    "large_outflow": money.large_outflow,
    "unusual_outflow": money.unusual_outflow,
    "balance_drained": money.balance_drained,
    "unusual_amount": money.unusual_amount,
    "large_inflow": money.large_inflow,
    "new_country": safety.new_country,
    "card_testing": safety.card_testing,
    "repeated_declines": safety.repeated_declines,
    "repeated_failed_logins": safety.repeated_failed_logins,
    "complaint": service.complaint,
    "second_complaint": service.second_complaint,
    "complaint_deadline": service.complaint_deadline,
    "low_rating": service.low_rating,
    "angry_mention": service.angry_mention,
    "account_closed": leaving.account_closed,
    "product_closed": leaving.product_closed,
    "dormant_high_value": leaving.dormant_high_value,
    "salary_missed": leaving.salary_missed,
    "loan_missed": lending.loan_missed,
    "churn_risk": leaving.churn_risk,
}


def judge(before: Profile, after: Profile, event: Any, cause: Cause, context: Context) -> Step:
    """Take back what no longer holds, then raise what the rules find, in the order of the policy."""
    policy = context.policy
    profile, effects = _take_back(before, after, event, cause, policy) if after.open_alerts else (after, ())
    asked = _asked(before, after, event, policy)
    if asked:
        profile, raised = _ask(asked, before, profile, event, cause, context)
        effects += raised
    return plan(before, profile, policy), effects


def _take_back(before: Profile, after: Profile, event: Any, cause: Cause, policy: Policy) -> Step:
    profile = after
    effects = alerts.NOTHING
    for alert in after.open_alerts:
        code = gone(alert, before, after, event, policy)
        if code is not None:
            profile, more = alerts.retract(profile, alert, code, cause)
            effects += more
            if code == "confirmed" and alert.stream.startswith("alerts:fraud:"):
                profile = alerts.keep_confirmed(profile, alert)
    return profile, effects


def _asked(before: Profile, after: Profile, event: Any, policy: Policy) -> tuple[AnyRule, ...]:
    """Find the rules that can speak about this event: by its kind, its rating, and a score that is new."""
    table = policy.rules_on
    asked = table.get(key_of(event), ())
    if isinstance(event, Interaction) and event.rating is not None:
        asked += table.get("rating:", ())
    if after.scores is not before.scores:
        asked += table.get("score:churn", ())
    return asked


def _ask(
    asked: tuple[AnyRule, ...], before: Profile, profile: Profile, event: Any, cause: Cause, context: Context
) -> Step:
    policy, effects = context.policy, alerts.NOTHING
    raised: set[str] = set()
    after = profile
    for rule in asked:
        finding = CHECKS[rule.check](before, after, event, rule, policy)
        if finding is None:  # nearly always: so it is asked first, then who may speak
            continue
        cools_down = rule.cool_down_hours and after.cool_downs.get(rule.kind, 0) > cause.at_ms
        if cools_down or not raised.isdisjoint(rule.unless):
            continue
        raised.add(rule.kind)
        why = score_explained(profile, finding.model, context)
        profile, more = alerts.raise_alert(profile, rule, finding, cause, policy, why)
        effects += more
    return profile, effects


def _ask_due(profile: Profile, due: Due, cause: Cause, context: Context) -> Step:
    asked = context.policy.rules_on.get(f"due:{due.name}", ())
    return _ask(asked, profile, profile, due, cause, context)


def salary_due(profile: Profile, due: Due, cause: Cause, context: Context) -> Step:
    """Act when the day on which the salary should have come, and its grace, are over."""
    return _ask_due(miss_salary(profile, due), due, cause, context)


def loan_due(profile: Profile, due: Due, cause: Cause, context: Context) -> Step:
    """Act when the day on which the loan payment should have come, and its grace, are over."""
    return _ask_due(miss_loan(profile, due, context.policy), due, cause, context)


def complaint_deadline(profile: Profile, due: Due, cause: Cause, context: Context) -> Step:
    """Act when a complaint is about to pass its deadline."""
    return _ask_due(profile, due, cause, context)


def silence(profile: Profile, due: Due, cause: Cause, context: Context) -> Step:
    """Ask the rules about silence (they come with the work that grades customers who send nothing)."""
    return _ask_due(profile, due, cause, context)


def alert_expires(profile: Profile, due: Due, cause: Cause, context: Context) -> Step:
    """Act when an alert's time is over."""
    return alerts.expire(profile, due), ()
