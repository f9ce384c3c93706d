import orjson
import pytest

from models.cause import Cause
from models.context import Context
from models.erasure import REMEMBER_DAYS
from models.step import step
from models.work import WORK, fire
from schemas.actions import Effect
from schemas.errors import BrokenInvariant
from schemas.events import linked
from schemas.internal import Erasure, Timer, Unreadable
from schemas.profile import Due, OpenAlert, Profile, Score, Tag
from schemas.times import to_rfc3339
from tests.builders import (
    BEGINNING,
    a_customer,
    a_mention,
    a_transaction,
    after,
    an_interaction,
    an_outcome,
)
from tests.customers import a_consenting_customer, lived, the_context

A_MONTH_LATER = after(days=30)


def an_outflow(**changes):
    """The rule that others count on (docs/rules.md, 25)."""
    return a_transaction(**{"kind": "transfer", "counterparty_bank": "OTHER", "amount": "50000.00", **changes})


def a_timer(until_ms):
    return Timer(customer_id="C1", until_ms=until_ms)


def an_erasure(at_ms=A_MONTH_LATER):
    return Erasure(customer_id="C1", event_id="@t-0-1", occurred_ms=at_ms)


def without_own_time(master):
    """Master data of which only the record's time is known."""
    master.__dict__["has_own_time"] = False
    return master


def entries(effects: list[Effect], prefix: str = "") -> list[tuple[str, str]]:
    """Type and stream of each entry."""
    return [
        (orjson.loads(effect.body)["type"], effect.name)
        for effect in effects
        if effect.kind == "stream" and effect.name.startswith(prefix)
    ]


# -------------------------------------------------------------------------------------------------------- straight way


def test_a_large_outflow_becomes_an_alert():
    _, effects = lived(an_outflow())
    assert entries(effects) == [("crm.alert.raised", "alerts:retention:p1")]


def test_an_event_is_applied_once_and_the_second_one_says_and_does_nothing():
    event = an_outflow(event_id="t-1")
    profile, _ = lived(event)
    verdict = step(profile, an_outflow(event_id="t-1", amount="99999.00"), the_context())
    assert (verdict.value, verdict.effects, verdict.result) == (profile, (), "duplicate")
    assert verdict.profile is profile


def test_a_duplicate_fires_nothing():
    first = an_interaction(kind="complaint", event_id="c-1")
    profile, _ = lived(first)
    repeated = an_interaction(kind="complaint", event_id="c-1", occurred_at=after(days=300))
    assert step(profile, repeated, the_context()).effects == ()


def test_unknown_words_are_told():
    verdict = step(None, a_transaction(kind="lottery"), the_context())
    assert verdict.unknown_fields == ("kind",)


def test_what_was_due_comes_before_the_event():
    profile, _ = lived(an_interaction(kind="complaint", event_id="c-1"))
    resolved = an_interaction(kind="complaint_resolved", occurred_at=after(days=300))
    _, effects = lived(resolved, profile=profile)
    assert ("crm.alert.raised", "alerts:service:p1") in entries(effects), "the deadline passed first"


def test_ids_follow_from_the_cause_whatever_record_fires_due_work():
    profile, _ = lived(an_interaction(kind="complaint", event_id="c-1"))
    _, by_timer = lived(a_timer(after(days=300)), profile=profile)
    _, by_event = lived(an_interaction(kind="view", occurred_at=after(days=300)), profile=profile)
    timed = [effect for effect in by_event if effect.timed]
    assert by_timer == timed
    assert timed


def test_a_timer_for_an_unknown_customer_does_nothing():
    verdict = step(None, a_timer(BEGINNING), the_context())
    assert (verdict.value, verdict.effects) == (None, ())


def test_the_first_event_of_a_day_is_scored_and_without_consent_there_is_no_score():
    profile, _ = lived(a_consenting_customer(), an_interaction(kind="view"))
    assert profile.scores["churn"].at_ms == BEGINNING
    same_day, _ = lived(an_interaction(kind="view", occurred_at=after(hours=1)), profile=profile)
    assert same_day.scores["churn"].at_ms == BEGINNING
    next_day, _ = lived(an_interaction(kind="view", occurred_at=after(days=1)), profile=same_day)
    assert next_day.scores["churn"].at_ms == after(days=1)
    withdrawn, _ = lived(a_customer(occurred_at=after(days=1), consents=()), profile=next_day)
    assert withdrawn.scores == {}


def test_with_the_consent_the_score_its_tag_and_its_alert_go_at_once():
    profile, _ = lived(a_consenting_customer(), an_interaction(kind="view"))
    profile.scores = {"churn": Score(0.9, 3, 500, BEGINNING)}
    profile.tags = {"churn_risk": Tag(BEGINNING, "0.9 500")}
    profile.open_alerts = (OpenAlert("a-1", "churn_risk", "alerts:retention:p2", BEGINNING, after(days=14)),)
    withdrawn, effects = lived(a_customer(occurred_at=after(hours=1), consents=()), profile=profile)
    assert (withdrawn.scores, "churn_risk" in withdrawn.tags, withdrawn.open_alerts) == ({}, False, ())
    assert entries(effects, "alerts") == [("crm.alert.retracted", "alerts:retention:p2")]


