"""Within the lateness the order in which events come shows in no training example, whatever a customer lives through.

Left out is what may show (docs/learning.md): more complaints and answers than a profile remembers, master data, and
outcomes, whose offers are made to whichever login came first.
"""

import random
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.rings.windows import DAY_MS
from models.step import step
from schemas.events import Customer, Outcome
from schemas.internal import ExampleRecord, Timer
from schemas.profile import MAX_ANSWERS, MAX_COMPLAINTS, MAX_PRODUCT_CHANGES
from tests.builders import BEGINNING, after, an_interaction
from tests.customers import a_consenting_customer, the_context
from tests.laws.strategies import events
from tests.policies import a_policy

# A whole day's wait for what is late, and nobody leaves by his silence.
POLICY = a_policy(actions={"action": []}, bank={"lateness_minutes": 1_440}, churn={"silence_days": 60})
WEEKS = 9
DAYS = 7 * WEEKS + POLICY.churn.horizon_days + 2
LAWFUL = settings(max_examples=60, deadline=None)
REMEMBERED = {"complaint": MAX_COMPLAINTS, "complaint_resolved": MAX_ANSWERS}
BEGUN = a_consenting_customer(occurred_at=BEGINNING), an_interaction(kind="view", occurred_at=after(hours=1))


def may_come_late(event: Any) -> bool:
    return not isinstance(event, Customer | Outcome)


def kind_of(event: Any) -> str:
    return str(getattr(event, "kind", ""))


def as_many_as_are_remembered(life: list[Any]) -> list[Any]:
    """Leave out what a profile cannot remember all of, such as closings among many changes of products."""
    kinds = Counter(kind_of(event) for event in life)
    changes = kinds["product_opened"] + kinds["product_closed"]
    most = {**REMEMBERED, "product_closed": changes if changes <= MAX_PRODUCT_CHANGES else 0}
    told: Counter[str] = Counter()
    kept = []
    for event in life:
        told[kind_of(event)] += 1
        if told[kind_of(event)] <= most.get(kind_of(event), len(life)):
            kept.append(event)
    return kept


@st.composite
def lives(draw: st.DrawFn) -> list[Any]:
    """Events of some weeks, most of them around the days on which snapshots are taken, no two at one time."""
    minutes = st.integers(1, WEEKS).flatmap(lambda week: st.integers(-36 * 60, 36 * 60).map(lambda m: (week, m)))
    times = draw(st.lists(minutes, min_size=6, max_size=50, unique=True))
    moments = sorted({after(days=7 * week, minutes=minute) for week, minute in times})
    drawn = [draw(events(st.just(moment))) for moment in moments]
    return as_many_as_are_remembered([event for event in drawn if may_come_late(event)])


def examples(life: list[Any]) -> dict[tuple[str, int], ExampleRecord]:
    """Live these events, let all labels come out that are due, and give the examples by model and snapshot."""
    context, profile, found = the_context(POLICY), None, {}
    end = Timer(customer_id="C1", until_ms=after(days=DAYS) + POLICY.lateness_ms - 1)
    for event in [*BEGUN, *life, end]:
        verdict = step(profile, event, context)
        profile = verdict.value
        for effect in verdict.effects:
            if effect.name == "examples":
                record = ExampleRecord.model_validate_json(effect.body)
                found[record.model, record.snapshot_ms] = record
    return found


def shuffled(life: list[Any], seed: int, at_most_ms: int) -> list[Any]:
    """The same events, each later than it happened by chance."""
    chance = random.Random(seed)
    return sorted(life, key=lambda event: event.occurred_ms + chance.randrange(at_most_ms))


@LAWFUL
@given(life=lives(), seed=st.integers(0, 10_000))
def test_examples_hang_on_no_order_within_the_lateness(life, seed):
    assert examples(shuffled(life, seed, POLICY.lateness_ms)) == examples(life)


def test_beyond_the_lateness_it_shows():
    life = [an_interaction(kind="login", occurred_at=after(days=day)) for day in range(1, 7 * WEEKS)]
    assert any(examples(shuffled(life, seed, 5 * DAY_MS)) != examples(life) for seed in range(5))
