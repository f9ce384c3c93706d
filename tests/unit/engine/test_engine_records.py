"""Positions and origins of records."""

import pytest

from stream_app.engine.records import Origin, Position
from tests.unit.engine.engine_builders import PAY, a_record

ORIGIN = Origin(PAY, 3, b"ann", 17, 2)


def test_an_origin_comes_back_from_the_headers_that_it_wrote():
    assert Origin.of(ORIGIN.headers()) == ORIGIN


def test_a_record_without_all_of_an_origin_has_none():
    assert Origin.of([]) is None
    for missing in range(5):
        assert Origin.of([h for n, h in enumerate(ORIGIN.headers()) if n != missing]) is None


def test_headers_that_are_no_numbers_are_no_origin():
    headers = [(name, b"many" if name == "source-offset" else value) for name, value in ORIGIN.headers()]
    assert Origin.of(headers) is None


def test_of_repeated_headers_the_last_counts():
    record = a_record(1, origin=ORIGIN)
    record.headers = [("trace", b"a"), ("trace", b"b")]
    assert record.header("trace") == b"b"
    assert record.header("other") is None


TRACE = b"00-%s-%s-01" % (b"0af7" * 8, b"b7ad" * 4)


@pytest.mark.parametrize("forged", [b"00-ab-cd-01", TRACE.upper(), TRACE + b"\n", TRACE + b"-x", b"x" * 100_000, b""])
def test_only_a_trace_parent_of_the_w3c_shape_is_passed_on(forged):
    record = a_record(1)
    record.headers = [("traceparent", TRACE)]
    assert record.traceparent == TRACE
    record.headers = [("traceparent", forged)]
    assert record.traceparent is None


def test_a_record_prints_where_it_lies_and_not_what_it_says():
    record = a_record(5, text="secret@1")
    assert record.position == Position(PAY, 0, 5)
    assert repr(record) == "Record(pay-0@5)"
