"""Remembered ids: found again as long as they are among the last, and only as they were."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.remembered import HASH_BYTES, and_remembered, is_among, remember

HASHES = st.lists(st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES), max_size=12)


@given(HASHES, st.integers(2, 8))
def test_the_last_ones_are_remembered_in_their_order(hashes, limit):
    remembered = b""
    for name in hashes:
        remembered = and_remembered(remembered, name, limit)
    assert [remembered[at : at + HASH_BYTES] for at in range(0, len(remembered), HASH_BYTES)] == hashes[-limit:]


@given(st.lists(st.sampled_from([b"\0" * 8, b"\0" * 7 + b"\1", b"\1" + b"\0" * 7, b"\1\0" * 4]), max_size=6), HASHES)
def test_an_id_is_found_if_it_is_one_of_them_and_not_across_two(alike, others):
    hashes = [*alike, *others]
    remembered = b"".join(hashes)
    across = {remembered[at : at + HASH_BYTES] for at in range(len(remembered) - HASH_BYTES + 1)}
    for name in {*hashes, *across}:
        assert is_among(name, remembered) == (name in hashes)


def test_kind_and_id_both_count():
    assert remember("Transaction", "t-1") not in (remember("Interaction", "t-1"), remember("Transaction", "t-2"))
