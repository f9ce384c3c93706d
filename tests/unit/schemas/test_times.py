import calendar

import pytest

from schemas.errors import BadMessage
from schemas.times import MAX_MS, epoch_ms, is_day, parse_rfc3339, to_rfc3339


def test_an_offset_is_taken_away():
    assert parse_rfc3339("2026-03-02T09:00:00+08:00") == calendar.timegm((2026, 3, 2, 1, 0, 0)) * 1000


def test_an_offset_west_is_added():
    assert parse_rfc3339("2026-03-02T09:00:00-03:30") == calendar.timegm((2026, 3, 2, 12, 30, 0)) * 1000


def test_fractions_finer_than_a_millisecond_are_floored():
    assert parse_rfc3339("1970-01-01T00:00:01.0019999999Z") == 1001


def test_a_day_that_does_not_exist_is_refused():
    with pytest.raises(BadMessage, match="no such day"):
        epoch_ms("2023-02-29T00:00:00Z")


@pytest.mark.parametrize("text", ["1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+23:00"])
def test_what_no_datetime_in_utc_could_hold_is_refused_and_not_overflowed(text: str):
    with pytest.raises(BadMessage, match="outside 1970 to 9999"):
        epoch_ms(text)


@pytest.mark.parametrize("text", ["", "now", "2026-03-02T09:00:00", "2026-03-02T09:00:00z", "2026-03-02T09:00:00Z\n"])
def test_what_is_not_strict_rfc_3339_is_refused(text: str):
    with pytest.raises(BadMessage) as refused:
        parse_rfc3339(text)
    assert refused.value.reason == "bad_time"


def test_a_fraction_of_a_thousand_digits_is_refused():
    with pytest.raises(BadMessage):
        parse_rfc3339(f"2026-03-02T09:00:00.{'1' * 1000}Z")


def test_the_first_and_the_last_instant_can_be_written():
    assert to_rfc3339(0) == "1970-01-01T00:00:00.000Z"
    assert to_rfc3339(MAX_MS) == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize(("text", "expected"), [("2024-02-29", True), ("2023-02-29", False), ("2024-W01-1", False)])
def test_a_day_is_a_day_of_the_calendar_written_with_dashes(text: str, expected: bool):
    assert is_day(text) is expected
