"""Data as bytes, piece by piece: a version of megabytes must not hold up those who share the thread.

Joined, the pieces are what `msgpack.packb` gives for the whole. Maps are taken apart, and lists as short as `SHORT`; a
longer one is a column of numbers or of rows, and one piece.
"""

from collections.abc import Iterator
from typing import Any

import msgpack

SHORT = 8


def pieces(value: Any) -> Iterator[bytes]:
    """Pack a value; each piece is small where no single column is large."""
    yield from _pieces(msgpack.Packer(), value)


def _pieces(packer: msgpack.Packer, value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        yield packer.pack_map_header(len(value))
        for key, part in value.items():
            yield packer.pack(key)
            yield from _pieces(packer, part)
    elif isinstance(value, list) and len(value) <= SHORT:
        yield packer.pack_array_header(len(value))
        for part in value:
            yield from _pieces(packer, part)
    else:
        yield packer.pack(value)
