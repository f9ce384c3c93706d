"""Offers that stand on their channel: taken back there when answered, or when we may no longer make them."""

from typing import NamedTuple

import pytest

from models.rings.windows import HOUR_MS
from models.step import step
from schemas.internal import Erasure, ExampleRecord, Timer
from schemas.profile import Profile
from tests.builders import after, an_interaction, an_outcome
from tests.customers import CONSENTS, a_consenting_customer, lived, the_context
from tests.judging import Entry, opened
from tests.policies import a_policy, default_policy, read

STEADY = a_policy(decisions={"exploration": 0.0})
STANDS_HOURS = STEADY.decisions.offer_expires_hours


class Offered(NamedTuple):
    """A customer with offers that stand, and their entries."""

    profile: Profile
    entries: tuple[Entry, ...]

    def then(self, *events) -> tuple[Profile, tuple[Entry, ...]]:
        """The profile after these events, and the retractions of offers on the way."""
        profile, effects = lived(*events, profile=self.profile, policy=STEADY)
        return profile, tuple(entry for entry in opened(effects) if entry.type == "crm.offer.retracted")


def a_login(**changes):
    return an_interaction(**{"kind": "login", "channel": "mobile", **changes})


def offered(*days: int) -> Offered:
    """A customer who logged in at the beginning (and on these days after it) and was offered something each time."""
    logins = [a_login(occurred_at=after(days=day)) for day in days or (0,)]
    profile, effects = lived(a_consenting_customer(occurred_at=after(days=-1)), *logins, policy=STEADY)
    made = tuple(entry for entry in opened(effects) if entry.type == "crm.offer.made")
    assert len(made) == len(logins)
    return Offered(profile, made)


def an_answer(label: str, entry: Entry, **changes):
    return an_outcome(**{"action_id": entry.id, "label": label, "occurred_at": after(hours=1), **changes})


def told(**changes):
    """Master data told an hour after the beginning."""
    return a_consenting_customer(**{"occurred_at": after(hours=1), **changes})


def without(consent: str) -> tuple[str, ...]:
    return tuple(other for other in CONSENTS if other != consent)


def an_end(topic: str, at_ms: int = after(hours=1)):
    return an_interaction(kind="product_closed", channel="branch", topic=topic, occurred_at=at_ms)


def an_erasure(at_ms: int = after(hours=1)) -> Erasure:
    return Erasure(customer_id="C1", event_id="gone-1", occurred_ms=at_ms)


