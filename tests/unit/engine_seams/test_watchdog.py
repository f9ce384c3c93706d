"""The watchdog ends a worker that should get on and does not, and leaves one alone that waits for others."""

import pytest

from stream_app.engine.fatal import Exit
from stream_app.engine.watchdog import Awake, Patience, Vitals, Watchdog


class Case:
    def __init__(self) -> None:
        self.codes: list[Exit] = []
        self.lines: list[str] = []
        self.watchdog = Watchdog(Patience(no_progress=60, crashed=15), end=self._end)

    def _end(self, code: Exit, why: str) -> None:
        self.codes.append(code)
        self.lines.append(why)

    def look(self, now: float, *, due: bool = True, progress: object = 0, crashed: bool = False) -> list[Exit]:
        self.watchdog.look(Vitals("work" if due else None, progress, crashed), now)
        return self.codes


@pytest.fixture
def case() -> Case:
    return Case()


def test_no_progress_for_a_minute_while_something_is_due_ends_the_worker(case: Case):
    case.look(0)
    assert case.look(59.9) == []
    assert case.look(60) == [Exit.STUCK]
    assert case.lines == ["no progress for 60 s: work"]


def test_any_progress_gives_another_minute(case: Case):
    case.look(0, progress=1)
    case.look(59, progress=2)
    assert case.look(118, progress=2) == []
    assert case.look(119, progress=2) == [Exit.STUCK]


def test_a_worker_with_nothing_due_may_stand_still_for_ever(case: Case):
    case.look(0, due=False)
    assert case.look(10_000, due=False) == []
    assert case.look(10_059, due=True) == []


def test_a_crashed_process_that_lives_on_is_ended_after_a_grace(case: Case):
    case.look(0, due=False, crashed=True)
    assert case.look(14, due=False, crashed=True) == []
    assert case.look(15, due=False, crashed=True) == [Exit.STUCK]


def test_who_was_not_let_run_has_not_stood_still(case: Case):
    awake = Awake(longest=1.0, now=0.0)
    case.look(awake.seconds(0.5))
    case.look(awake.seconds(300.5))  # a process that was stopped for five minutes, or a machine that was frozen
    assert case.codes == []
    for half in range(1, 118):
        case.look(awake.seconds(300.5 + half / 2))
    assert case.codes == []
    case.look(awake.seconds(359.5))
    assert case.codes == [Exit.STUCK], "of the sleep, one second counts"
