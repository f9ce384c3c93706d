"""The engine's dead letters: a record and the reason in its effect, made by `schemas.dead_letters.dead_record`."""

import pytest

from schemas.dead_letters import CUT_BYTES, MAX_RECORD_BYTES, read_headers
from schemas.errors import BadReason
from schemas.times import MAX_MS
from stream_app.engine.effects import BadInput, dead_letter
from stream_app.engine.producer import letter_of
from stream_app.engine.records import Record


def a_letter(
    value: bytes | None = b"{}",
    key: bytes = b"C1",
    headers: list[tuple[str, bytes]] | None = None,
    timestamp_ms: int = 1_700_000_000_123,
    reason: BadReason = "bad_json",
    detail: str = "at byte 2",
):
    record = Record("bank.transactions", "id", 3, 42, key, value, headers or [], timestamp_ms)
    return letter_of(record, dead_letter(BadInput(reason, detail)))


def test_headers_say_why_and_where_from():
    letter = a_letter()
    assert (letter.key, letter.value) == (b"C1", b"{}")
    assert dict(letter.headers) == {
        "dl-reason": b"bad_json",
        "dl-error": b"at byte 2",
        "dl-topic": b"bank.transactions",
        "dl-partition": b"3",
        "dl-offset": b"42",
        "dl-received-at": b"2023-11-14T22:13:20.123Z",
        "dl-size": b"2",
    }


def test_the_records_own_headers_stay_and_forged_ones_do_not():
    headers = a_letter(headers=[("ce_id", b"1"), ("dl-reason", b"forged"), ("DL-X", b"y")]).headers
    assert ("ce_id", b"1") in headers
    assert [value for name, value in headers if name == "dl-reason"] == [b"bad_json"]
    assert "DL-X" not in dict(headers)


def test_a_million_bytes_pass_whole_and_what_is_too_large_is_cut():
    assert len(a_letter(b"x" * 1_000_000).value or b"") == 1_000_000
    letter = a_letter(b"x" * 1_000_001, reason="too_large")
    assert letter.value == b"x" * CUT_BYTES
    assert (dict(letter.headers)["dl-truncated"], dict(letter.headers)["dl-size"]) == (b"true", b"1000001")


@pytest.mark.parametrize("large", ["key", "headers", "value"])
def test_no_part_of_a_record_makes_a_letter_that_kafka_would_refuse(large: str):
    letter = a_letter(
        value=b"x" * (1_048_000 if large == "value" else 2),
        key=b"k" * (1_048_000 if large == "key" else 2),
        headers=[("h", b"y" * (1_048_000 if large == "headers" else 2))],
    )
    headers = sum(len(name) + len(content or b"") for name, content in letter.headers)
    assert len(letter.key or b"") + len(letter.value or b"") + headers < MAX_RECORD_BYTES


def test_an_error_text_is_bounded():
    assert len(dict(a_letter(detail="x" * 10_000).headers)["dl-error"] or b"") == 200


def test_an_empty_value_stays_empty_and_a_record_of_nothing_can_still_be_sent():
    assert a_letter(None).value is None
    nothing = a_letter(None, key=b"")
    assert (nothing.key, nothing.value) == (None, b"")


@pytest.mark.parametrize(("timestamp_ms", "received_ms"), [(-1, None), (0, 0), (1_700_000_000_123_000_000, MAX_MS)])
def test_any_time_stamp_of_a_sender_can_be_told(timestamp_ms: int, received_ms: int | None):
    assert read_headers(a_letter(timestamp_ms=timestamp_ms).headers).received_ms == received_ms
