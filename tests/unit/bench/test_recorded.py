"""A recording knows which message brings each action: what goes wrong first is told first."""

from pathlib import Path

from stream_app.bench.recorded import Recorded


def test_an_action_comes_by_its_message_by_time_as_of_one_or_after_all():
    by_time_as_of = -1 - 2  # numbers below 0 are of what time brings
    actions = {"a": (0, "alert", "alerts"), "b": (by_time_as_of, "alert", "alerts"), "c": (1, "offer", "offers")}
    recorded = Recorded(Path("messages"), (1, 3), b"", actions, ())
    assert [recorded.message_of(action) for action in ("a", "b", "c", "by none")] == [0, 2, 1, 4]
