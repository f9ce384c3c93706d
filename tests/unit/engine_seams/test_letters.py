"""Dead letters: the bytes as they came, cut only where they could stop the partition (contract-rules.md 18)."""

from stream_app.engine.effects import BadInput, Staged, dead_letter
from stream_app.engine.letters import letter_of
from stream_app.engine.records import Record


def a_letter(value: bytes | None = b"{}", key: bytes = b"C1", headers: list[tuple[str, bytes]] | None = None):
    record = Record("bank.transactions", "id", 3, 42, key, value, headers or [], 1_700_000_000_123)
    return letter_of(Staged(record, 0, dead_letter(BadInput("bad_json", "at byte 2"))))


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
    headers = a_letter(headers=[("ce_id", b"1"), ("dl-reason", b"forged"), ("dl-x", b"y")]).headers
    assert ("ce_id", b"1") in headers
    assert [value for name, value in headers if name == "dl-reason"] == [b"bad_json"]
    assert "dl-x" not in dict(headers)


def test_a_million_bytes_pass_whole_and_one_more_is_cut():
    assert len(a_letter(b"x" * 1_000_000).value or b"") == 1_000_000
    letter = a_letter(b"x" * 1_000_001)
    assert letter.value == b"x" * 65_536
    assert (dict(letter.headers)["dl-truncated"], dict(letter.headers)["dl-size"]) == (b"true", b"1000001")


def test_headers_push_a_large_value_over_the_limit_and_are_dropped_only_if_too_large_themselves():
    pushed = a_letter(b"x" * 1_000_000, headers=[("h", b"y" * 50_000)])
    assert len(pushed.value or b"") == 65_536
    assert "h" in dict(pushed.headers)
    huge = a_letter(b"x", headers=[("h", b"y" * 1_100_000)])
    assert "h" not in dict(huge.headers)


def test_an_empty_value_stays_empty_and_a_record_of_nothing_can_still_be_sent():
    assert a_letter(None).value is None
    nothing = a_letter(None, key=b"")
    assert (nothing.key, nothing.value) == (None, b"")
