"""A worker that a test started again is told of at the end of the run, once, whether the test passed or not."""

from types import SimpleNamespace

from tests.restarts import STARTED_AGAIN, told

ENDED = (STARTED_AGAIN, "w1 ended with 76: fenced")


def report(nodeid, *properties):
    return SimpleNamespace(nodeid=nodeid, user_properties=properties)


def test_each_restart_is_a_line_and_the_parts_of_a_test_tell_it_once():
    parts = {"passed": [report("a"), report("b", ENDED)], "": [report("b", ENDED)], "failed": [report("c", ENDED)]}

    assert told(parts) == ["b: w1 ended with 76: fenced", "c: w1 ended with 76: fenced"]


def test_where_nobody_was_started_again_nothing_is_told():
    assert told({"passed": [report("a", ("seed", "1"))], "warnings": [SimpleNamespace(nodeid="a")]}) == []
