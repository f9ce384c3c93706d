"""A customer who sends nothing is scored by the weekly snapshot, and that score can raise its alert."""

from models.learning.scoring import Scored
from models.step import step
from schemas.internal import Timer
from tests.builders import a_customer, a_transaction, after, an_interaction
from tests.judging import opened
from tests.offering import ALL_CONSENTS
from tests.policies import a_context


class Says:
    """A churn scorer that says one thing of everybody."""

    version = 2
    examples = 10_000

    def __init__(self, value):
        self.value = value

    def score(self, features, action=""):
        return Scored(self.value, 0.0, 0.0, tuple(0.0 for _ in features), self.examples)


def alerts_of_a_silent_fortnight(score):
    calm = a_context(churn=Says(0.1))
    profile = step(None, a_customer(consents=ALL_CONSENTS), calm).value
    profile = step(profile, a_transaction(), calm).value

    verdict = step(profile, Timer(customer_id="C1", until_ms=after(days=14)), a_context(churn=Says(score)))
    return [entry for entry in opened(verdict.effects) if entry.type == "crm.alert.raised"]


def test_silence_that_lets_the_score_rise_raises_one_alert():
    (alert,) = alerts_of_a_silent_fortnight(0.8)

    assert (alert.data["kind"], alert.data["score"], alert.timed) == ("churn_risk", 0.8, True)


def test_silence_that_worries_nobody_raises_none():
    assert alerts_of_a_silent_fortnight(0.2) == []


def test_who_closed_his_account_between_the_day_that_is_described_and_its_snapshot_raises_none():
    context = a_context(churn=Says(0.8))
    profile = step(None, a_customer(consents=ALL_CONSENTS), a_context(churn=Says(0.1))).value
    profile = step(profile, a_transaction(), a_context(churn=Says(0.1))).value
    due_ms = next(due.due_ms for due in profile.due if due.name == "weekly_snapshot")
    closing = an_interaction(kind="product_closed", product_id="A1", occurred_at=due_ms - 60_000)
    profile = step(profile, closing, a_context(churn=Says(0.1))).value

    verdict = step(profile, Timer(customer_id="C1", until_ms=due_ms), context)
    assert [example.model for example in verdict.value.pending] == ["churn"]
    assert [entry.data["kind"] for entry in opened(verdict.effects)] == []
