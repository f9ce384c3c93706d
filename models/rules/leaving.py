"""Rules about customers who may leave, or did: closed products, silence, a missed salary, the score."""

from models.figures import aum_minor
from models.policy import Policy
from models.policy.rules import AccountClosed, ChurnRisk, DormantHighValue, ProductClosed, SalaryMissed
from models.rings import windows
from models.rules.finding import Finding
from schemas.events import Customer, Interaction
from schemas.profile import Due, Profile, Score, short_id
from schemas.vocabulary import CENSORING

NO_CHOICE = frozenset({"deceased", "merged"})  # closed by death or merger: nobody left us


def account_closed(
    before: Profile, after: Profile, event: Interaction | Customer, rule: AccountClosed, policy: Policy
) -> Finding | None:
    """Find an account, or the whole relationship, that was closed by the customer's own choice."""
    if isinstance(event, Customer):
        told_before, told_now = [None if p.identity is None else p.identity.closed_on for p in (before, after)]
        if told_now is None or told_before is not None or before.churn_label in CENSORING:
            return None
        product = "*"
    else:
        product = event.product_id or ""
        if event.topic in NO_CHOICE or short_id(product) not in before.accounts:
            return None
    # What was there before: afterwards the closed account no longer counts.
    figures = {"aum_minor": aum_minor(before, policy.home_currency)}
    return Finding(cause=event.event_id, events=(event.event_id,), figures=figures, words={"product": product})


def product_closed(
    before: Profile, after: Profile, event: Interaction, rule: ProductClosed, policy: Policy
) -> Finding | None:
    """Find a closed product that is no account."""
    product = event.product_id or "-"
    if event.topic in NO_CHOICE or short_id(product) in before.accounts:
        return None
    figures = {"aum_minor": aum_minor(after, policy.home_currency)}
    return Finding(cause=event.event_id, events=(event.event_id,), figures=figures, words={"product": product})


def dormant_high_value(
    before: Profile, after: Profile, due: Due, rule: DormantHighValue, policy: Policy
) -> Finding | None:
    """Find much money and no action of the customer's own for long."""
    last_ms = after.last_own_activity_ms
    if last_ms is None or after.lifecycle == "closed":
        return None
    days = windows.home_day(due.due_ms) - windows.home_day(last_ms)
    aum = aum_minor(after, policy.home_currency)
    if days < rule.days or aum < rule.aum_minor:
        return None
    return Finding(cause="silence", figures={"aum_minor": aum, "days": days})


def salary_missed(before: Profile, after: Profile, due: Due, rule: SalaryMissed, policy: Policy) -> Finding | None:
    """Find a salary with a rhythm that did not come (the due work has looked, and noted since when)."""
    salary = after.salary
    if salary.missed_since_ms is None or salary.count < rule.salaries:
        return None
    return Finding(
        cause="salary",
        figures={"usual_minor": salary.usual_minor, "salaries": salary.count},
        words={"expected": windows.home_date(salary.missed_since_ms)},
    )


def churn_risk(before: Profile, after: Profile, event: object, rule: ChurnRisk, policy: Policy) -> Finding | None:
    """Find a churn score over its threshold, by a model that has seen enough to be believed, of which nobody is told.

    Not only the rise over the threshold: who stays above it is called again when the alert has expired and the
    cool-down is over.
    """
    score = after.scores.get("churn")
    if score is None or not _believed(score, rule, policy.models.floor_examples["churn"]):
        return None
    if any(alert.kind == rule.kind for alert in after.open_alerts):
        return None
    figures = {
        "score": round(score.value, 4),
        "examples": score.examples,
        "aum_minor": aum_minor(after, policy.home_currency),
    }
    return Finding(cause="churn", figures=figures, model="churn")


def _believed(score: Score, rule: ChurnRisk, floor: int) -> bool:
    return score.value >= rule.score and score.examples >= floor
