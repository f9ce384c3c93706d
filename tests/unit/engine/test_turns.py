"""Timers on their way out: short batches, every partition number in turn, none lost."""

from hypothesis import given
from hypothesis import strategies as st

from stream_app.engine.clock import Timer
from stream_app.engine.turns import HANDFUL, Turns, in_turn


def timers(number, count):
    return [Timer(b"%d-%d" % (number, place), 5) for place in range(count)]


counts = st.lists(st.integers(0, 5 * HANDFUL), max_size=5)


@given(counts)
def test_all_go_out_in_their_order_a_handful_at_a_time(sizes):
    due = {("profiles", number): timers(number, count) for number, count in enumerate(sizes)}
    turns, sent = Turns(due), {where: [] for where in due}
    while turns:
        where, taken = turns.take(at_once=False)
        assert 0 < len(taken) <= HANDFUL
        sent[where] += taken
    assert sent == due


@given(counts, st.integers(0, 10))
def test_what_is_left_is_what_was_not_taken(sizes, takes):
    due = {("profiles", number): timers(number, count) for number, count in enumerate(sizes)}
    turns, sent = Turns(due), {where: [] for where in due}
    for _ in range(takes):
        if turns:
            where, taken = turns.take(at_once=False)
            sent[where] += taken
    left = dict(turns)
    assert {where: sent[where] + left.get(where, []) for where in due} == due


def test_no_partition_number_waits_for_more_than_a_handful_of_each_other():
    turns = Turns({("profiles", number): timers(number, 3 * HANDFUL) for number in range(3)})
    assert [turns.take(at_once=False)[0][1] for _ in range(9)] == [0, 1, 2] * 3


def test_who_had_no_turn_goes_first_at_the_next_look():
    owned = [("profiles", number) for number in range(4)]
    turns = Turns({where: timers(where[1], 2 * HANDFUL) for where in owned})
    turns.take(at_once=False), turns.take(at_once=False)
    waiting = [where for where, _ in turns]
    assert [number for _, number in in_turn(owned, waiting)] == [2, 3, 0, 1]
    assert in_turn(owned, []) == owned
    assert in_turn(owned[:2], waiting) == owned[:2], "what was taken away meanwhile is not asked for"


def test_who_is_behind_sends_all_of_a_partition_number_at_once():
    turns = Turns({("profiles", 0): timers(0, 3 * HANDFUL), ("profiles", 1): timers(1, 1)})
    assert len(turns.take(at_once=True)[1]) == 3 * HANDFUL
    assert turns.take(at_once=True) == (("profiles", 1), timers(1, 1))
    assert not turns
