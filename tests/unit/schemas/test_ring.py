import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ring import (
    HEAD_BYTES,
    begun,
    buckets_before,
    buckets_of,
    has,
    most_cell_bytes,
    newest_of,
    read,
    ring_of,
    with_newest,
)

bucket_maps = st.dictionaries(st.integers(-300, 300), st.binary(max_size=300), max_size=12)


@given(bucket_maps)
def test_buckets_come_back_oldest_first(buckets):
    found = buckets_of(ring_of(buckets))
    assert found == buckets
    assert list(found) == sorted(buckets)


@given(bucket_maps, st.integers(-310, 310))
def test_the_oldest_buckets_are_read_without_the_others(buckets, number):
    found = buckets_before(ring_of(buckets), number)
    assert found == sorted((bucket, cells) for bucket, cells in buckets.items() if bucket < number)


@given(bucket_maps, st.integers(301, 400), st.integers(-310, 301))
def test_a_ring_in_which_a_bucket_begins_is_the_one_that_is_built_of_what_stays(buckets, number, oldest):
    stays = {bucket: cells for bucket, cells in buckets.items() if bucket >= oldest}
    assert begun(ring_of(buckets), number, b"new", oldest) == ring_of({**stays, number: b"new"})


@given(bucket_maps, st.integers(-310, 310))
def test_a_ring_has_the_buckets_that_it_was_built_of(buckets, number):
    ring = ring_of(buckets)
    assert has(ring, number) == (number in buckets)
    assert newest_of(ring) == max(buckets.items(), default=None)


@given(bucket_maps, st.integers(301, 400))
def test_the_newest_bucket_takes_other_cells(buckets, newest):
    assert with_newest(ring_of({**buckets, newest: b"old"}), b"newer") == ring_of({**buckets, newest: b"newer"})


@given(bucket_maps)
def test_the_cells_of_a_ring_fill_no_more_than_is_said_and_hardly_less(buckets):
    ring = ring_of(buckets or {0: b""})
    fill = sum(map(len, buckets.values()))
    assert fill <= most_cell_bytes(ring) <= fill + 4 * len(buckets)


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 400])
def test_cells_of_any_length_come_back(size):
    assert buckets_of(ring_of({7: bytes(size), 9: b"x"})) == {7: bytes(size), 9: b"x"}


def test_behind_its_head_a_ring_is_an_array_of_msgpack():
    cells = [msgpack.packb({1: number, 33: 1000 * number}) for number in (1, 2, 3)]
    ring = ring_of(dict(zip((10, 11, 14), cells, strict=True)))
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(ring[HEAD_BYTES:])
    first, second, third = ({1: number, 33: 1000 * number} for number in (1, 2, 3))
    assert [*unpacker] == [len(cells[0]), first, 1, len(cells[1]), second, 3, third]
    assert read(ring, 16) == ([2, 5, 6], [third, second, first])


def test_an_empty_ring_is_read_as_nothing():
    assert read(b"", 16) == ([], [])
