"""The slope of a worker's memory: buffers that fill and empty are no growth, and growth is found beneath them."""

from tests.faults.memory import EVERY_SECONDS, MEGABYTE, Sample, longest_life, slope, warm

TWENTY_MINUTES = 1_200


def life(mb_per_hour, pid=1, seconds=TWENTY_MINUTES, began=0.0):
    """A process whose write buffers hold up to 16 MB and are emptied every 55 s."""
    return [
        Sample(at, pid, int((200 + mb_per_hour * at / 3600 + 16 * (at % 55) / 55) * MEGABYTE), files=80)
        for n in range(int(seconds / EVERY_SECONDS))
        for at in [began + n * EVERY_SECONDS]
    ]


def test_buffers_that_fill_and_empty_are_no_growth():
    found = slope(life(0.0))
    assert found.low <= 0.0 <= found.high
    assert abs(found.mb_per_hour) < 2.0


def test_growth_is_found_beneath_the_buffers():
    found = slope(life(30.0))
    assert found.low < 30.0 < found.high
    assert found.low > 25.0


def test_a_window_that_is_not_over_does_not_count():
    assert slope(life(0.0, seconds=300)) is None
    assert slope(life(0.0, seconds=490)).points == 4


def test_a_restart_begins_a_life_of_its_own_and_the_longest_is_told_of():
    lives = [*life(0.0, pid=1, seconds=200), *life(0.0, pid=2, seconds=900, began=200), *life(0.0, pid=3, seconds=100)]
    assert {sample.pid for sample in longest_life(lives)} == {2}


def test_the_warm_up_is_counted_from_the_beginning_of_the_life():
    assert warm(life(0.0, began=500), 300)[0].at == 800
    assert slope([]) is None
