"""Logs: one JSON object a line, customers as keyed hashes, no forged lines."""

import io
import json
import logging

import pytest
import structlog

from stream_app.settings import Settings
from stream_app.telemetry.logs import configure, customer_hash
from stream_app.worker.run import ProfileLookup
from tests.builders import a_customer
from tests.customers import lived


@pytest.fixture
def lines():
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    configure(Settings.load(), stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], _ = before
    root.setLevel(before[1])
    structlog.reset_defaults()


def test_each_record_is_one_json_object(lines):
    structlog.get_logger("rapport").info("checkpoint done", batches=3)
    logging.getLogger("other").warning("plain %s", "text")

    first, second = lines()
    assert (first["event"], first["batches"], first["level"]) == ("checkpoint done", 3, "info")
    assert second["event"] == "plain text"


def test_an_id_with_a_line_break_cannot_forge_a_line(lines):
    structlog.get_logger("rapport").warning("bad key", key='x\n{"event": "forged"}')

    assert [line["event"] for line in lines()] == ["bad key"]


def test_faust_never_logs_below_warning(lines):
    logging.getLogger("faust.topics").info("values")

    assert lines() == []


async def test_the_log_says_that_somebody_looked_at_a_profile_and_not_whose_name_it_bears(lines):
    profile, _ = lived(a_customer(customer_id="C-4711"))
    settings = Settings.load(log_key="deep-secret")
    lookup = ProfileLookup({"C-4711": profile}.get, "CNY", settings)

    assert (await lookup("C-4711"))["customer_id"] == "C-4711"
    assert await lookup("C-4712") is None

    told = [(line["event"], line["customer"], line["found"]) for line in lines()]
    assert told == [
        ("profile looked up", customer_hash("C-4711", "deep-secret"), True),
        ("profile looked up", customer_hash("C-4712", "deep-secret"), False),
    ]
    assert "C-471" not in json.dumps(lines())


def test_a_customer_is_the_same_hash_under_one_key_and_another_under_the_next():
    assert customer_hash("C1", "a") == customer_hash("C1", "a")
    assert len({customer_hash("C1", "a"), customer_hash("C1", "b"), customer_hash("C2", "a")}) == 3
    assert "C1" not in customer_hash("C1", "a")
