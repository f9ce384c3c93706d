"""A line of a replay file, and how the command ends over one that is none."""

import json

import pytest

from stream_app.offline.replay import BadLine, read_lines
from tests.builders import wire_form
from tests.commands import rapport


@pytest.fixture
def lines_of(tmp_path):
    def read(text, namespace="bank"):
        path = tmp_path / "in.jsonl"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return list(read_lines(path, namespace))

    return read


def test_a_line_gives_what_kafka_would_give(lines_of):
    (line,) = lines_of(
        '{"topic": "bank.mentions", "value": {"a": 1}, "key": "weibo:张三", "timestamp": 5, "headers": {"ce_id": "x"}}'
    )
    assert line.topic == "mentions"
    assert (line.value, line.key, line.timestamp_ms) == (b'{"a":1}', "weibo:张三".encode(), 5)
    assert line.headers == (("ce_id", b"x"),)


def test_what_a_line_does_not_say_is_unknown(lines_of):
    (line,) = lines_of('{"topic": "bank.transactions", "value": {}}')
    assert (line.key, line.timestamp_ms, line.headers) == (None, None, ())


def test_blank_lines_are_nothing(lines_of):
    assert len(lines_of('\n{"topic": "bank.transactions", "value": 1}\n  \n')) == 1


def test_null_is_no_value_and_raw_stands_for_bytes(lines_of):
    null, empty, some = lines_of(
        '{"topic": "bank.customers", "value": null}\n'
        '{"topic": "bank.customers", "raw": ""}\n'
        '{"topic": "bank.customers", "raw": "/w=="}\n'
    )
    assert (null.value, empty.value, some.value) == (None, b"", b"\xff")


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        "7",
        '{"value": {}}',
        '{"topic": "bank.transactions"}',
        '{"topic": 7, "value": {}}',
        '{"topic": "bank.payments", "value": {}}',
        '{"topic": "other.transactions", "value": {}}',
        '{"topic": "bank.transactions", "raw": "!"}',
        '{"topic": "bank.transactions", "raw": 7}',
        '{"topic": "bank.transactions", "value": {}, "headers": ["a"]}',
        '{"topic": "bank.transactions", "value": {}, "headers": {"a": 1}}',
        '{"topic": "bank.transactions", "value": {}, "key": 7}',
        '{"topic": "bank.transactions", "value": {}, "timestamp": "now"}',
        '{"topic": "bank.transactions", "value": {}, "timestamp": true}',
        b'{"topic": "bank.transactions", "value": "\xff"}',
    ],
)
def test_a_line_that_is_no_record_is_named_by_file_and_number(lines_of, bad):
    good = b'{"topic": "bank.transactions", "value": {}}\n'
    with pytest.raises(BadLine, match=r"in\.jsonl:2: ") as told:
        lines_of(good + (bad if isinstance(bad, bytes) else bad.encode()) + b"\n")
    assert "\n" not in str(told.value)


def test_the_command_names_the_bad_line_in_one_line(tmp_path):
    path = tmp_path / "in.jsonl"
    good = json.dumps({"topic": "bank.transactions", "value": wire_form("transactions")})
    path.write_text(f"{good}\n{{\n")
    answer = rapport("replay", path, "--out", tmp_path / "out")
    assert answer.code == 1
    assert "in.jsonl:2" in answer.complaint


def test_the_command_names_a_file_or_directory_that_it_cannot_use(tmp_path):
    missing, taken = tmp_path / "no.jsonl", tmp_path / "taken"
    taken.write_text("")
    answer = rapport("replay", missing, "--out", tmp_path / "out")
    assert (answer.code, "no.jsonl: No such file" in answer.complaint) == (1, True)
    answer = rapport("replay", taken, "--out", taken)
    assert (answer.code, "taken: File exists" in answer.complaint) == (1, True)


def test_a_policy_that_cannot_be_used_is_named_by_file(tmp_path):
    (tmp_path / "policy").mkdir()
    answer = rapport("replay", tmp_path, "--out", tmp_path / "out", "--policy", tmp_path / "policy")
    assert answer.code == 1
    assert "policy" in answer.complaint
