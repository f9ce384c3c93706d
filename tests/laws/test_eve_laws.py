"""What comes at or after a day boundary shows in no snapshot and no label of that boundary; what comes late does."""

from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.features import FEATURES, unpack
from models.policy import Policy
from models.rings.windows import DAY_MS
from models.step import step
from schemas.events import Customer, Transaction
from schemas.internal import ExampleRecord, Timer
from schemas.profile import Profile
from tests.builders import a_transaction, after
from tests.customers import CONSENTS, a_consenting_customer, the_context
from tests.laws.strategies import events
from tests.policies import a_policy, default_policy

LAWFUL = settings(max_examples=100, deadline=None)
POLICIES = {
    "default": default_policy(),
    # A snapshot a day, its label due together with a later snapshot, and a whole day's wait for what is late.
    "all at once": a_policy(bank={"lateness_minutes": 1_440}, churn={"snapshot_days": 1, "horizon_days": 28}),
}
policies = pytest.mark.parametrize("policy", POLICIES)


class Bank:
    """One customer under a policy, and when his first snapshot and its label are due."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        begin = a_consenting_customer(products=["fund"]), a_transaction(balance_after="90000.00")
        self.begun, _ = self.through(None, *begin)
        self.snapshot_due = due_of(self.begun, "weekly_snapshot")
        self.taken, _ = self.through(self.begun, at(self.snapshot_due))
        self.label_due = due_of(self.taken, "mature")

    def through(self, profile: Profile | None, *life: Any) -> tuple[Profile, list[Any]]:
        context, effects = the_context(self.policy), []
        for event in life:
            verdict = step(profile, event, context)
            profile = verdict.value
            effects += verdict.effects
        assert profile is not None
        return profile, effects

    def with_and_without(self, data: st.DataObject, begun: Profile, due_ms: int, since_ms: int) -> tuple[Any, Any]:
        """The profile and effects of the work due at `due_ms`, without and with what happens after its boundary."""
        lateness_ms = self.policy.lateness_ms
        boundary_ms = due_ms - lateness_ms
        before = st.integers(since_ms, boundary_ms - 1) | st.integers(boundary_ms - lateness_ms, boundary_ms - 1)
        happened = data.draw(some(before, 12)) + data.draw(some(st.integers(boundary_ms, due_ms - 1), 6))
        life = data.draw(heard(happened, lateness_ms))
        early = [event for event in life if event.occurred_ms < boundary_ms]
        before_it, _ = self.through(begun, *life)
        assume(before_it.eve is None or before_it.eve.facts is not None)  # it took too many bytes
        alone, with_it = self.through(begun, *early, at(due_ms)), self.through(begun, *life, at(due_ms))
        assert with_it[0].eve is None, "it is let go of once it was read"
        return alone, with_it


@cache
def bank_under(policy: str) -> Bank:
    """The bank under the policy of that name, as all examples find it: what they do leaves it as it is."""
    return Bank(POLICIES[policy])


def due_of(profile: Profile, name: str) -> int:
    return min(due.due_ms for due in profile.due if due.name == name)


def at(until_ms: int) -> Timer:
    return Timer(customer_id="C1", until_ms=until_ms)


def some(times: st.SearchStrategy[int], most: int) -> st.SearchStrategy[list[Any]]:
    """Events without a change of consent (a permission, as of now) and in currencies that accounts do not change."""

    def plain(event: Any) -> bool:
        if isinstance(event, Customer):
            return event.consents == CONSENTS
        return not isinstance(event, Transaction) or event.currency == "CNY"

    return st.lists(events(times).filter(plain), max_size=most)


@st.composite
def heard(draw: st.DrawFn, happened: list[Any], lateness_ms: int) -> list[Any]:
    """These events as they may come: each as late as the lateness allows."""
    late = draw(st.lists(st.integers(0, lateness_ms - 1), min_size=len(happened), max_size=len(happened)))
    comes = {id(event): event.occurred_ms + delay for event, delay in zip(happened, late, strict=True)}
    return sorted(happened, key=lambda event: comes[id(event)])


def snapshots(profile: Profile) -> list[Any]:
    """What waits for its label, but for how often we made an offer: that is no fact of the customer's.

    An offer is made once: one to a login after the boundary keeps us from answering a late login from before it.
    """
    churn = [example for example in profile.pending if example.model == "churn"]
    features = [dict(zip(FEATURES, unpack(example.features), strict=True)) | {"offers_14d": 0.0} for example in churn]
    return [*[example._replace(features=b"") for example in churn], *features]


def labels(effects: list[Any]) -> list[ExampleRecord]:
    told = [ExampleRecord.model_validate_json(effect.body) for effect in effects if effect.name == "examples"]
    return [example for example in told if example.model == "churn"]


@policies
@LAWFUL
@given(data=st.data())
def test_what_happens_after_the_boundary_does_not_show_in_the_snapshot(policy, data):
    bank = bank_under(policy)
    alone, with_it = bank.with_and_without(data, bank.begun, bank.snapshot_due, after(days=-40))
    assert snapshots(alone[0]) == snapshots(with_it[0])


@policies
@LAWFUL
@given(data=st.data())
def test_what_happens_after_the_boundary_does_not_show_in_the_label(policy, data):
    bank = bank_under(policy)
    alone, with_it = bank.with_and_without(data, bank.taken, bank.label_due, bank.snapshot_due - 20 * DAY_MS)
    assert labels(alone[1]) == labels(with_it[1]) != []
