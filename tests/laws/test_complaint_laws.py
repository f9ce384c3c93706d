"""Which complaints stand, against a plain pass in the order in which things happened; and who is told of them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.step import step
from schemas.internal import Timer
from schemas.profile import MAX_ANSWERS, MAX_COMPLAINTS, Profile
from tests.builders import after, an_interaction
from tests.customers import a_consenting_customer, the_context
from tests.judging import Entry, a_profile, lived, opened
from tests.policies import default_policy

TOPICS = st.sampled_from(["fee", "app", "card", None])
HOURS = st.integers(0, 9)


def told(kind: str, hour: int, topic: str | None) -> Any:
    return an_interaction(kind=kind, topic=topic or ..., occurred_at=after(hours=hour))


def of(kind: str, number: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.builds(told, st.just(kind), HOURS, TOPICS), max_size=number)


lives = st.tuples(of("complaint", MAX_COMPLAINTS), of("complaint_resolved", MAX_ANSWERS)).map(
    lambda two: two[0] + two[1]
)


def standing(profile: Profile) -> set[str]:
    return {complaint.event_id for complaint in profile.complaints}


def as_it_happened(life: list[Any]) -> set[str]:
    """One pass by time, complaints before the answers of their moment: what is left at its end."""
    left: list[Any] = []
    for event in sorted(life, key=lambda one: (one.occurred_ms, one.kind, one.topic or "", one.event_id)):
        if event.kind == "complaint":
            left.append(event)
        elif left:
            left.sort(key=lambda one: (one.occurred_ms, one.event_id))
            same = [one for one in left if one.topic == event.topic]
            left.remove((same or left)[0])
    return {event.event_id for event in left}


@given(lives, st.randoms())
def test_what_stands_is_what_a_pass_by_time_leaves_in_any_order(life, chance):
    shuffled = chance.sample(life, len(life))
    assert standing(lived(a_profile(), *shuffled)) == as_it_happened(life)
    assert lived(a_profile(), *shuffled).answers == lived(a_profile(), *life).answers


@given(lives, st.randoms())
def test_a_complaint_makes_one_stand_at_most_and_an_answer_none(life, chance):
    profile = a_profile()
    for event in chance.sample(life, len(life)):
        after_it = lived(profile, event)
        new, gone = standing(after_it) - standing(profile), standing(profile) - standing(after_it)
        assert len(new) <= (event.kind == "complaint")
        assert len(gone) <= (event.kind == "complaint_resolved")
        profile = after_it


SWEPT = Timer(customer_id="C1", until_ms=after(days=30))  # all deadlines are over then


def alerts(events: list[Any]) -> tuple[Profile, list[Entry]]:
    """Live these events, and give the profile with all alerts that were raised."""
    context, profile, raised = the_context(default_policy()), None, []
    for event in [a_consenting_customer(), *events, SWEPT]:
        verdict = step(profile, event, context)
        profile = verdict.value
        raised += [entry for entry in opened(verdict.effects) if entry.type == "crm.alert.raised"]
    return profile, raised


@given(lives, st.randoms())
def test_no_alert_comes_twice_though_what_was_told_is_closed_and_stands_again(life, chance):
    _, raised = alerts(chance.sample([*life, SWEPT], len(life) + 1))
    ids = [entry.data["action_id"] for entry in raised]
    assert len(ids) == len(set(ids))


@given(lives, st.randoms())
def test_whatever_stands_is_told_at_once_and_before_its_deadline_in_any_order(life, chance):
    profile, raised = alerts(chance.sample(life, len(life)))
    told_of: dict[bool, set[str]] = {False: set(), True: set()}
    for entry in raised:
        told_of[entry.data["kind"] == "complaint_deadline"].update(entry.data["evidence"]["events"])
    assert standing(profile) <= told_of[False] & told_of[True]
