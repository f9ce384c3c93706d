"""Rules about what customers tell us: complaints with their deadlines, ratings, mentions."""

import pytest

from models.rules import alert_expires, complaint_deadline
from models.rules.schedule import COMPLAINT
from schemas.events import linked
from schemas.profile import MAX_COMPLAINTS, Due
from tests.builders import a_mention, after, an_interaction
from tests.judging import a_profile, fired, judged, kinds, lived
from tests.policies import with_rule


def a_complaint(**changes):
    return an_interaction(**{"kind": "complaint", "channel": "phone", "topic": "fees", **changes})


def an_answer(**when):
    return an_interaction(kind="complaint_resolved", topic="fees", occurred_at=after(**when))


def test_a_complaint_goes_to_service_and_waits_for_its_deadline():
    complaint = a_complaint()
    profile, (alert,) = judged(complaint)

    assert alert.stream == "alerts:service:p2"
    assert alert.data["evidence"] == {"events": [complaint.event_id], "figures": {"aum_minor": 0}}
    assert Due(after(days=13), "complaint_deadline", complaint.event_id) in profile.due


def test_a_second_complaint_within_thirty_days_is_more_urgent_and_the_only_alert():
    first, second = a_complaint(topic=...), a_complaint(occurred_at=after(days=30))
    profile, _ = judged(first)

    _, (alert,) = judged(second, profile)

    assert (alert.data["kind"], alert.stream) == ("second_complaint", "alerts:service:p1")
    assert alert.data["evidence"]["figures"]["days"] == 30


def test_a_complaint_after_thirty_days_is_a_first_one():
    profile, _ = judged(a_complaint())

    assert kinds(judged(a_complaint(occurred_at=after(days=30, minutes=1)), profile)[1]) == ["complaint"]


def test_a_resolved_complaint_takes_its_alert_back():
    complaint, other = a_complaint(event_id="C" * 50), a_complaint(topic="card", occurred_at=after(days=40))
    profile, (alert,) = judged(complaint)
    profile, (other_alert,) = judged(other, profile)
    resolved = an_interaction(kind="complaint_resolved", topic="fees", occurred_at=after(days=41))

    profile, (entry,) = judged(resolved, profile)

    assert (entry.type, entry.stream, entry.data["refers_to"]) == ("crm.alert.retracted", alert.stream, alert.id)
    assert entry.data["reason"]["zh"] == "投诉已解决"
    assert entry.id not in {alert.id, other_alert.id}
    assert [open_alert.action_id for open_alert in profile.open_alerts] == [other_alert.id]
    assert [due.about for due in profile.due if due.name == "alert_expires"] == [other_alert.id]


@pytest.mark.parametrize("earlier", [(), (a_complaint(occurred_at=after(days=-3)),)], ids=["first", "second"])
def test_of_a_complaint_whose_answer_was_heard_first_nobody_is_told(earlier):
    profile, _ = judged(an_interaction(kind="login", occurred_at=after(days=-4)))
    for made in earlier:
        profile, _ = judged(made, profile)
        profile, _ = judged(an_interaction(kind="complaint_resolved", occurred_at=after(days=-2)), profile)
    profile, nothing = judged(an_interaction(kind="complaint_resolved", occurred_at=after(hours=1)), profile)
    assert nothing == ()

    profile, nothing = judged(a_complaint(), profile)

    assert (nothing, profile.complaints, profile.open_alerts) == ((), (), ())
    deadlines = [due for due in profile.due if due.name == "complaint_deadline"]
    assert [fired(complaint_deadline, due, profile)[1] for due in deadlines] == [()] * (1 + len(earlier))


def test_a_complaint_that_stands_again_since_another_took_its_answer_is_told_once_with_its_deadline():
    """The answer about fees is heard of first, then a complaint that it would have closed too, then its own."""
    fee, app = a_complaint(topic="fee", occurred_at=after(hours=2)), a_complaint(topic="app", channel="chat")
    answer = an_interaction(kind="complaint_resolved", topic="fee", occurred_at=after(hours=3))
    profile, nothing = judged(answer)
    profile, nothing_again = judged(app, profile)
    assert (nothing, nothing_again) == ((), ())

    profile, (alert,) = judged(fee, profile)

    assert alert.data["kind"] == "second_complaint"
    assert alert.data["evidence"]["events"] == [app.event_id]
    assert "app" in alert.data["reasons"][0]["en"]
    deadlines = {due.about: fired(complaint_deadline, due, profile)[1] for due in profile.due if due.name == COMPLAINT}
    assert (kinds(deadlines[app.event_id][:1]), deadlines[fee.event_id]) == (["complaint_deadline"], ())


