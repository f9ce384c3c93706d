import pytest
from pydantic import ValidationError

from schemas.dead_letters import CUT_BYTES, MAX_RECORD_BYTES, DeadLetter, dead_record, read_headers
from schemas.errors import BadMessage
from tests.builders import BEGINNING

BAD = BadMessage("bad_amount", "amount: no digits")
TOO_LARGE = BadMessage("too_large", "over 1,000,000 bytes")


def bury(bad=BAD, **changes):
    place = {"topic": "bank.transactions", "partition": 3, "offset": 41, "received_ms": BEGINNING}
    record = {"key": b"C1", "value": b"{}", "headers": [("traceparent", b"00-1")]}
    return dead_record(bad, **(place | record | changes))


def size_of(record) -> int:
    headers = sum(len(name) + len(value or b"") + 10 for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def test_a_dead_letter_says_why_and_where_from_and_keeps_the_bytes():
    record = bury()
    assert (record.key, record.value) == (b"C1", b"{}")
    assert dict(record.headers) == {
        "traceparent": b"00-1",
        "dl-reason": b"bad_amount",
        "dl-error": b"amount: no digits",
        "dl-topic": b"bank.transactions",
        "dl-partition": b"3",
        "dl-offset": b"41",
        "dl-received-at": b"2026-03-02T01:00:00.000Z",
        "dl-size": b"2",
    }


def test_the_headers_read_back():
    expected = DeadLetter(reason="bad_amount", error="amount: no digits", topic="bank.transactions", partition=3,
                          offset=41, received_ms=BEGINNING, size=2)  # fmt: skip
    assert read_headers(bury().headers) == expected


def test_without_a_time_stamp_there_is_no_received_at():
    assert "dl-received-at" not in dict(bury(received_ms=None).headers)
    assert read_headers(bury(received_ms=None).headers).received_ms is None


def test_a_null_value_stays_null():
    record = bury(value=None)
    assert (record.value, dict(record.headers)["dl-size"]) == (None, b"0")


def test_incoming_dl_headers_do_not_stay():
    record = bury(headers=[("dl-reason", b"mine"), ("DL-x", b"mine"), ("x", None)])
    assert [name for name, value in record.headers if value == b"mine"] == []
    assert ("x", None) in record.headers


def test_a_too_large_value_is_cut_and_says_so():
    record = bury(TOO_LARGE, value=b"x" * 1_000_001)
    assert len(record.value) == CUT_BYTES
    assert read_headers(record.headers).truncated
    assert dict(record.headers)["dl-size"] == b"1000001"


def test_a_value_that_passes_the_limit_with_its_headers_is_cut():
    headers = [("x", b"y" * 50_000)]
    record = bury(value=b"x" * 1_000_000, headers=headers)
    assert len(record.value) == CUT_BYTES
    assert headers[0] in record.headers
    assert size_of(record) <= MAX_RECORD_BYTES


def test_a_small_value_is_whole_also_beside_a_large_key():
    record = bury(value=b"{}", key=b"k" * 960_000)
    assert (record.value, len(record.key)) == (b"{}", 960_000)
    assert "dl-truncated" not in dict(record.headers)


def test_headers_that_are_too_large_themselves_are_dropped_and_small_ones_stay():
    record = bury(
        value=b"x" * 100_000, headers=[("big", b"y" * 999_000), ("small", b"z"), ("bigger", b"y" * 1_000_000)]
    )
    assert "big" not in dict(record.headers)
    assert dict(record.headers)["small"] == b"z"
    assert size_of(record) <= MAX_RECORD_BYTES


def test_a_key_that_is_too_large_itself_is_dropped():
    record = bury(TOO_LARGE, value=b"x" * 1_000_001, key=b"k" * 1_030_000)
    assert record.key is None
    assert size_of(record) <= MAX_RECORD_BYTES


@pytest.mark.parametrize("size", [MAX_RECORD_BYTES - 2_000, MAX_RECORD_BYTES - 200, MAX_RECORD_BYTES])
def test_no_dead_letter_passes_the_limit(size: int):
    assert size_of(bury(value=b"x" * size)) <= MAX_RECORD_BYTES


def test_an_error_text_is_bounded():
    assert len(read_headers(bury(BadMessage("bad_value", "x" * 10_000)).headers).error) == 200


def test_what_is_no_dead_letter_does_not_read_as_one():
    with pytest.raises(ValueError, match="invalid literal"):
        read_headers([("x", b"1")])
    with pytest.raises(ValidationError):
        read_headers([("dl-partition", b"1"), ("dl-offset", b"1"), ("dl-size", b"1")])
