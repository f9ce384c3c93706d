"""What counts as an alert's latency, and what does not."""

import orjson

from stream_app.alert_latency import REMEMBERED_EVENTS, AlertLatency
from stream_app.simulate import Line


def a_line(event_id="e1", occurred_at="2026-01-01T10:00:00+08:00"):
    return Line("bank.transactions", "C1", orjson.dumps({"occurred_at": occurred_at}), 0, event_id)


def test_it_is_the_time_from_sending_the_event_to_the_entry():
    latency = AlertLatency()
    latency.sent(a_line(), 1_000)
    latency.raised("e1", "2026-01-01T02:00:00Z", 1_015)
    assert latency.ms == [15]


def test_an_alert_that_time_brought_about_says_another_instant_than_the_event_that_it_hangs_on():
    latency = AlertLatency()
    latency.sent(a_line(), 1_000)
    latency.raised("e1", "2026-01-16T02:00:00Z", 9_000)
    assert latency.ms == []


def test_events_of_others_those_without_a_time_and_those_of_long_ago_tell_nothing():
    latency = AlertLatency()
    latency.sent(Line("bank.transactions", "C1", b"no json", 0, "broken"), 1_000)
    latency.sent(Line("bank.customers", "C1", b"{}", 0, "timeless"), 1_000)
    for number in range(REMEMBERED_EVENTS - 1):
        latency.sent(a_line(f"e{number}"), 1_000)
    for event_id in ("not ours", "broken", "timeless", "e0"):
        latency.raised(event_id, "2026-01-01T02:00:00Z", 1_001)
    assert latency.ms == [1]
