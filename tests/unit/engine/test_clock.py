"""The clock of a partition number, its timers, and which batch goes first."""

from stream_app.engine.batch import Batch
from stream_app.engine.clock import MAX_TIMERS, PartitionClock, Timer, Timers, oldest_first
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


def test_of_equal_ones_the_order_is_by_topic():
    state = a_partition()
    talk = Batch(state, [a_record(1, text="a@20", topic="talk")], 1, decode)
    pay = Batch(state, [a_record(1, text="a@20")], 1, decode)
    assert oldest_first([talk, pay]) is pay
