"""Complaints and their answers: what stands is told by when they happened, in whichever order one hears of them."""

from itertools import permutations

import pytest

from schemas.profile import MAX_ANSWERS, MAX_COMPLAINTS, Profile
from schemas.profile_complaints import Answer, Complaint
from tests.builders import BEGINNING, after, an_interaction
from tests.judging import a_profile, lived


def a_complaint(name: str, topic: str | None = None, **when: float):
    return an_interaction(kind="complaint", event_id=name, topic=topic or ..., occurred_at=after(**when))


def an_answer(topic: str | None = None, **when: float):
    return an_interaction(kind="complaint_resolved", topic=topic or ..., occurred_at=after(**when))


def folded(*events, profile: Profile | None = None) -> Profile:
    return lived(profile or a_profile(), *events)


def standing(profile: Profile) -> list[str]:
    return [complaint.event_id for complaint in profile.complaints]


def test_an_answer_closes_the_oldest_about_its_topic_or_the_oldest_of_all():
    opened = folded(a_complaint("fee", "fee"), a_complaint("app", "app", days=1), a_complaint("queue", days=-1))
    assert (standing(opened), opened.last_complaint_ms) == (["queue", "fee", "app"], after(days=1))
    resolved = folded(an_answer("app", days=2), profile=opened)
    assert standing(resolved) == ["queue", "fee"]
    resolved = folded(an_answer("other", days=3), profile=resolved)
    assert resolved.complaints == (Complaint("fee", BEGINNING, "mobile", "fee"),)
    assert standing(folded(an_answer(days=4), profile=resolved)) == []


def test_an_answer_closes_no_complaint_that_was_made_after_it():
    profile = folded(a_complaint("fee", "fee", days=1), an_answer("fee"))
    assert (standing(profile), profile.answers) == (["fee"], (Answer(BEGINNING, "fee"),))
    assert standing(folded(a_complaint("fee", "fee"), an_answer("fee"))) == []


LIVES = {
    "a complaint, its answer, and another": (
        [a_complaint("fee", "fee"), an_answer("fee", hours=5), a_complaint("app", "app", hours=7)],
        ["app"],
    ),
    "an answer about the later of two": (
        [a_complaint("app", "app", hours=1), a_complaint("fee", "fee", hours=2), an_answer("fee", hours=3)],
        ["app"],
    ),
    "two of one topic, one answer": (
        [a_complaint("first", "fee"), a_complaint("second", "fee", hours=1), an_answer("fee", hours=2)],
        ["second"],
    ),
    "two answers, one of another topic": (
        [
            a_complaint("app", "app"),
            an_answer("card", hours=1),
            a_complaint("fee", "fee", hours=2),
            a_complaint("card", "card", hours=3),
            an_answer("card", hours=4),
        ],
        ["fee"],
    ),
}


@pytest.mark.parametrize(("life", "stand"), LIVES.values(), ids=LIVES)
def test_what_stands_hangs_on_no_order(life, stand):
    in_order = folded(*life)
    assert standing(in_order) == stand
    for order in permutations(life):
        profile = folded(*order)
        assert profile.complaints == in_order.complaints
        assert (profile.answers, profile.last_complaint_ms) == (in_order.answers, in_order.last_complaint_ms)


def test_the_latest_answers_are_remembered_and_what_earlier_ones_closed_stays_closed():
    waiting = folded(*(an_answer(days=day) for day in (1, 2, 0)))
    assert [answer.at_ms for answer in waiting.answers] == [after(days=1), after(days=2)]

    fees = [a_complaint(f"c-{day}", "fee", days=day) for day in range(1, 4)]
    answered = folded(*fees, *(an_answer("fee", days=3, hours=hour) for hour in range(1, 4)))
    assert len(answered.answers) == MAX_ANSWERS
    late = folded(a_complaint("late", "fee"), profile=answered)
    assert standing(late) == ["c-3"], "the two that are remembered close what is oldest to them; the first is gone"


def test_of_too_many_complaints_the_oldest_leaves_first_those_that_are_answered():
    complaints = [a_complaint(f"c-{day}", days=day) for day in range(MAX_COMPLAINTS + 2)]
    assert standing(folded(*complaints)) == [f"c-{day}" for day in range(2, MAX_COMPLAINTS + 2)]

    answered = folded(complaints[0], an_answer(hours=1), an_answer("early", hours=-1))
    full = folded(*complaints[1 : MAX_COMPLAINTS + 1], profile=answered)
    assert (len(full.complaints), full.answers) == (MAX_COMPLAINTS, (Answer(after(hours=-1), "early"),))