def examples_in(effects) -> list[ExampleRecord]:
    found = [effect for effect in effects if (effect.name, effect.key) == ("examples", "propensity")]
    return [ExampleRecord.model_validate_json(effect.body) for effect in found]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (told(do_not_contact=True), "do_not_contact"),
        (told(consents=without("marketing")), "no_marketing_consent"),
        (told(closed_on="2026-03-02"), "closed"),
        (an_end("deceased"), "died"),
        (an_end("merged"), "merged"),
        (an_erasure(), "erased"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_offer_that_we_may_no_longer_make_is_taken_back_on_its_stream(event, code):
    known = offered()
    (made,) = known.entries
    _, (entry,) = known.then(event)
    assert (entry.stream, entry.fields["refers_to"], entry.timed) == (made.stream, made.id, False)
    assert entry.data["refers_to"] == made.id != entry.id
    assert entry.fields["expires_at"] == made.fields["expires_at"]
    assert (entry.data["reason"]["code"], entry.data["customer_id"]) == (code, "C1")
    assert all(entry.data["reason"][language] for language in ("zh", "en"))


@pytest.mark.parametrize(("label", "code"), [("Accepted", "taken"), ("Converted", "taken"), ("Rejected", "rejected")])
def test_an_offer_that_the_customer_has_answered_is_taken_back(label, code):
    known = offered()
    (made,) = known.entries
    _, (by_action,) = known.then(an_answer(label, made))
    _, (by_decision,) = known.then(an_answer(label, made, action_id=..., decision_id=made.data["decision_id"]))
    assert by_action.data["reason"]["code"] == by_decision.data["reason"]["code"] == code
    assert by_action.fields["refers_to"] == by_decision.fields["refers_to"] == made.id


@pytest.mark.parametrize("label", ["Impression", "Clicked", "NoResponse", "Expired", "Retracted"])
def test_what_is_no_answer_of_the_customers_leaves_it_standing(label):
    known = offered()
    assert known.then(an_answer(label, known.entries[0]))[1] == ()


def test_other_events_and_other_answers_leave_it_standing():
    known = offered()
    elsewhere = an_outcome(action_id="a-99", occurred_at=after(hours=1))
    finding = an_outcome(action_id=..., about_event_id="t-1", label="Confirmed", occurred_at=after(hours=1))
    same = told(name="Li")
    opened_one = an_interaction(kind="product_opened", product_id="fund", occurred_at=after(hours=1))
    assert known.then(elsewhere, finding, same, opened_one, a_login(occurred_at=after(hours=2)))[1] == ()


@pytest.mark.parametrize(
    ("catalogue", "codes"),
    [
        ([{**action, "personalised": True} for action in read("actions")["action"]], ["no_personalisation_consent"]),
        ([{**action, "personalised": False} for action in read("actions")["action"]], []),
        ([], ["no_personalisation_consent"]),  # an action that is no longer known may have been personalised
    ],
)
def test_a_personalised_offer_goes_with_the_consent_to_personalisation_and_another_stays(catalogue, codes):
    policy = a_policy(actions={"action": catalogue})
    _, effects = lived(told(consents=without("personalisation")), profile=offered().profile, policy=policy)
    assert [entry.data["reason"]["code"] for entry in opened(effects)] == codes


@pytest.mark.parametrize(("hours", "taken_back"), [(STANDS_HOURS, 0), (STANDS_HOURS - 0.001, 1)])
def test_what_has_expired_needs_no_retraction(hours, taken_back):
    known, at_ms = offered(), after(hours=hours)
    for event in (
        told(occurred_at=at_ms, do_not_contact=True),
        an_end("deceased", at_ms),
        an_answer("Accepted", known.entries[0], occurred_at=at_ms),
        an_erasure(at_ms),
    ):
        assert len(known.then(event)[1]) == taken_back


def test_an_old_word_that_comes_late_finds_what_stands_now():
    made_later = offered(2)
    old_word = told(do_not_contact=True)
    assert len(made_later.then(old_word)[1]) == 1
    expired_by_now = made_later.then(an_interaction(occurred_at=after(days=2, hours=STANDS_HOURS)), old_word)
    assert expired_by_now[1] == ()


def test_it_is_taken_back_once_whatever_comes_after():
    known = offered()
    accepted = an_answer("Accepted", known.entries[0])
    _, entries = known.then(accepted, told(do_not_contact=True, occurred_at=after(hours=2)), an_erasure(after(hours=3)))
    assert [entry.data["reason"]["code"] for entry in entries] == ["taken"]


def test_all_that_stand_go_with_a_consent_and_only_the_answered_one_with_an_answer():
    known = offered(0, 1)
    at_ms = after(days=1, hours=1)
    _, all_of_them = known.then(told(occurred_at=at_ms, consents=()))
    assert [entry.fields["refers_to"] for entry in all_of_them] == [made.id for made in known.entries]
    assert len({entry.id for entry in all_of_them}) == 2
    _, (one,) = known.then(an_answer("Rejected", known.entries[1], occurred_at=at_ms))
    assert one.fields["refers_to"] == known.entries[1].id


def test_what_a_person_offered_has_no_entry_to_take_back():
    call = an_interaction(channel="phone", kind="call_started", offered_action="high_yield_savings", event_id="call-1")
    answer = an_outcome(action_id=..., decision_id="call-1", occurred_at=after(hours=1))
    _, effects = lived(a_consenting_customer(occurred_at=after(days=-1)), call, answer, told(do_not_contact=True))
    assert [entry.type for entry in opened(effects) if entry.stream.startswith("offers")] == []


def test_master_data_without_a_time_of_their_own_find_what_stood_when_the_customer_was_last_seen():
    master = told(occurred_at=after(days=3000), do_not_contact=True)
    master.__dict__["has_own_time"] = False
    _, (entry,) = offered().then(master)
    assert entry.fields["occurred_at"] == "2026-03-02T01:00:00.000Z"


def test_an_offer_that_we_took_back_is_not_learned_from_unless_it_was_answered():
    known = offered()
    accepted = an_answer("Accepted", known.entries[0], occurred_at=after(hours=2))
    rejected = an_answer("Rejected", known.entries[0], occurred_at=after(minutes=30))
    clicked = an_answer("Clicked", known.entries[0], occurred_at=after(minutes=30))
    silence, end = told(do_not_contact=True), Timer(customer_id="C1", until_ms=after(days=40))
    for events, label in (
        ((silence,), None),
        ((clicked, silence), None),
        ((silence, accepted), 1),
        ((rejected, silence), 0),
        ((accepted,), 1),
        ((), 0),
    ):
        profile, effects = lived(*events, end, profile=known.profile, policy=STEADY)
        assert [example.label for example in examples_in(effects)] == [label]
        assert profile.offers[0].stands_hours == (0 if events else STANDS_HOURS)


def test_a_closed_relationship_takes_back_what_stood_and_not_what_is_offered_to_win_back():
    back = [
        {**action, "eligible": {"all": ["days_as_customer >= 0"]}} if action["name"] == "app_welcome" else action
        for action in read("actions")["action"]
    ]
    policy = a_policy(actions={"action": back}, decisions={"exploration": 0.0})
    closed = told(closed_on="2026-03-02", occurred_at=after(days=-1))
    profile, _ = lived(closed, a_login(), policy=policy)
    assert [offer.action for offer in profile.offers] == ["app_welcome"]
    renamed = told(closed_on="2026-03-02", name="Li")
    assert opened(lived(renamed, profile=profile, policy=policy)[1]) == ()


def test_an_offer_stands_as_long_as_its_entry_says():
    known = offered()
    (kept,) = known.profile.offers
    assert kept.stands_hours == default_policy().decisions.offer_expires_hours
    assert kept.expires_ms == after(hours=STANDS_HOURS) == kept.made_ms + STANDS_HOURS * HOUR_MS
    assert step(known.profile, told(do_not_contact=True), the_context()).value.offers[0].stands_hours == 0
