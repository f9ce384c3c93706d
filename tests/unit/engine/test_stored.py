"""Laws of the stored value's bytes."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.actions import Effect
from stream_app.engine.effects import BadInput, Entry, dead_letter
from stream_app.engine.origins import heard, origin_of
from stream_app.engine.records import Origin, Record
from stream_app.engine.rules import OutboxLimits, TopicRule
from stream_app.engine.stored import (
    MAX_BYTES,
    MAX_KEYS,
    BadStoredValueError,
    Stored,
    ValueTooLargeError,
    decode,
    encode,
    has_body,
    peek,
)

offsets = st.integers(0, 2**62)
topic_ids = st.uuids().map(str) | st.text(max_size=8)
times = st.none() | st.integers(-(2**62), 2**62)
words = st.text(max_size=12)
effects = st.builds(
    Effect, st.sampled_from(["stream", "topic"]), words, words, st.binary(max_size=40), st.booleans()
) | st.builds(lambda reason, detail: dead_letter(BadInput(reason, detail)), words, words)
entries = st.builds(Entry, topic_ids, st.integers(0, 999), offsets, st.integers(0, 99), effects)
sources = st.tuples(topic_ids, st.integers(0, 999) | st.binary(max_size=20))
values = st.builds(
    Stored,
    st.dictionaries(topic_ids, offsets, max_size=6),
    st.dictionaries(sources, st.tuples(offsets, st.integers(0, 99)), max_size=4),
    times,
    times,
    st.lists(entries, max_size=4).map(tuple),
    st.none() | st.binary(max_size=200),
)

SIXTEEN_KB = 16_384

EMPTY = Stored({}, {}, None, None, (), b"")


@given(values)
def test_what_is_encoded_comes_back_the_same(value):
    assert decode(encode(value)) == value


@given(values)
def test_the_times_in_front_are_read_without_the_rest(value):
    assert peek(encode(value)) == (value.next_due_ms, value.highest_ms)


@given(values)
def test_whether_there_is_a_body_is_told_without_decoding(value):
    assert has_body(encode(value)) == (value.body is not None)


def test_a_stub_is_not_an_empty_body():
    assert decode(encode(EMPTY._replace(body=None))).body is None
    assert decode(encode(EMPTY)).body == b""


def test_a_newer_version_is_named_in_the_error():
    with pytest.raises(BadStoredValueError, match="version 9; this program reads version 1"):
        decode(b"\x09" + encode(EMPTY)[1:])


@pytest.mark.parametrize("length", range(26))
def test_a_value_cut_short_is_an_error(length):
    whole = encode(EMPTY._replace(guard={"t": 1}))
    assert length < len(whole)
    with pytest.raises(BadStoredValueError):
        decode(whole[:length])


def test_a_damaged_header_is_an_error():
    whole = bytearray(encode(EMPTY._replace(guard={"t": 1})))
    whole[21:23] = b"\xc1\xc1"
    with pytest.raises(BadStoredValueError, match="header"):
        decode(bytes(whole))


def test_a_value_above_64_kb_is_refused():
    room = MAX_BYTES - len(encode(EMPTY))
    assert len(encode(EMPTY._replace(body=b"x" * room))) == MAX_BYTES
    with pytest.raises(ValueTooLargeError, match="65537 bytes"):
        encode(EMPTY._replace(body=b"x" * (room + 1)))


def test_a_topic_uuid_takes_16_bytes():
    uuid = "01234567-89ab-cdef-0123-456789abcdef"
    assert bytes.fromhex(uuid.replace("-", "")) in encode(EMPTY._replace(guard={uuid: 7}))


def test_the_largest_body_with_all_that_the_engine_may_put_beside_it_fits():
    topics = [str(UUID(int=(1 << 127) + n)) for n in range(8)]
    rule = TopicRule("people", repeats="by_key")
    seen = {}
    for n in range(MAX_KEYS + 1):
        origin = Origin(topics[0], 999, b"%d" % n * 256, 2**53 - n, 99)
        seen = heard(seen, origin_of(Record("ours", topics[1], 0, n, b"ann", b"", origin.headers()), rule))
    effect = Effect("stream", "s" * 40, "k" * 60, b"x" * 1_000)
    outbox = [Entry(topics[0], 999, 2**53, n, effect) for n in range(OutboxLimits().most)]
    outbox = outbox[: OutboxLimits().most // outbox[0].size]
    full = Stored(dict.fromkeys(topics, 2**53), seen, 2**53, 2**53, tuple(outbox), b"x" * SIXTEEN_KB)
    assert len(seen) == MAX_KEYS
    assert len(encode(full)) <= MAX_BYTES