def test_a_visit_makes_a_card_and_leaving_takes_it_back():
    _, effects = lived(
        a_consenting_customer(),
        an_interaction(kind="visit", channel="branch", branch_id="B001"),
        an_interaction(kind="leave", channel="branch", branch_id="B001", occurred_at=after(minutes=20)),
    )
    assert entries(effects, "arrivals") == [
        ("crm.customer.arrived", "arrivals:B001"),
        ("crm.arrival.retracted", "arrivals:B001"),
    ]


def test_a_decision_is_made_where_policy_names_the_event():
    _, effects = lived(a_consenting_customer(), an_interaction(kind="login"), an_interaction(kind="view"))
    assert [effect.name for effect in effects if effect.kind == "topic"] == ["decisions"]


def test_an_outcome_is_heard_and_told():
    verdict = step(None, an_outcome(label="Accepted"), the_context())
    assert verdict.outcome == ("Accepted", "dangling")


# --------------------------------------------------------------------------------------------------------- master data


def test_handles_are_claimed_while_the_customer_consents():
    _, effects = lived(
        a_consenting_customer(handles=("weibo:a",)), a_customer(handles=("weibo:a",), occurred_at=after(days=1))
    )
    links = [orjson.loads(effect.body) for effect in effects if effect.name == "links"]
    assert [link["op"] for link in links] == ["claim", "withdraw"]


def test_a_linked_mention_is_folded_only_while_the_customer_consents():
    mention = linked(a_mention(text="bad"), "C1")
    stranger = step(None, mention, the_context())
    assert (stranger.value, stranger.result) == (None, "ignored")
    profile, _ = lived(a_consenting_customer(), an_interaction(), mention)
    assert (profile.events.mentions, profile.mood.last_thousandths) == (1, -800)
    refused, _ = lived(a_customer(occurred_at=after(days=1)), an_interaction(), profile=profile)
    again = step(refused, linked(a_mention(), "C1"), the_context())
    assert again.result == "ignored"
    assert again.value == refused


def test_what_was_due_is_not_lost_with_a_mention_that_is_ignored():
    profile, _ = lived(an_interaction(kind="complaint"))
    verdict = step(profile, linked(a_mention(occurred_at=after(days=300)), "C1"), the_context())
    assert verdict.result == "ignored"
    assert verdict.effects
    assert verdict.value.due != profile.due


def test_master_data_without_a_time_of_their_own_fire_nothing():
    profile, _ = lived(an_interaction(kind="complaint"))
    assert step(profile, without_own_time(a_customer(occurred_at=after(days=300))), the_context()).effects == ()
    assert step(profile, a_customer(occurred_at=after(days=300)), the_context()).effects


def test_master_data_without_a_time_of_their_own_are_as_of_what_was_last_seen():
    profile, _ = lived(an_interaction(kind="view"), a_transaction(occurred_at=after(days=1)))
    last_seen_ms = after(days=1)
    master = without_own_time(a_consenting_customer(occurred_at=after(days=3000), closed_on="2026-03-02"))
    told, effects = lived(master, profile=profile)
    assert told.scores["churn"].at_ms == told.last_seen_ms == last_seen_ms
    assert [due for due in told.due if due.name == "regrade" and due.due_ms > after(days=30)] == []
    (alert,) = (orjson.loads(effect.body) for effect in effects if effect.name.startswith("alerts"))
    assert alert["occurred_at"] == to_rfc3339(last_seen_ms)


# ------------------------------------------------------------------------------------------------------------- erasure


def test_an_erasure_takes_back_what_stands_and_leaves_a_stub():
    profile, _ = lived(
        a_consenting_customer(handles=("weibo:a",)),
        an_outflow(),
        an_interaction(kind="visit", channel="branch", branch_id="B001"),
        an_interaction(kind="visit", channel="branch", branch_id="B002"),
        an_interaction(kind="leave", channel="branch", branch_id="B002", occurred_at=after(minutes=5)),
    )
    stub, effects = lived(an_erasure(after(minutes=30)), profile=profile)
    assert entries(effects) == [
        ("crm.alert.retracted", "alerts:retention:p1"),
        ("crm.offer.retracted", "offers:branch"),
        ("crm.arrival.retracted", "arrivals:B001"),
    ]
    assert [orjson.loads(effect.body)["op"] for effect in effects if effect.name == "links"] == ["withdraw"]
    forget = Due(after(days=REMEMBER_DAYS, minutes=30), "forget")
    at_ms = after(minutes=30)
    assert stub == Profile("C1", at_ms, at_ms, erased_ms=at_ms, due=(forget,))


