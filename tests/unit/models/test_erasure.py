"""An erasure with a time of its own comes after what was due before it; one without a time runs nothing."""

from models.erasure import erase
from models.step import step
from schemas.internal import Erasure, Timer
from schemas.profile import Profile
from tests.builders import after, an_interaction
from tests.customers import a_consenting_customer, lived, the_context
from tests.judging import opened

HORIZON = after(days=60)


def an_erasure(at_ms: int, *, own: bool = True) -> Erasure:
    return Erasure(customer_id="C1", event_id="gone-1", occurred_ms=at_ms, has_own_time=own)


def examples_in(effects) -> list[bytes]:
    return [effect.body for effect in effects if effect.name == "examples"]


def a_life() -> Profile:
    """A customer who was seen once and of whom examples wait."""
    profile, _ = lived(a_consenting_customer(), an_interaction(kind="login", event_id="e-1"))
    return profile


def test_what_matured_before_it_is_learned_from_and_what_waits_longer_never_is():
    for days in (0, 20, 45, 60):
        at_ms = after(days=days)
        _, by_time = lived(Timer(customer_id="C1", until_ms=at_ms), profile=a_life())
        stub, erased = lived(an_erasure(at_ms), profile=a_life())
        assert examples_in(erased) == examples_in(by_time)
        assert stub.pending == ()
    assert examples_in(by_time), "something matured in sixty days"


def test_due_work_at_the_very_time_of_the_erasure_comes_first():
    profile = a_life()
    first_ms = min(due.due_ms for due in profile.due if due.name == "mature")
    assert len(examples_in(lived(an_erasure(first_ms), profile=profile)[1])) == 1
    assert examples_in(lived(an_erasure(first_ms - 1), profile=profile)[1]) == []


def test_without_a_time_of_its_own_it_runs_nothing():
    stub, effects = lived(an_erasure(HORIZON, own=False), profile=a_life())
    assert examples_in(effects) == []
    assert stub.erased_ms == HORIZON


def test_an_alert_that_time_raised_before_it_is_taken_back_with_the_others():
    profile, _ = lived(an_interaction(kind="complaint", event_id="c-1"))
    _, effects = lived(an_erasure(after(days=300)), profile=profile)
    entries = opened(effects)
    raised = {entry.id for entry in entries if entry.type == "crm.alert.raised"}
    retracted = {entry.fields["refers_to"] for entry in entries if entry.type == "crm.alert.retracted"}
    assert raised
    assert retracted <= raised, "what expired in between needs no retraction"
    _, at_once = lived(an_erasure(after(days=13)), profile=profile)
    due_first = [entry.type for entry in opened(at_once)]
    assert due_first[0] == "crm.alert.raised"
    assert due_first[-1] == "crm.alert.retracted"


def test_it_leaves_the_same_stub_whatever_was_due():
    at_ms = HORIZON
    assert lived(an_erasure(at_ms), profile=a_life())[0] == lived(an_erasure(at_ms, own=False), profile=a_life())[0]


def test_a_repeated_or_older_one_fires_nothing():
    stub, _ = lived(an_erasure(after(days=1)))
    back, _ = lived(an_interaction(kind="complaint", occurred_at=after(days=2)), profile=stub)
    for at_ms in (after(days=1), after(hours=1)):
        verdict = step(back, an_erasure(at_ms), the_context())
        assert (verdict.value, verdict.effects, verdict.result) == (back, (), "duplicate")


def test_a_stub_whose_time_was_over_is_forgotten_and_written_anew():
    stub, _ = lived(an_erasure(after(days=1)))
    again = erase(stub, an_erasure(after(days=100)), the_context())
    assert (again.result, again.value.erased_ms, again.effects) == ("applied", after(days=100), ())
