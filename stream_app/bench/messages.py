"""Messages made beforehand, in a file: sending them costs the generator as little as it can."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgpack


class Message(NamedTuple):
    """One record to send; `topic` lacks the prefix that a run gives all of its topics."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def write(path: Path, messages: Iterable[Message]) -> int:
    """Write messages one after the other, and return how many."""
    packer, count = msgpack.Packer(), 0
    with path.open("wb") as file:
        for message in messages:
            file.write(packer.pack(message))
            count += 1
    return count


def read(path: Path, first: int = 0, count: int | None = None) -> Iterator[Message]:
    """Yield `count` messages (default: all) from the one with number `first`."""
    with path.open("rb") as file:
        unpacker = msgpack.Unpacker(file, use_list=False)
        for _ in range(first):
            unpacker.skip()
        for topic, key, value, headers in islice(unpacker, count):
            yield Message(topic, key, value, headers)
