"""The stream as a file: repeatable, in order of arrival, and in line with docs/events.md."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest

from schemas import wire
from schemas.errors import BadMessage
from schemas.times import parse_rfc3339
from stream_app.simulate import NO_FAULTS, Faults, Options, parse_line, simulate, write
from stream_app.simulate.brokenness import BREAKAGES, REASONS

STATES = {"broken": "broken", "duplicate": "duplicate", "duplicate_changed": "duplicate"}
SMALL = Options(customers=30, days=12, seed=5)


def decoded(line):
    """The event of a line as it stands in a file."""
    read = parse_line(line.encode())
    key = None if read.key is None else read.key.encode()
    headers = [(name, text.encode()) for name, text in read.headers]
    topic = read.topic.removeprefix("bank.")
    return wire.decode(topic, key, read.value, headers, read.arrival_ms, ("file", 0, 0))


def test_equal_options_give_byte_identical_files(tmp_path):
    for name in ("one", "two"):
        write(SMALL, tmp_path / name, tmp_path / f"{name}.truth")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one.truth").read_bytes() == (tmp_path / "two.truth").read_bytes()


def test_another_seed_gives_another_bank():
    assert [line.value for line in simulate(SMALL)] != [line.value for line in simulate(replace(SMALL, seed=6))]


def test_lines_come_in_order_of_arrival(bank):
    assert all(earlier.arrival_ms <= later.arrival_ms for earlier, later in pairwise(bank.lines))


def test_no_good_event_arrives_before_it_occurred(bank):
    for line in bank.lines:
        if not line.fault.startswith("broken"):
            assert parse_rfc3339(orjson.loads(line.value)["occurred_at"]) <= line.arrival_ms


def test_every_line_is_taken_or_refused_for_the_planted_reason(bank):
    for line in bank.lines:
        expected = REASONS[line.fault.removeprefix("broken:")] if line.fault.startswith("broken:") else None
        if expected is None:
            assert decoded(line).unknown_fields == ()
            continue
        with pytest.raises(BadMessage) as refused:
            decoded(line)
        assert refused.value.reason == expected, line.fault


def test_every_kind_of_brokenness_gets_its_reason():
    rotten = replace(SMALL, faults=replace(NO_FAULTS, broken=1.0), days=60)
    seen = set()
    for line in simulate(rotten):
        kind = line.fault.removeprefix("broken:")
        if line.fault and kind not in seen:
            with pytest.raises(BadMessage) as refused:
                decoded(line)
            assert refused.value.reason == REASONS[kind], kind
            seen.add(kind)

    assert seen == {kind.name for kind in BREAKAGES}
    assert len(seen) >= 30


def test_a_file_line_tells_the_record_that_kafka_would_carry(bank):
    for line in bank.lines:
        read = parse_line(line.encode())
        assert (read.topic, read.key, read.arrival_ms, read.headers) == (
            line.topic,
            line.key,
            line.arrival_ms,
            line.headers,
        )
        assert read.value == line.value


def test_master_data_comes_before_anything_else_of_a_customer(bank):
    told = set()
    for line in bank.lines:
        if line.topic == "bank.customers" and not line.fault.startswith("broken"):
            told.add(line.key)
        elif not line.fault and line.topic != "bank.mentions" and line.arrival_ms > bank.world.start_ms + 60_000:
            assert line.key in told


def test_the_truth_counts_every_line(bank):
    counts = next(record for record in bank.truth if record["record"] == "counts")
    lines = Counter()
    for line in bank.lines:
        state = line.fault.partition(":")[0]
        lines[line.topic, STATES.get(state, "good")] += 1

    assert counts["total"] == len(bank.lines)
    assert {(topic, state): n for topic, states in counts["lines"].items() for state, n in states.items()} == lines
    assert sum(kind["count"] for kind in counts["broken"].values()) == sum(
        n for (_, state), n in lines.items() if state == "broken"
    )


def test_event_ids_repeat_only_in_duplicates(bank):
    ids = Counter((line.topic, line.event_id) for line in bank.lines if not line.fault.startswith("duplicate"))
    again = [line for line in bank.lines if line.fault.startswith("duplicate")]

    assert set(ids.values()) == {1}
    assert again
    assert all(ids[line.topic, line.event_id] == 1 for line in again)


def test_faults_come_in_the_shares_that_were_asked_for(bank):
    good = sum(1 for line in bank.lines if not line.fault.startswith(("duplicate", "broken")))
    shares = Counter(line.fault.partition(":")[0].partition("_changed")[0] for line in bank.lines)
    faults = bank.options.faults

    for fault in ("late", "duplicate", "out_of_order", "broken"):
        assert shares[fault] / good == pytest.approx(getattr(faults, fault), rel=0.12), fault


def test_without_faults_every_line_is_good():
    assert {line.fault for line in simulate(replace(SMALL, faults=NO_FAULTS))} == {""}


def test_late_events_come_hours_after_they_occurred(bank):
    for line in bank.lines:
        if line.fault in ("late", "out_of_order"):
            delay_minutes = (line.arrival_ms - parse_rfc3339(orjson.loads(line.value)["occurred_at"])) / 60_000
            shortest, longest = (60, 36 * 60 + 1) if line.fault == "late" else (1, 9)
            assert shortest <= delay_minutes <= longest


def test_a_changed_duplicate_says_something_else_under_the_same_id(bank):
    first = {(line.topic, line.event_id): line for line in bank.lines if not line.fault.startswith(("dup", "broken"))}
    changed = [line for line in bank.lines if line.fault == "duplicate_changed"]

    assert changed
    for line in changed:
        assert line.value != first[line.topic, line.event_id].value
        assert line.key == first[line.topic, line.event_id].key
        decoded(line)


def test_the_truth_never_enters_the_stream(bank):
    hidden = (b'"persona"', b"leaves", b"first_sign", b"decoy", b"averse", b"affinity", b"sentiment", b"card_testing")
    assert not any(word in line.value for line in bank.lines for word in hidden)


@pytest.mark.parametrize(
    "wrong", [{"customers": 0}, {"days": 0}, {"branches": 100}, {"activity": -1.0}, {"faults": Faults(late=1.5)}]
)
def test_a_bank_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"bank|shares|negative"):
        Options(**wrong)
