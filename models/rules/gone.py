"""When what an alert hangs on has gone: the alert is taken back then.

One small function per check, `(alert, before, after, event, rule, policy) -> code of `alerts.GONE` or None`. What is
not in the table is taken back only by an analyst's finding about its event, or by the reversal of its transaction.
"""

from collections.abc import Callable, Mapping
from typing import Any

from models.figures import aum_minor
from models.policy import Policy
from models.policy.rules import BalanceDrained, ChurnRisk
from models.rules import lending
from models.rules.alerts import CONFIRMED
from models.rules.money import fall_share, fell_from
from schemas.events import Interaction, Outcome, Transaction
from schemas.profile import OpenAlert, Profile, short_id

Gone = Callable[[OpenAlert, Profile, Profile, Any, Any, Policy], str | None]
FINDINGS = {"Confirmed": "confirmed", "Dismissed": "dismissed"}


def gone(alert: OpenAlert, before: Profile, after: Profile, event: Any, policy: Policy) -> str | None:
    """Why this alert no longer holds after this event; None while it does."""
    if alert.cause == CONFIRMED:
        return None
    if isinstance(event, Outcome):
        return FINDINGS.get(event.label) if _is(event.about_event_id, alert) else None
    if isinstance(event, Transaction) and event.status == "reversed" and _is(event.reverses_event_id, alert):
        return "reversed"
    rule = policy.rule_of.get(alert.kind)
    if rule is None:  # the policy has changed since; the alert stands until it expires
        return None
    own = TABLE.get(rule.check)
    return own(alert, before, after, event, rule, policy) if own is not None else None


def _is(event_id: str | None, alert: OpenAlert) -> bool:
    return event_id is not None and short_id(event_id) == alert.cause


def _complaint(alert: OpenAlert, before: Profile, after: Profile, event: Any, rule: Any, policy: Policy) -> str | None:
    if not isinstance(event, Interaction) or event.kind != "complaint_resolved":
        return None
    stands = any(_is(complaint.event_id, alert) for complaint in after.complaints)
    return None if stands else "complaint_resolved"


def _salary(alert: OpenAlert, before: Profile, after: Profile, event: Any, rule: Any, policy: Policy) -> str | None:
    came = isinstance(event, Transaction) and event.kind == "salary" and after.salary.missed_since_ms is None
    return "salary_arrived" if came else None


def _silence(alert: OpenAlert, before: Profile, after: Profile, event: Any, rule: Any, policy: Policy) -> str | None:
    last_ms = after.last_own_activity_ms
    return "active_again" if last_ms is not None and last_ms > alert.raised_ms else None


def _balance(
    alert: OpenAlert, before: Profile, after: Profile, event: Any, rule: BalanceDrained, policy: Policy
) -> str | None:
    if not isinstance(event, Transaction) or event.direction != "credit":
        return None
    high = fell_from(alert)
    if high is None:
        return None
    return "money_back" if fall_share(high, aum_minor(after, policy.home_currency)) < rule.share else None


def _churn(
    alert: OpenAlert, before: Profile, after: Profile, event: Any, rule: ChurnRisk, policy: Policy
) -> str | None:
    score = after.scores.get("churn")
    if score is None:  # a score goes only with the consent to it
        return "consent_withdrawn"
    return "score_fell" if score.value < rule.clear_score else None


TABLE: Mapping[str, Gone] = {
    "complaint": _complaint,
    "second_complaint": _complaint,
    "complaint_deadline": _complaint,
    "salary_missed": _salary,
    "loan_missed": lending.settled,
    "dormant_high_value": _silence,
    "balance_drained": _balance,
    "churn_risk": _churn,
}
