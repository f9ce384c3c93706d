"""Open loops one after the other: a step off schedule is tried again, and one without events is told, not a failure."""

from stream_app.bench.latency import Latency
from stream_app.bench.open_loop import Matched, Step
from stream_app.bench.protocol import Loops, Plan, lines
from stream_app.bench.schedule import SECOND_NS, Schedule, Sending
from stream_app.bench.sustain import LagPoint


class Job:
    """A job that does up to `most` events a second; its generator slips as told, step after step."""

    def __init__(self, left, *, most=1_000.0, slips=()):
        self.left = left
        self.asked = []
        self._most = most
        self._slips = [*slips]

    def step(self, rate, events, warm_share):
        assert events <= self.left
        self.left -= events
        self.asked.append((rate, events))
        slip = self._slips.pop(0) if self._slips else 0.0
        seconds = events / rate
        sending = Sending(events, rate, rate, seconds, slip, slip, 0.0, 0)
        lag = [LagPoint(float(at), round(max(0.0, rate - self._most) * at)) for at in range(int(seconds) + 1)]
        latency = Latency()
        latency.record_ns(5_000_000)
        schedule = Schedule(0, rate)
        step = Step(schedule, sending, tuple(lag), 0.1, int(seconds * SECOND_NS), ())
        return step, Matched({"alert": latency}, 1, 1, 0, 0, {})


def loops(job, *, seconds=10.0):
    said = []
    plan = Plan(1_000, 1, (), (), seconds, 1.0, True, 500.0, True)
    return Loops(job, plan, said.append), said


def test_a_step_off_schedule_is_made_once_more():
    job = Job(10_000, slips=[3.0, 0.2])
    step = loops(job)[0].timed(100)
    assert (step["void"], job.asked) == (None, [(100, 1_000)] * 2)


def test_a_step_that_stays_off_schedule_is_void():
    job = Job(10_000, slips=[3.0, 3.0, 0.0])
    assert "slipped by 3.00 ms" in loops(job)[0].timed(100)["void"]
    assert len(job.asked) == 2


def test_a_step_off_schedule_stays_void_when_no_events_are_left_for_another():
    job = Job(1_500, slips=[3.0])
    made, said = loops(job)
    assert made.timed(100)["void"]
    assert "too few events are left for another try" in said[-1]


def test_a_step_is_as_long_as_events_are_left():
    job = Job(250)
    assert loops(job)[0].timed(100)["void"] is None
    assert job.asked == [(100, 250)]


def test_a_rate_for_which_no_second_of_events_is_left_is_left_out_and_told():
    job = Job(99)
    made, said = loops(job)
    assert made.timed(100) == {"rate": 100, "left_out": "99 events are left: make more (--events)"}
    assert job.asked == []
    assert "100 events a second are left out" in said[-1]


def test_the_ladder_finds_what_is_sustained_though_a_rung_was_off_schedule():
    job = Job(1_000_000, most=700.0, slips=[0.0, 2.0])
    found = loops(job)[0].climbed(1_000)
    assert [rung["rate"] for rung in found["rungs"]][:3] == [250, 500, 1_000]
    assert found["found"]
    assert 600 <= found["sustainable"] <= 700 * 1.05 < found["failed_at"]


def test_the_ladder_ends_where_the_generator_cannot_follow():
    job = Job(1_000_000, slips=[0.0, 2.0, 2.0])
    found = loops(job)[0].climbed(1_000)
    assert (found["sustainable"], found["found"], found["failed_at"]) == (250, True, None)


def test_a_ladder_without_a_rung_takes_half_of_the_backlogs_rate_and_says_so():
    found = loops(Job(1_000_000, slips=[2.0, 2.0]))[0].climbed(1_000)
    assert (found["sustainable"], found["found"], found["rungs"]) == (500, False, [])


def told_of(**changed):
    account = {"actions_seen": 1, "actions_expected": 1, "right": True}
    latency = {"steps": [], "left_out": [], "sustainable": 2_000.0, "found": True, "account": account, **changed}
    return lines({"cost": [], "latency": latency})


def test_what_was_left_out_stands_in_the_lines():
    left_out = [{"rate": 1_563.0, "left_out": "0 events are left: make more (--events)"}]
    assert told_of(left_out=left_out)[0] == "1,563 events/s: not measured: 0 events are left: make more (--events)"
    assert not any("not measured" in line for line in told_of())


def test_what_no_rung_has_shown_is_not_called_sustainable():
    assert told_of()[-1].startswith("sustainable: 2,000 events/s")
    assert told_of(found=False)[-1].startswith("taken for sustainable, which was not measured: 2,000 events/s")