def test_whoever_was_never_known_can_be_erased_and_erased_once_more():
    stub, effects = lived(an_erasure())
    assert (stub.erased_ms, effects) == (after(days=30), [])
    assert step(stub, an_erasure(), the_context()).result == "duplicate"
    assert step(stub, an_erasure(after(days=31)), the_context()).value.erased_ms == after(days=31)


def test_what_occurred_before_the_erasure_is_ignored_and_what_comes_after_is_a_new_life():
    stub, _ = lived(an_erasure())
    before = step(stub, a_transaction(), the_context())
    assert (before.value, before.result) == (stub, "ignored")
    reborn, _ = lived(a_transaction(occurred_at=after(days=31)), profile=stub)
    assert (reborn.events.transactions, reborn.erased_ms) == (1, after(days=30))
    assert step(reborn, a_transaction(), the_context()).result == "ignored"


def test_the_stub_goes_when_no_source_can_repeat_the_past():
    stub, _ = lived(an_erasure())
    verdict = step(stub, a_timer(after(days=31 + REMEMBER_DAYS)), the_context())
    assert verdict.value is None
    reborn = step(stub, a_transaction(occurred_at=after(days=31 + REMEMBER_DAYS)), the_context()).value
    assert reborn.erased_ms is None


def test_who_came_back_is_not_forgotten():
    stub, _ = lived(an_erasure())
    for event in (a_transaction(occurred_at=after(days=31)), a_customer(occurred_at=after(days=31))):
        reborn, _ = lived(event, profile=stub)
        kept = step(reborn, a_timer(after(days=31 + REMEMBER_DAYS)), the_context()).value
        assert kept is not None
        assert all(due.name != "forget" for due in kept.due)


# ------------------------------------------------------------------------------------------------------------ due work


def test_work_is_fired_in_due_order_until_the_time_is_reached():
    profile, _ = lived(an_interaction())
    last = max(due.due_ms for due in profile.due)
    fired, *_ = fire(profile, last, the_context())
    assert fired is not None
    assert all(due.due_ms > last for due in fired.due)


def test_unknown_work_stops_the_process():
    with pytest.raises(BrokenInvariant, match="nobody knows"):
        fire(Profile("C1", 0, 0, due=(Due(1, "astrology"),)), 1, the_context())


def test_work_that_creates_earlier_work_stops_the_process(monkeypatch):
    def without_end(profile, due, cause, context):
        assert isinstance(cause, Cause)
        again = profile.copied()
        again.due = (due, *profile.due)
        return again, ()

    monkeypatch.setitem(WORK, "endless", without_end)
    with pytest.raises(BrokenInvariant, match="not due later"):
        fire(Profile("C1", 0, 0, due=(Due(1, "endless"), Due(1, "forget"))), 1, the_context())


def test_work_that_lies_beside_is_no_work_created(monkeypatch):
    monkeypatch.setitem(WORK, "quiet", lambda profile, due, cause, context: (profile, ()))
    profile = Profile("C1", 0, 0, due=(Due(1, "quiet", "a"), Due(1, "quiet", "b")))
    fired, *_ = fire(profile, 1, the_context())
    assert fired == Profile("C1", 0, 0)


def test_a_mention_needs_an_analyser():
    context = the_context()
    deaf = Context(context.policy, context.scorers)
    profile, _ = lived(a_consenting_customer())
    with pytest.raises(BrokenInvariant, match="sentiment"):
        step(profile, linked(a_mention(), "C1"), deaf)


# ------------------------------------------------------------------------------------------------------ unread records


def test_a_record_that_cannot_be_read_is_put_aside_unless_its_id_is_known():
    profile, _ = lived(a_transaction(event_id="t-1"))
    repeated = Unreadable("Transaction", "C1", "t-1", "bad_amount", "amount: 12.505")
    assert step(profile, repeated, the_context()).result == "duplicate"
    new = Unreadable("Transaction", "C1", "t-2", "bad_amount", "amount: 12.505")
    for known_so_far in (profile, None):
        verdict = step(known_so_far, new, the_context())
        assert (verdict.value, verdict.result) == (known_so_far, "dead_letter")
        assert [effect.name for effect in verdict.effects] == ["bad_amount"]


def test_an_event_long_after_a_silence_does_not_live_through_every_week_of_it():
    profile, _ = lived(a_consenting_customer(), an_interaction())
    late = an_interaction(occurred_at=after(days=365 * 100))
    alone, *_ = fire(profile, after(days=365 * 100), the_context())
    assert alone is not None
    assert alone.due == (), "a settled customer waits for nothing"
    back, _ = lived(late, profile=profile)
    assert any(due.name == "weekly_snapshot" for due in back.due), "who comes back is looked at again"
