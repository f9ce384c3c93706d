"""Every malformed input through Kafka: put aside with its reason and its bytes, or accepted; the stream goes on."""

import re
import secrets

import pytest

from schemas.partitioner import partition_for
from tests.builders import wire_form
from tests.malformed import ACCEPTED, CASES

from .deployment import Raw, event, until

pytestmark = pytest.mark.integration

REASONS = {
    *("bad_json", "bad_envelope", "missing_field", "bad_value", "bad_id", "bad_amount", "bad_currency", "bad_time"),
    *("future", "too_large", "empty", "key_mismatch", "processing_error"),
}
NAME = "x-case"
"""A header of the sender's own; it must survive."""

UNSENDABLE = {case.name for case in CASES if case.topic == "customers" and case.key is None}
"""Kafka itself refuses a record without a key on a compacted topic."""


def with_own_id(number, case):
    """Give the case's event an id of its own, of the same length: a repeat is told by its id before it is looked at."""
    value = case.value and re.sub(rb'"m-[1-4]"', b'"%03x"' % number, case.value)
    return case._replace(value=value)


@pytest.fixture(scope="module")
def sent(bank):
    """Each case sent as a raw record, and what became of it: name -> (case, place, letter or None)."""
    cases = [with_own_id(number, case) for number, case in enumerate(CASES) if case.name not in UNSENDABLE]
    forged = [("dl-reason", b"forged"), ("dl-truncated", b"true")]
    before = {result: bank.metrics().events(result) for result in ("applied", "duplicate", "dead_letter")}
    places = bank.send(
        *[Raw(case.topic, case.key, case.value, [*case.headers, *forged, (NAME, case.name.encode())]) for case in cases]
    )
    until(lambda: bank.accounted() == bank.produced, "all that was sent is accounted for")
    letters = bank.letters()
    return {case.name: (case, place, letters.get(place)) for case, place in zip(cases, places, strict=True)}, before


@pytest.fixture(scope="module")
def outcomes(sent):
    return sent[0]


def headers_of(letter):
    return dict(letter.headers)


def test_every_case_ends_with_its_reason_or_is_accepted(outcomes):
    assert len(outcomes) > 200
    assert len(UNSENDABLE) == 1
    found = {
        name: ACCEPTED if letter is None else headers_of(letter)["dl-reason"].decode()
        for name, (_, _, letter) in outcomes.items()
    }
    assert found == {name: case.expected for name, (case, _, _) in outcomes.items()}


def test_a_dead_letter_says_why_and_where_from_and_keeps_bytes_key_and_own_headers(outcomes):
    for name, (case, (topic, partition, offset), letter) in outcomes.items():
        if letter is None:
            continue
        headers = headers_of(letter)
        assert headers["dl-reason"].decode() in REASONS, name
        assert (headers["dl-topic"], headers["dl-partition"], headers["dl-offset"]) == (
            topic.encode(), b"%d" % partition, b"%d" % offset,
        ), name  # fmt: skip
        assert re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", headers["dl-received-at"]), name
        assert headers["dl-error"], name
        assert headers["dl-size"] == b"%d" % len(case.value or b""), name
        assert letter.key == case.key, name
        assert headers[NAME] == name.encode()
        assert {*case.headers} <= {*letter.headers}, name
        assert [value for key, value in letter.headers if key == "dl-reason"] != [b"forged"], name
        if case.expected == "too_large":
            assert headers["dl-truncated"] == b"true", name
            assert letter.value == case.value[:65_536], name
        else:
            assert "dl-truncated" not in headers, name
            assert letter.value == case.value, name


def test_no_letter_has_two_values_of_one_of_our_headers(outcomes):
    for name, (_, _, letter) in outcomes.items():
        if letter is not None:
            ours = [key for key, _ in letter.headers if key.startswith("dl-")]
            assert len(ours) == len(set(ours)), name


def test_what_was_sent_is_what_was_applied_known_already_or_put_aside(bank, sent):
    outcomes, before = sent
    letters = sum(letter is not None for _, _, letter in outcomes.values())
    now = {result: bank.metrics().events(result) for result in before}
    assert letters == sum(case.expected != ACCEPTED for case, _, _ in outcomes.values())
    assert bank.accounted() == bank.produced
    assert now["dead_letter"] - before["dead_letter"] >= letters
    assert bank.count("crm_dead_letters_total") == bank.metrics().events("dead_letter") == len(bank.letters())


def test_a_repeat_is_told_by_its_id_before_its_content_is_looked_at(bank, sent, customer):
    good = wire_form("transactions", customer_id=customer)
    repeats, letters = bank.count("crm_duplicates_total"), bank.count("crm_dead_letters_total")
    bank.send(event("transactions", good), event("transactions", {**good, "amount": "a lot"}))
    until(lambda: bank.count("crm_duplicates_total") == repeats + 1, "the repeat is counted")
    assert bank.count("crm_dead_letters_total") == letters


def test_the_stream_goes_on_behind_them(bank, sent, customer):
    bank.send(
        *[event(topic, wire_form(topic, customer_id=customer)) for topic in ("transactions", "interactions")],
        event("mentions", wire_form("mentions", author=customer)),
        event("outcomes", wire_form("outcomes", customer_id=customer)),
    )
    bank.drain()
    profile = bank.rapport("profile", customer, "--json").json
    assert profile["events"] == {"transactions": 1, "interactions": 1, "mentions": 0, "outcomes": 1}
    until(lambda: bank.accounted() == bank.produced, "all that was sent is accounted for")


def test_a_record_on_a_partition_that_is_not_its_keys_is_put_aside(bank, customer):
    partitions = bank.settings.partitions
    wrong = (partition_for(customer.encode(), partitions) + 1) % partitions
    transaction = event("transactions", wire_form("transactions", customer_id=customer), partition=wrong)
    (place,) = bank.send(transaction)
    letter = until(lambda: bank.letters().get(place), "the letter is there")
    assert headers_of(letter)["dl-reason"] == b"key_mismatch"
    assert letter.value == transaction.value


def test_neither_letters_nor_logs_quote_what_was_sent(bank, customer):
    """A canary in every field that a customer or a bank may fill."""
    canary = f"canary-{secrets.token_hex(8)}"
    bank.send(
        event("transactions", wire_form("transactions", customer_id=customer, account_id=f"{canary} x")),
        event("transactions", wire_form("transactions", customer_id=customer, amount=canary)),
        event("transactions", wire_form("transactions", customer_id=customer, currency=canary)),
        event("transactions", wire_form("transactions", customer_id=customer, direction=canary)),
        event("transactions", wire_form("transactions", customer_id=customer, occurred_at=canary)),
        event("transactions", wire_form("transactions", customer_id=customer, event_id=f"{canary} x")),
        event("interactions", wire_form("interactions", customer_id=customer, rating=canary)),
        event("interactions", wire_form("interactions", customer_id=customer, text=canary, kind=canary)),
        event("customers", wire_form("customers", customer_id=customer, handles=[canary])),
        event("customers", wire_form("customers", customer_id=customer, name=canary, products=["current"])),
        event("mentions", wire_form("mentions", author=canary, text=f"{canary} 😡 太坑了")),
        Raw("transactions", canary.encode(), f'{{"{canary}": '.encode()),
    )
    bank.drain()
    ours = [letter for letter in bank.letters().values() if canary.encode() in (letter.value or b"")]
    assert len(ours) == 9
    for letter in ours:
        assert canary.encode() not in headers_of(letter)["dl-error"], headers_of(letter)["dl-error"]
    log = bank.log.read_text()
    assert canary not in log
    assert customer not in log
