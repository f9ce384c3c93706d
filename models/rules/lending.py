"""Rules about loans that are not repaid: post-loan early warning, step by step, each loan for itself."""

from models.facts.loans import loan_named, loan_of
from models.policy import Policy
from models.policy.rules import LoanMissed
from models.rules.finding import Finding
from schemas.events import Interaction, Transaction
from schemas.profile import Due, OpenAlert, Profile, short_id


def loan_missed(
    before: Profile, after: Profile, event: Transaction | Due, rule: LoanMissed, policy: Policy
) -> Finding | None:
    """Find so many missed instalments in a row, when one more of a loan was missed."""
    name = loan_of(event) if isinstance(event, Transaction) else event.about
    loan, was = after.loans.get(name), before.loans.get(name)
    if loan is None:
        return None
    if isinstance(event, Transaction) and loan.missed <= (0 if was is None else was.missed):
        return None
    if loan.missed != rule.missed and not (rule.or_more and loan.missed > rule.missed):
        return None
    events = (event.event_id,) if isinstance(event, Transaction) else ()
    return Finding(cause=_cause(name), events=events, figures={"missed": loan.missed})


def settled(
    alert: OpenAlert, before: Profile, after: Profile, event: object, rule: LoanMissed, policy: Policy
) -> str | None:
    """Say why a warning no longer holds: its loan was paid or closed, or the customer is one no more."""
    if isinstance(event, Transaction):
        return "loan_paid" if _pays(event, alert, after) else None
    if after.churn_label and after.churn_label != before.churn_label:
        return "relation_ended"
    if not isinstance(event, Interaction) or event.kind != "product_closed" or event.product_id is None:
        return None
    return "loan_closed" if short_id(_cause(loan_named(event.product_id))) == alert.cause else None


def _pays(event: Transaction, alert: OpenAlert, after: Profile) -> bool:
    if event.kind != "loan_payment" or event.status != "booked":
        return False
    loan = after.loans.get(loan_of(event))  # one of very many may be forgotten
    return short_id(_cause(loan_of(event))) == alert.cause and (loan is None or not loan.missed)


def _cause(loan: str) -> str:
    return f"loan:{loan}"
