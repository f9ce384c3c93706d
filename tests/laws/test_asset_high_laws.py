"""The asset high that is learned from is that of the weekly snapshots, in whatever order balances are heard of."""

import random
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features import FEATURES
from models.policy import DAY_MS
from models.rings.windows import home_day
from models.step import step
from schemas.events import Transaction
from schemas.internal import ExampleRecord, Timer
from schemas.profile import Profile
from tests.builders import BEGINNING, a_transaction, after, an_interaction
from tests.customers import a_consenting_customer, the_context
from tests.policies import a_policy

# A whole day's wait for what is late, and nobody leaves by his silence.
POLICY = a_policy(bank={"lateness_minutes": 1_440}, churn={"silence_days": 60})
WEEK_MS, HIGH_MS, HORIZON_MS = 7 * DAY_MS, 90 * DAY_MS, POLICY.churn.horizon_days * DAY_MS
DAYS = 130
LAWFUL = settings(max_examples=40, deadline=None)

Balances = dict[tuple[int, int], tuple[str, int]]


def balances_of(weeks: int) -> st.SearchStrategy[Balances]:
    """Minutes around the boundary of a week -> (account, balance in yuan): no account moves twice at a time."""
    return st.dictionaries(
        st.tuples(st.integers(0, weeks - 1), st.integers(-36 * 60, 36 * 60)),
        st.tuples(st.sampled_from(["A1", "A2", "A3"]), st.integers(-50, 9_000)),
        min_size=4,
        max_size=24,
    )


class Told(NamedTuple):
    """What a life leaves: the profile at its end, and of each boundary the feature and the label."""

    profile: Profile
    to_high: dict[int, float]
    labels: dict[int, int | None]


@cache
def signs_of_life() -> tuple[Any, ...]:
    """Something every other day: who has left by the fall of his assets has his snapshots all the same."""
    return tuple(an_interaction(kind="login", occurred_at=after(days=day)) for day in range(0, DAYS + 1, 2))


def life(balances: Balances) -> list[Any]:
    boundaries = Book([]).boundaries
    moved = [
        a_transaction(
            account_id=account, balance_after=f"{yuan}.00", occurred_at=after(boundaries[week], minutes=minute)
        )
        for (week, minute), (account, yuan) in balances.items()
    ]
    return sorted([*moved, *signs_of_life()], key=lambda event: event.occurred_ms)


def told(events: list[Any]) -> Told:
    """Live these events after the first one, a balance of nothing, and let all labels that are due come out."""
    context, profile, examples = the_context(POLICY), None, []
    begin = [a_consenting_customer(), an_interaction(kind="view")]
    end = Timer(customer_id="C1", until_ms=after(days=DAYS) + POLICY.lateness_ms - 1)
    for event in [*begin, *events, end]:
        verdict = step(profile, event, context)
        profile = verdict.value
        examples += [effect for effect in verdict.effects if effect.name == "examples" and effect.key == "churn"]
    assert profile is not None
    records = [ExampleRecord.model_validate_json(effect.body) for effect in examples]
    place = FEATURES.index("aum_to_high")
    return Told(
        profile,
        {record.snapshot_ms: record.features[place] for record in records},
        {record.snapshot_ms: record.label for record in records},
    )


class Book:
    """The oracle: what each account was last told to hold before a moment, and what follows from it."""

    def __init__(self, events: list[Any]) -> None:
        self.moved = [event for event in events if isinstance(event, Transaction)]
        due = next(due for due in told_first().due if due.name == "weekly_snapshot")
        first_ms = due.due_ms - POLICY.lateness_ms
        self.boundaries = [
            first_ms + week * WEEK_MS for week in range(40) if first_ms + week * WEEK_MS < after(days=DAYS)
        ]

    def assets(self, before_ms: int) -> int:
        last = {event.account_id: event.balance_after_minor for event in self.moved if event.occurred_ms < before_ms}
        return sum(balance for balance in last.values() if balance > 0)

    def high(self, at_ms: int) -> int:
        weeks = [boundary for boundary in self.boundaries if 0 <= at_ms - boundary < HIGH_MS]
        return max(self.assets(moment) for moment in [*weeks, at_ms])

    def fallen(self, at_ms: int) -> bool:
        high = self.high(at_ms)
        return high >= POLICY.churn.aum_high_minor and self.assets(at_ms) <= high / 2


