"""The clock of a partition number, its timers, and which batch goes first."""

from stream_app.engine.batch import Batch
from stream_app.engine.clock import (
    LONGEST_GAP_SECONDS,
    MAX_TIMERS,
    PartitionClock,
    Siblings,
    Timer,
    Timers,
    Told,
    oldest_first,
)
from tests.unit.engine.engine_builders import a_partition, a_record, decode, records, run_one

LATENESS = 100


def a_clock(highest_ms=None):
    return PartitionClock(["pay", "talk"], highest_ms, LATENESS)


def delivered(ms, topic="pay"):
    """A delivered batch whose highest time is this."""
    sealed = run_one(a_partition(), [a_record(1, text=f"e@{ms}")])
    sealed.topic = topic
    return sealed


READ, UNREAD = False, True


class TestClock:
    def test_it_stands_a_lateness_below_the_lowest_of_the_topics_that_have_unread_records(self):
        clock = a_clock()
        clock.deliver(delivered(5_000))
        clock.deliver(delivered(3_000, "talk"))
        assert clock.now_ms({"pay": UNREAD, "talk": UNREAD}) == 2_900
        assert clock.now_ms({"pay": UNREAD, "talk": READ}) == 4_900

    def test_when_all_is_read_it_stands_below_the_highest_of_all(self):
        clock = a_clock(highest_ms=7_000)
        assert clock.now_ms({"pay": READ, "talk": READ}) == 6_900
        clock.deliver(delivered(9_000))
        assert clock.now_ms({"pay": READ, "talk": READ}) == 8_900

    def test_a_topic_that_is_unread_and_of_which_nothing_is_delivered_yet_gives_none(self):
        clock = a_clock(highest_ms=7_000)
        clock.deliver(delivered(9_000))
        assert clock.now_ms({"pay": READ, "talk": UNREAD}) is None

    def test_a_topic_of_which_nothing_is_known_counts_as_unread(self):
        assert a_clock(highest_ms=7_000).now_ms({"pay": READ}) is None

    def test_an_empty_partition_number_has_no_clock(self):
        assert a_clock().now_ms({"pay": READ, "talk": READ}) is None

    def test_late_events_do_not_set_it_back(self):
        clock = a_clock()
        clock.deliver(delivered(9_000))
        clock.deliver(delivered(4_000))
        assert clock.now_ms({"pay": UNREAD, "talk": READ}) == 8_900

    def test_topics_that_do_not_move_it_do_not(self):
        clock = a_clock(highest_ms=1_000)
        clock.deliver(delivered(9_000, "customers"))
        clock.deliver(run_one(a_partition(), records(1, topic="talk")))
        assert clock.now_ms({"pay": READ, "talk": READ}) == 900


NOTHING_UNREAD = {"pay": READ, "talk": READ}


class TestFollowing:
    def test_an_idle_number_is_led_by_the_others_and_one_that_has_no_clock_too(self):
        assert a_clock(highest_ms=1_000).now_ms(NOTHING_UNREAD, 5_000) == 5_000
        assert a_clock().now_ms(NOTHING_UNREAD, 5_000) == 5_000

    def test_it_is_not_led_back(self):
        clock = a_clock(highest_ms=9_000)
        assert clock.now_ms(NOTHING_UNREAD, 5_000) == 8_900
        assert clock.now_ms(NOTHING_UNREAD, 9_500) == 9_500
        assert clock.now_ms(NOTHING_UNREAD, 9_200) == 9_500
        assert clock.now_ms(NOTHING_UNREAD) == 9_500, "it stays where it was led when it is idle no more"

    def test_unread_records_end_it_at_once(self):
        clock = a_clock(highest_ms=1_000)
        clock.now_ms(NOTHING_UNREAD, 5_000)
        assert clock.now_ms({"pay": UNREAD, "talk": READ}, 5_000) is None
        clock.deliver(delivered(2_000))
        assert clock.now_ms({"pay": UNREAD, "talk": READ}, 5_000) == 1_900

    def test_what_the_others_hear_is_what_came_here_alone(self):
        clock = a_clock(highest_ms=1_000)
        clock.now_ms(NOTHING_UNREAD, 5_000)
        assert clock.own_ms(NOTHING_UNREAD) == 900

    def idle_after(self, *looks: tuple[bool, float]) -> float:
        """Say for how long a clock is idle at the last of these looks at one of its topics."""
        clock = a_clock()
        for state, now in looks:
            clock.look({"pay": state, "talk": READ}, now)
        return clock.idle_seconds(looks[-1][1])

    def test_it_is_idle_for_as_long_as_every_look_found_all_read(self):
        looks = [(READ, 10.0), (READ, 15.0), (READ, 20.0), (UNREAD, 21.0), (READ, 30.0), (READ, 31.0)]
        assert [self.idle_after(*looks[:seen]) for seen in range(1, 7)] == [0.0, 5.0, 10.0, 0.0, 0.0, 1.0]
        assert a_clock().idle_seconds(99.0) == 0.0, "it was never looked at"

    def test_a_time_in_which_nobody_could_look_is_no_idle_time(self):
        end = 20.0 + LONGEST_GAP_SECONDS
        assert self.idle_after((READ, 15.0), (READ, 20.0), (READ, end)) == LONGEST_GAP_SECONDS + 5.0
        assert self.idle_after((READ, 15.0), (READ, 20.0), (READ, end + 0.1)) == 0.0
        assert self.idle_after((READ, 15.0), (READ, 99.0), (READ, 100.0)) == 1.0

    def test_nor_is_it_before_the_first_look_that_comes_after_it(self):
        clock = a_clock()
        for now in (0.0, 10.0):
            clock.look(NOTHING_UNREAD, now)
        assert [clock.idle_seconds(now) for now in (11.0, 20.0, 21.0)] == [11.0, 20.0, 0.0]


