"""What the table `links` holds of one author (`platform:author`): the customers who claim to be him."""

from typing import NamedTuple

import msgpack

from schemas.errors import StateError

VERSION = 1
MAX_CLAIMANTS = 4  # a fifth is not heard: two are enough to link nobody


class Author(NamedTuple):
    """Who claims an author, in the order of the claims; nobody: all claims were withdrawn."""

    claimants: tuple[str, ...] = ()


def encode(author: Author) -> bytes:
    """Encode an author."""
    packed: bytes = msgpack.packb((VERSION, author.claimants))
    return packed


def decode(raw: bytes) -> Author:
    """Decode what `encode` made; raises StateError for another version or damaged bytes."""
    try:
        version, claimants = msgpack.unpackb(raw, use_list=False)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise StateError(f"author cannot be decoded: {error!r}") from error
    if version != VERSION:
        raise StateError(f"author of version {version}; this program reads version {VERSION}")
    return Author(claimants)


def next_due_ms(author: Author) -> int | None:
    """Say that time brings an author nothing."""
    return None
