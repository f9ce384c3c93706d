"""A version packed piece by piece is the same bytes as packed at one go."""

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from models.training.packing import SHORT, pieces

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-9, 2**40) | st.text(max_size=5) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=2 * SHORT)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 99), inner, max_size=20)
    ),
    max_leaves=60,
)


@given(VALUES)
def test_the_pieces_are_the_bytes_of_the_whole(value):
    assert b"".join(pieces(value)) == msgpack.packb(value)


def test_no_piece_is_larger_than_a_column():
    columns = {f"action-{number}": {"weights": [0.5] * 1_000, "slots": [[1, 0.5]] * 100} for number in range(20)}
    value = {"learner": columns, "frozen": [[day, columns] for day in range(7)]}
    assert max(map(len, pieces(value))) == len(msgpack.packb([0.5] * 1_000))
