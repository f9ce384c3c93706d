"""Drifts are counted for good, and the last of them remembered one by one."""

from models.evaluation.drift import MARKS, Drift

LOW, HIGH = 0.05, 4.0  # nats


def played(drift: Drift, cycles: int) -> list[int]:
    """Let the loss rise so often, each time from where it has fallen to; returns when a drift was seen."""
    seen = []
    for at_ms in range(cycles * 200):
        before = drift.count
        drift.hear(HIGH if at_ms % 200 >= 100 else LOW, at_ms, f"member {at_ms // 5_000}")
        if drift.count > before:
            seen.append(at_ms)
    return seen


def test_the_last_drifts_are_remembered_and_all_are_counted():
    drift = Drift()
    seen = played(drift, MARKS + 8)
    assert len(seen) == drift.count == MARKS + 8
    assert drift.marks == [(at_ms, f"member {at_ms // 5_000}", 0) for at_ms in seen[-MARKS:]]


def test_a_trial_is_that_of_the_newest_drift():
    drift = Drift()
    played(drift, 3)
    assert drift.waits
    drift.answered(7)
    assert [mark.trial for mark in drift.marks] == [0, 0, 7]
    assert not drift.waits


def test_it_goes_on_from_what_it_told():
    drift, again = Drift(), Drift()
    played(drift, 2)
    again.restore(drift.window(), drift.count, [list(mark) for mark in drift.marks], waits=drift.waits)
    assert (played(drift, 2), drift.marks) == (played(again, 2), again.marks)