@cache
def told_first() -> Profile:
    context = the_context(POLICY)
    begun = step(None, a_consenting_customer(), context).value
    return step(begun, an_interaction(kind="view"), context).value


@LAWFUL
@given(balances=balances_of(DAYS // 7))
def test_the_high_is_the_most_that_all_accounts_held_at_the_boundary_of_a_week(balances):
    events = life(balances)
    book, found = Book(events), told(events)
    for boundary_ms, share in found.to_high.items():
        high = book.high(boundary_ms)
        assert share == pytest.approx(book.assets(boundary_ms) / high if high else 1.0, abs=1e-3)
        assert found.labels[boundary_ms] == book.fallen(boundary_ms + HORIZON_MS)
    matured = [one for one in book.boundaries if one + HORIZON_MS < after(days=DAYS)]
    assert sorted(found.to_high) == [one for one in matured if not book.fallen(one)]


@LAWFUL
@given(balances=balances_of(DAYS // 7))
def test_what_is_kept_falls_is_of_90_days_and_ends_with_the_last_week(balances):
    events = life(balances)
    book, weeks = Book(events), told(events).profile.aum_weeks
    last_ms = book.boundaries[-1]
    assert weeks[-1] == (home_day(last_ms) - 1, book.assets(last_ms))
    assert all(earlier[0] < later[0] and earlier[1] > later[1] for earlier, later in pairwise(weeks))
    assert weeks[0][1] == book.high(last_ms)


@LAWFUL
@given(balances=balances_of(4), seed=st.integers(0, 10_000))
def test_balances_of_several_accounts_in_any_order_within_the_lateness_leave_the_same_high_and_labels(balances, seed):
    events, chance = life(balances), random.Random(seed)
    shuffled = sorted(events, key=lambda event: event.occurred_ms + chance.randrange(POLICY.lateness_ms))
    one, other = told(events), told(shuffled)
    assert (one.profile.aum_weeks, one.to_high, one.labels) == (
        other.profile.aum_weeks,
        other.to_high,
        other.labels,
    )


def test_money_that_moves_between_accounts_is_counted_once_whichever_account_is_heard_of_first():
    """The highs of every movement, which rules read, cannot know that what came late had left before."""
    boundary_ms = Book([]).boundaries[2]
    here = a_transaction(account_id="A1", balance_after="9000.00", occurred_at=boundary_ms - DAY_MS)
    gone = a_transaction(account_id="A1", balance_after="0.00", occurred_at=boundary_ms - 120_000)
    there = a_transaction(account_id="A2", balance_after="9000.00", occurred_at=boundary_ms - 60_000)
    later = [event for event in signs_of_life() if event.occurred_ms > boundary_ms]
    in_order, other = told([here, gone, there, *later]).profile, told([here, there, gone, *later]).profile
    assert in_order.aum_weeks == other.aum_weeks
    assert max(high for _, high in in_order.aum_weeks) == 9_000_00
    assert [profile.aum_high_minor(home_day(boundary_ms)) for profile in (in_order, other)] == [9_000_00, 18_000_00]


def test_beyond_the_lateness_the_order_shows():
    boundary_ms = Book([]).boundaries[2]
    rich = a_transaction(account_id="A1", balance_after="9000.00", occurred_at=boundary_ms - DAY_MS)
    poor = a_transaction(account_id="A2", balance_after="10.00", occurred_at=boundary_ms + DAY_MS + 1)
    assert told(sorted([*signs_of_life(), rich, poor], key=lambda event: event.occurred_ms)).profile.aum_weeks != (
        told([*[event for event in signs_of_life() if event.occurred_ms < boundary_ms], poor, rich]).profile.aum_weeks
    )


def test_snapshots_more_often_than_weekly_note_the_assets_once_a_week():
    context = the_context(a_policy(churn={"snapshot_days": 1}))
    profile = None
    for day in range(100):  # ever less
        for event in (
            a_consenting_customer(occurred_at=BEGINNING),
            a_transaction(balance_after=f"{90_000 - day}.00", occurred_at=after(days=day)),
        ):
            profile = step(profile, event, context).value
    assert len(profile.aum_weeks) == 13
    assert {later[0] - earlier[0] for earlier, later in pairwise(profile.aum_weeks)} == {7}
