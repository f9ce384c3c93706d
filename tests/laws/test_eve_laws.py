"""What comes at or after a day boundary shows in no snapshot and no label of that boundary; what comes late does."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.features import FEATURES, unpack
from models.step import step
from models.windows import DAY_MS
from schemas.events import Customer, Transaction
from schemas.internal import ExampleRecord, Timer
from schemas.profile import Profile
from tests.builders import a_transaction, after
from tests.customers import CONSENTS, a_consenting_customer, the_context
from tests.laws.strategies import events
from tests.policies import default_policy

LAWFUL = settings(max_examples=120, deadline=None)
POLICY = default_policy()
LATENESS = POLICY.lateness_ms


def through(profile: Profile | None, *life: Any) -> tuple[Profile, list[Any]]:
    effects: list[Any] = []
    for event in life:
        verdict = step(profile, event, the_context())
        profile = verdict.value
        effects += verdict.effects
    assert profile is not None
    return profile, effects


def due_of(profile: Profile, name: str) -> int:
    return min(due.due_ms for due in profile.due if due.name == name)


def at(until_ms: int) -> Timer:
    return Timer(customer_id="C1", until_ms=until_ms)


BEGIN = (a_consenting_customer(products=["fund"]), a_transaction(balance_after="90000.00"))
BEGUN, _ = through(None, *BEGIN)
SNAPSHOT_DUE = due_of(BEGUN, "weekly_snapshot")
TAKEN, _ = through(BEGUN, at(SNAPSHOT_DUE))
LABEL_DUE = due_of(TAKEN, "mature")


def some(times: st.SearchStrategy[int], most: int) -> st.SearchStrategy[list[Any]]:
    """Events without a change of consent (a permission, as of now) and in currencies that accounts do not change."""

    def plain(event: Any) -> bool:
        if isinstance(event, Customer):
            return event.consents == CONSENTS
        return not isinstance(event, Transaction) or event.currency == "CNY"

    return st.lists(events(times).filter(plain), max_size=most)


@st.composite
def interleaved(draw: st.DrawFn, early: list[Any], late: list[Any]) -> list[Any]:
    """Both, each in its own order."""
    places = sorted(draw(st.lists(st.integers(0, len(early)), min_size=len(late), max_size=len(late))))
    life = list(early)
    for place, event in reversed(list(zip(places, late, strict=True))):
        life.insert(place, event)
    return life


def with_and_without(data: st.DataObject, begun: Profile, due_ms: int, since_ms: int) -> tuple[Any, Any]:
    """The profile and effects of the work due at `due_ms`, without and with what happens after its boundary."""
    boundary_ms = due_ms - LATENESS
    early = data.draw(some(st.integers(since_ms, boundary_ms - 1), 12))
    meanwhile = data.draw(some(st.integers(boundary_ms, due_ms - 1), 6))
    life = data.draw(interleaved(early, meanwhile))
    before_it, _ = through(begun, *life)
    assume(before_it.eve is None or before_it.eve.facts is not None)  # it took too many bytes
    alone, with_it = through(begun, *early, at(due_ms)), through(begun, *life, at(due_ms))
    assert with_it[0].eve is None, "it is let go of once it was read"
    return alone, with_it


def snapshots(profile: Profile) -> list[Any]:
    return [
        (p._replace(features=b""), dict(zip(FEATURES, unpack(p.features), strict=True)))
        for p in profile.pending
        if p.model == "churn"
    ]


def labels(effects: list[Any]) -> list[ExampleRecord]:
    told = [ExampleRecord.model_validate_json(effect.body) for effect in effects if effect.name == "examples"]
    return [example for example in told if example.model == "churn"]


@LAWFUL
@given(st.data())
def test_what_happens_after_the_boundary_does_not_show_in_the_snapshot(data):
    alone, with_it = with_and_without(data, BEGUN, SNAPSHOT_DUE, after(days=-40))
    assert snapshots(alone[0]) == snapshots(with_it[0])


@LAWFUL
@given(st.data())
def test_what_happens_after_the_boundary_does_not_show_in_the_label(data):
    alone, with_it = with_and_without(data, TAKEN, LABEL_DUE, SNAPSHOT_DUE - 20 * DAY_MS)
    assert labels(alone[1]) == labels(with_it[1]) != []
