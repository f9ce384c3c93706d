import pytest

from schemas.errors import REASON_ORDER, BadMessage
from schemas.wire import decode
from tests.malformed import ACCEPTED, CASES, RECEIVED_MS, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_malformed_input_gets_the_reason_of_the_contract(case: Case):
    try:
        decode(case.topic, case.key, case.value, case.headers, RECEIVED_MS, ("topic", 0, 1))
        outcome = ACCEPTED
    except BadMessage as bad:
        outcome = bad.reason
    assert outcome == case.expected


def test_the_list_has_every_reason_that_a_message_can_bring_about_and_each_name_once():
    assert {case.expected for case in CASES} == {*REASON_ORDER, ACCEPTED} - {"processing_error"}
    assert len({case.name for case in CASES}) == len(CASES)
