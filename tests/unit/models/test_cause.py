from models.cause import Cause
from schemas.profile import Due
from tests.builders import BEGINNING, a_transaction


def test_an_events_actions_are_told_apart_by_name_and_running_number():
    cause = Cause.of_event(a_transaction(event_id="t-1"))
    assert (cause.source_id, cause.at_ms, cause.customer_id, cause.timed) == ("t-1", BEGINNING, "C1", False)
    ids = [cause.id("large_outflow"), cause.id("large_outflow"), cause.id("offer")]
    assert len(set(ids)) == 3


def test_what_one_rule_does_does_not_change_the_ids_of_another():
    both, one = Cause("t-1", 0, "C1"), Cause("t-1", 0, "C1")
    both.id("first")
    assert both.id("second") == one.id("second")


def test_works_name_subject_and_time_stand_for_an_event():
    cause = Cause.of_work("C1", Due(5, "mature", "e-1"))
    assert (cause.source_id, cause.at_ms, cause.timed) == ("mature:e-1", 5, True)
    assert Cause.of_work("C1", Due(5, "regrade")).source_id == "regrade"
