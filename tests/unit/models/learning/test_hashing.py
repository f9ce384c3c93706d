"""What is known of a contact becomes slots: the same in every process, in any order, exact when it comes back."""

import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.learning.hashing import NUMBER_SLOTS, SLOTS, WORD_SLOTS, pack_slots, slots_of, unpack_slots
from schemas.profile import MAX_CONTEXT_BYTES

KEYS = st.from_regex(r"[a-z][a-z0-9_.]{0,31}", fullmatch=True)
WORDS, NUMBERS = st.text(max_size=64), st.floats(allow_nan=False, allow_infinity=False)
ATTRIBUTES = st.dictionaries(KEYS, WORDS | NUMBERS, max_size=32)
CALL = {"job": "student", "month": "may", "age": 31, "euribor3m": 4.857}


def test_nothing_known_is_no_slot():
    assert slots_of(None) == slots_of({}) == ()
    assert pack_slots(()) == b""
    assert unpack_slots(b"") == ()


def test_a_word_counts_one_and_a_number_its_value_with_a_sign_of_its_own():
    values = sorted(abs(value) for _, value in slots_of(CALL))
    assert values == [1.0, 1.0, pytest.approx(4.857), 31.0]


def test_words_and_numbers_have_slots_apart():
    assert all(slot < WORD_SLOTS for slot, _ in slots_of({f"k{n}": "x" for n in range(32)}))
    assert all(WORD_SLOTS <= slot < SLOTS for slot, _ in slots_of({f"k{n}": 1.5 for n in range(32)}))
    assert SLOTS == WORD_SLOTS + NUMBER_SLOTS == 256, "a slot is a byte of what waits for its label"


def test_a_number_that_is_nought_is_known_and_one_that_is_not_told_is_not():
    assert [value for _, value in slots_of({"age": 0.0})] == [0.0]


def test_two_words_of_one_slot_add_up_and_may_cancel_out():
    counted = {sum(abs(value) for _, value in slots_of({"a": "x", f"b{n}": "y"})) for n in range(300)}
    assert counted == {0.0, 2.0}
    assert {len(slots_of({"a": "x", f"b{n}": "y"})) for n in range(300)} == {0, 1, 2}


def test_a_number_beyond_the_limit_is_cut():
    assert {abs(value) for _, value in slots_of({"a": 1e300, "bb": -(10**60)})} == {1e6}


def test_another_process_hashes_alike():
    code = f"from models.learning.hashing import slots_of; print(slots_of({CALL!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(slots_of(CALL))


@given(ATTRIBUTES)
def test_order_does_not_show_and_what_was_scored_comes_back_to_the_last_bit(attributes):
    slots = slots_of(attributes)
    assert slots == slots_of(dict(reversed(attributes.items())))
    assert list(slots) == sorted(slots)
    assert unpack_slots(pack_slots(slots)) == slots
    assert all(struct.unpack("<f", struct.pack("<f", value))[0] == value for _, value in slots)


@given(st.integers(0, 10**6), st.lists(WORDS | NUMBERS, min_size=32, max_size=32))
def test_the_most_that_a_contact_can_tell_fits_where_it_waits(salt, values):
    attributes = {f"k{salt}.{place}": value for place, value in enumerate(values)}
    assert len(pack_slots(slots_of(attributes))) <= 1 + 32 * 5 <= MAX_CONTEXT_BYTES


def test_bytes_that_are_cut_off_are_refused():
    with pytest.raises(struct.error):
        unpack_slots(pack_slots(slots_of(CALL))[:-1])