@pytest.mark.parametrize(
    "heard",
    [
        [an_answer(hours=5), *(a_complaint(topic="app", occurred_at=after(days=day)) for day in range(1, 5))],
        [
            a_complaint(occurred_at=after(hours=2)),
            an_answer(hours=5),
            an_answer(hours=6),
            *(a_complaint(topic="app", occurred_at=after(days=day)) for day in range(1, 4)),
        ],
    ],
    ids=["among four that stand", "beside another answered one"],
)
def test_nobody_is_told_of_an_answered_complaint_that_finds_no_room(heard):
    profile = lived(a_profile(), *heard)
    assert judged(a_complaint(), profile)[1] == ()


def test_a_complaint_one_too_many_to_be_remembered_is_told_all_the_same():
    profile = lived(a_profile(), *(a_complaint(occurred_at=after(days=40 * n)) for n in range(1, MAX_COMPLAINTS + 1)))
    late = a_complaint(topic="late")

    profile, (alert,) = judged(late, profile)

    assert (alert.data["kind"], alert.data["evidence"]["events"]) == ("complaint", [late.event_id])
    assert late.event_id not in {complaint.event_id for complaint in profile.complaints}


def test_a_complaint_near_its_deadline_supersedes_its_alert():
    profile, (earlier,) = judged(a_complaint())
    (due,) = [due for due in profile.due if due.name == "complaint_deadline"]

    profile, (alert, entry) = fired(complaint_deadline, due, profile)

    assert (alert.data["kind"], alert.stream, alert.timed) == ("complaint_deadline", "alerts:service:p1", True)
    assert alert.data["supersedes"] == earlier.id
    assert alert.data["evidence"]["figures"] == {"hours": 48, "deadline_days": 15}
    assert alert.data["reasons"][0]["en"].startswith("the complaint of 2026-03-02 (fees)")
    assert (entry.type, entry.stream) == ("crm.alert.superseded", earlier.stream)
    assert (entry.data["refers_to"], entry.data["superseded_by"]) == (earlier.id, alert.id)
    assert [open_alert.action_id for open_alert in profile.open_alerts] == [alert.id]


def test_an_alert_names_the_banks_own_day_on_which_the_complaint_came():
    """Two in the morning at home is still yesterday in UTC."""
    profile, _ = judged(an_interaction(kind="complaint", topic="fees", occurred_at="2026-03-02T02:00:00+08:00"))
    (due,) = [due for due in profile.due if due.name == "complaint_deadline"]

    _, (alert, _) = fired(complaint_deadline, due, profile)

    assert alert.data["reasons"][0]["en"].startswith("the complaint of 2026-03-02 (fees)")


def test_the_deadline_of_a_complaint_that_is_closed_does_nothing():
    due = Due(after(days=13), "complaint_deadline", "closed-already")

    assert fired(complaint_deadline, due, lived(a_profile(), a_complaint()))[1] == ()


def test_without_the_rule_nobody_waits_for_a_deadline():
    profile, _ = judged(a_complaint(), None, with_rule("complaint_deadline", enabled=False))

    assert [due for due in profile.due if due.name == "complaint_deadline"] == []


def test_an_alert_that_expires_is_forgotten_without_an_entry():
    profile, _ = judged(a_complaint())
    (due,) = [due for due in profile.due if due.name == "alert_expires"]

    profile, entries = fired(alert_expires, due, profile)

    assert due.due_ms == after(days=15)
    assert (profile.open_alerts, entries) == ((), ())


@pytest.mark.parametrize(("rating", "raised"), [(3, ["low_rating"]), (3.1, []), (0, ["low_rating"]), (..., [])])
def test_a_low_rating_is_heard_wherever_it_was_given(rating, raised):
    assert kinds(judged(an_interaction(kind="survey", rating=rating))[1]) == raised
    assert kinds(judged(an_interaction(kind="visit", channel="branch", rating=rating))[1]) == raised


@pytest.mark.parametrize(("feeling", "raised"), [(-0.5, ["angry_mention"]), (-0.499, []), (0.9, [])])
def test_an_angry_mention_of_a_linked_customer_goes_to_service(feeling, raised):
    mention = linked(a_mention(reach=1200), "C1")

    _, entries = judged(mention, feeling=feeling)

    assert kinds(entries) == raised
    assert all(entry.data["evidence"]["figures"] == {"sentiment": -0.5, "reach": 1200} for entry in entries)


@pytest.mark.parametrize("late_minutes", [5, 0], ids=["five minutes earlier", "at the same moment"])
def test_anger_is_heard_though_a_friendly_mention_came_before_it(late_minutes):
    profile, _ = judged(linked(a_mention(), "C1"), feeling=0.9)
    angry = linked(a_mention(occurred_at=after(minutes=-late_minutes)), "C1")

    assert kinds(judged(angry, profile, feeling=-0.9)[1]) == ["angry_mention"]


def test_a_late_mention_is_not_taken_for_the_last_one():
    profile, _ = judged(linked(a_mention(), "C1"), feeling=-0.9)

    assert judged(linked(a_mention(occurred_at=after(days=-2)), "C1"), profile, feeling=0.5)[1] == ()