class TestSiblings:
    def told(self, *marks: tuple[int, int | None, bool], numbers=3):
        siblings = Siblings(numbers)
        for number, clock_ms, idle in marks:
            siblings.hear(number, Told(clock_ms, idle))
        return siblings

    def test_the_lowest_of_the_others_counts_and_not_ones_own(self):
        siblings = self.told((0, 10, False), (1, 30, False), (2, 20, False))
        assert [siblings.lowest_ms(besides=number) for number in range(3)] == [20, 10, 10]

    def test_the_idle_hold_nobody_back_and_when_all_are_the_highest_counts(self):
        assert self.told((1, 30, False), (2, 20, True)).lowest_ms(besides=0) == 30
        assert self.told((1, 30, False), (2, None, True)).lowest_ms(besides=0) == 30
        assert self.told((1, 30, True), (2, 20, True)).lowest_ms(besides=0) == 30

    def test_who_was_never_heard_of_or_cannot_tell_holds_all_back(self):
        assert self.told((1, 30, False)).lowest_ms(besides=0) is None
        assert self.told((1, 30, False), (2, None, False)).lowest_ms(besides=0) is None

    def test_a_bank_without_events_has_no_clock_to_follow(self):
        assert self.told((1, None, True), (2, None, True)).lowest_ms(besides=0) is None
        assert self.told(numbers=1).lowest_ms(besides=0) is None

    def test_a_number_that_does_not_exist_is_not_counted_as_heard_of(self):
        assert self.told((1, 30, False), (3, 20, False)).lowest_ms(besides=0) is None
        assert self.told((1, 30, False), (2, 40, False), (3, 20, False), (-1, 20, False)).lowest_ms(besides=0) == 30

    def test_what_was_said_last_counts(self):
        assert self.told((1, 30, False), (2, 20, False), (2, 25, False)).lowest_ms(besides=0) == 25


class TestTimers:
    def test_keys_that_are_due_are_advanced_to_the_clock(self):
        assert Timers().due([(10, b"ann"), (20, b"bob"), (31, b"cid")], 30) == [Timer(b"ann", 30), Timer(b"bob", 30)]

    def test_none_is_asked_for_twice(self):
        timers = Timers()
        timers.due([(10, b"ann")], 30)
        assert timers.due([(10, b"ann")], 40) == []

    def test_a_later_due_time_of_the_same_key_is_asked_for(self):
        timers = Timers()
        timers.due([(10, b"ann")], 30)
        assert timers.due([(35, b"ann")], 40) == [Timer(b"ann", 40)]

    def test_once_its_timer_is_delivered_a_key_may_be_asked_for_again_for_the_same_time(self):
        timers = Timers()
        timers.due([(10, b"ann"), (10, b"bob")], 30)
        timers.settle([b"ann", b"cid"])
        assert timers.due([(10, b"ann"), (10, b"bob")], 40) == [Timer(b"ann", 40)]

    def test_one_that_could_not_be_produced_is_asked_for_again(self):
        timers = Timers()
        (timer,) = timers.due([(10, b"ann")], 30)
        timers.forget(timer)
        assert timers.due([(10, b"ann")], 40) == [Timer(b"ann", 40)]

    def test_so_many_at_once_and_the_rest_next_time(self):
        timers, index = Timers(), [(1, b"%d" % n) for n in range(MAX_TIMERS + 5)]
        assert len(timers.due(index, 30)) == MAX_TIMERS
        assert len(timers.due(index, 30)) == 5


def test_the_batch_with_the_oldest_first_event_goes_first():
    state = a_partition()
    young = Batch(state, [a_record(1, text="a@90")], 1, decode)
    old = Batch(state, [a_record(1, text="a@20", topic="talk")], 1, decode)
    assert oldest_first([young, old]) is old


def test_one_that_is_alone_goes_without_a_look_at_its_time():
    def unread(record):
        raise AssertionError("its first event is decoded twice")

    alone = Batch(a_partition(), [a_record(1)], 1, unread)
    assert oldest_first([alone]) is alone


def test_of_equal_ones_the_order_is_by_topic():
    state = a_partition()
    talk = Batch(state, [a_record(1, text="a@20", topic="talk")], 1, decode)
    pay = Batch(state, [a_record(1, text="a@20")], 1, decode)
    assert oldest_first([talk, pay]) is pay
