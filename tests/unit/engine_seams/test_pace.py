"""When a worker is behind: by how long what waits will take, at its own pace."""

import pytest
from faust.types import TP

from stream_app.engine.app import EngineApp
from stream_app.engine.consumer import LATE_SECONDS
from stream_app.engine.pace import HALF_LIFE_SECONDS, Pace
from tests.unit.engine_seams.test_app import app

__all__ = ["app"]  # the fixture

HERE, THERE = TP("bank.transactions", 0), TP("bank.interactions", 0)


def test_what_waits_takes_as_long_as_what_was_done():
    pace = Pace()
    assert pace.seconds_for(1_000) == 0.0, "nothing is known yet"
    pace.note(10, 0.002)
    assert pace.seconds_for(1_000) == pytest.approx(0.2)


def test_the_newer_counts_more():
    pace = Pace()
    pace.note(1_000, HALF_LIFE_SECONDS)  # a millisecond each, which counts half when as much work has followed
    pace.note(2_000, HALF_LIFE_SECONDS)
    assert pace.seconds_for(1) == pytest.approx((0.5 * HALF_LIFE_SECONDS + HALF_LIFE_SECONDS) / (500 + 2_000))


def test_a_worker_is_behind_by_all_that_waits_unless_it_is_little(app: EngineApp, monkeypatch):
    consumer = app.engine_consumer
    monkeypatch.setattr(consumer, "highwater", {HERE: 100, THERE: 50}.get)
    assert consumer._seconds_behind({HERE: 0}) == 0.0, "nothing was done yet"
    consumer._pace.note(1, 0.01)
    assert consumer._seconds_behind({HERE: 20, THERE: 40}) == pytest.approx(0.9)
    assert consumer._seconds_behind({HERE: 200}) == 0.0, "a mark older than the fetch"
    assert consumer._seconds_behind({HERE: 100 - int(LATE_SECONDS * 100)}) == 0.0
    assert consumer._seconds_behind({TP("bank.mentions", 0): 7}) == 0.0, "nothing is known of its end"
