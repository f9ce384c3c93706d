import orjson
import pytest

from models.mood import burst_rule, step, within
from schemas import mood as codec
from schemas.errors import StateError
from schemas.internal import MoodMark
from schemas.mood import Heard, Mood
from tests.builders import BEGINNING, after
from tests.customers import the_context
from tests.policies import with_rule

RULE = {"minutes": 60, "negative": 3, "share": 0.5, "sentiment": -0.3, "cool_down_hours": 6}


def a_mark(number, sentiment=-0.9, at_ms=BEGINNING):
    return MoodMark(platform="weibo", event_id=f"m-{number}", occurred_ms=at_ms, sentiment=sentiment)


def heard(*marks, **rule):
    """The mood after these marks, and the alerts on the way."""
    context = the_context(with_rule("mood_burst", **{**RULE, **rule}))
    mood, entries = None, []
    for mark in marks:
        verdict = step(mood, mark, context)
        mood = verdict.value
        entries += [(effect.name, orjson.loads(effect.body)) for effect in verdict.effects]
    return mood, entries


def test_many_negative_mentions_within_the_time_raise_one_alert():
    mood, ((stream, entry),) = heard(*(a_mark(i, at_ms=after(minutes=i)) for i in range(5)))
    assert stream == "alerts:service:p1"
    alert = orjson.loads(entry["data"])
    assert alert["kind"] == "mood_burst"
    assert alert["customer_id"] == "weibo"
    assert (alert["evidence"]["figures"]["negative"], alert["evidence"]["events"]) == (3, ["m-2"])
    assert mood.quiet_until_ms == after(hours=6, minutes=2)


def test_when_the_quiet_time_is_over_a_new_burst_is_told():
    later = [a_mark(10 + i, at_ms=after(hours=7)) for i in range(3)]
    _, entries = heard(*(a_mark(i) for i in range(3)), *later)
    assert len(entries) == 2
    assert entries[0][1]["id"] != entries[1][1]["id"]


def test_few_negative_mentions_or_a_small_share_of_them_are_no_burst():
    assert heard(a_mark(1), a_mark(2))[1] == []
    happy = [a_mark(100 + i, 0.5) for i in range(10)]
    assert heard(*happy, *(a_mark(i) for i in range(5)))[1] == []


def test_mentions_that_are_too_old_do_not_count():
    assert heard(a_mark(1), a_mark(2), a_mark(3, at_ms=after(hours=2)))[1] == []


def test_a_mark_is_heard_once():
    mood, entries = heard(a_mark(1), a_mark(1), a_mark(1))
    assert (within(mood, 60, BEGINNING).mentions, entries) == (1, [])


def test_longer_times_read_the_hours():
    mood, _ = heard(a_mark(1), a_mark(2, 0.4, at_ms=after(hours=5)))
    assert within(mood, 60, after(hours=5)) == Heard(1, 0, 400)
    assert within(mood, 360, after(hours=5)) == Heard(2, 1, -500)


def test_late_and_shuffled_marks_give_the_same_mood():
    marks = [a_mark(i, (-1) ** i * i / 10, after(minutes=13 * i)) for i in range(9)]
    forth, back = heard(*marks, negative=99)[0], heard(*reversed(marks), negative=99)[0]
    assert (forth.minutes, forth.hours, forth.highest_ms) == (back.minutes, back.hours, back.highest_ms)


def test_what_the_rings_have_left_behind_is_not_heard_any_more():
    mood, _ = heard(a_mark(1, at_ms=after(days=3)), a_mark(2))
    assert (len(mood.minutes), len(mood.hours)) == (1, 1)


def test_a_policy_without_the_rule_hears_and_says_nothing():
    mood, entries = heard(*(a_mark(i) for i in range(9)), enabled=False)
    assert entries == []
    assert within(mood, 60, BEGINNING) == Heard(9, 0, -8100), "what is negative the rule says"
    assert burst_rule(with_rule("mood_burst", enabled=False)) is None


def test_a_mood_comes_back_as_it_went():
    mood, _ = heard(*(a_mark(i) for i in range(4)))
    assert codec.decode(codec.encode(mood)) == mood
    assert codec.next_due_ms(mood) is None
    assert codec.decode(codec.encode(Mood())) == Mood()


@pytest.mark.parametrize("damaged", [b"", b"\x92\x01\x02", b"\x96\x09\x00\x80\x80\x00\x90", b"\x07"])
def test_a_damaged_mood_is_refused(damaged):
    with pytest.raises(StateError):
        codec.decode(damaged)
