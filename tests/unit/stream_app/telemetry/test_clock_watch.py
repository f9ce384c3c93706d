"""A clock that stands still is seen, also when it can still tell its time."""

from stream_app.telemetry.clock_watch import ClockWatch


def looks(*clocks, patience=60):
    """Look at these clocks of two partition numbers, one look every 30 s; return what the last look said."""
    watch, said = ClockWatch(patience), {}
    for turn, (first, second) in enumerate(clocks):
        said = watch.look({0: first, 1: second}, now=30.0 * turn)
    return said


def test_clocks_that_move_do_not_stand_still():
    assert looks((1, 1), (2, 5), (3, 9), (4, 9)) == {0: False, 1: False}


def test_a_clock_that_cannot_tell_its_time_stands_still_at_once():
    assert looks((1, None)) == {0: False, 1: True}


def test_a_clock_stands_still_once_another_has_moved_for_longer_than_patience():
    assert looks((1, 7), (2, 7)) == {0: False, 1: False}
    assert looks((1, 7), (2, 7), (3, 7)) == {0: False, 1: True}


def test_a_clock_that_goes_on_stands_no_longer():
    assert looks((1, 7), (2, 7), (3, 7), (4, 8)) == {0: False, 1: False}


def test_in_a_quiet_hour_nobody_stands_out():
    assert looks(*[(5, 7)] * 100) == {0: False, 1: False}


def test_a_number_that_moved_away_is_not_spoken_of():
    watch = ClockWatch()
    watch.look({0: 1, 1: 1}, now=0.0)
    assert watch.look({1: 2}, now=99.0) == {1: False}
    assert watch.look({0: 1, 1: 3}, now=100.0) == {0: False, 1: False}, "it starts anew"
