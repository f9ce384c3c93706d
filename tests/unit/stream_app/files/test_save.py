"""What is saved of a topic can be played again, whatever lay in it."""

import pytest
from aiokafka import ConsumerRecord

from stream_app.files.save import line
from stream_app.offline.replay import read_lines


def a_record(value, key=b"C1", headers=(), timestamp=1_000):
    return ConsumerRecord("bank.transactions", 0, 7, timestamp, 0, key, value, None, len(key or b""), 0, headers)


def played(tmp_path, *records):
    """The lines as `replay` reads them."""
    path = tmp_path / "saved.jsonl"
    path.write_bytes(b"".join(line(record) for record in records))
    return list(read_lines(path, "bank"))


def nested(depth):
    return b'{"note":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    "value",
    [
        None, b"", b"no json", b"[1]", b"null", b"\xff\xfe", b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"amount":"1.50"}',
        *(nested(depth) for depth in (80, 253, 254, 1_023, 1_024, 5_000)),
    ],
    ids=lambda value: repr(value)[:24] + (f"... {len(value)}" if value and len(value) > 24 else ""),
)  # fmt: skip
def test_the_very_bytes_come_back(tmp_path, value):
    before, found, after = played(tmp_path, a_record(b"{}"), a_record(value), a_record(b"{}"))
    assert (before.value, found.value, after.value) == (b"{}", value, b"{}")


def test_an_object_over_several_lines_is_one_line(tmp_path):
    (found,) = played(tmp_path, a_record(b'{\r\n "a": "b\\nc"\n}\n'))
    assert found.value == b'{"a":"b\\nc"}'


def test_key_headers_and_time_go_with_it(tmp_path):
    (found,) = played(tmp_path, a_record(b"{}", headers=(("ce_id", "\u4e2d".encode()), ("empty", None))))
    assert (found.key, found.timestamp_ms) == (b"C1", 1_000)
    assert found.headers == (("ce_id", "\u4e2d".encode()), ("empty", b""))


def test_a_record_without_a_key_is_checked_like_any_other(tmp_path):
    (found,) = played(tmp_path, a_record(b"{}", key=None))
    assert found.key == b""
