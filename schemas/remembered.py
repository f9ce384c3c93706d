"""How the ids of applied events are remembered: 64 bits of a hash for each (kind of event, id), one after the other.

They lie in one run of bytes, because each event looks for its id in it: 64 numbers of their own, scattered over the
memory, cost ten times as much.
"""

from hashlib import blake2b
from typing import Any

HASH_BYTES = 8

_last: tuple[Any, bytes] = (None, b"")  # a step asks twice: whether it is known, and what to remember


def remembered_as(event: Any) -> bytes:
    """Hash what makes an event the same as another for one customer: its topic's kind and its id (docs/rules.md, 5)."""
    global _last  # noqa: PLW0603 - one place to remember, taken and written as a whole
    asked, found = _last
    if asked is not event:
        found = remember(type(event).__name__, event.event_id)
        _last = event, found
    return found


def remember(kind: str, event_id: str) -> bytes:
    """Hash an event's kind (its class's name) and id, where the event itself could not be read."""
    return blake2b(f"{kind} {event_id}".encode(), digest_size=HASH_BYTES).digest()


def is_among(name: bytes, remembered: bytes) -> bool:
    """Whether a hash is remembered; one that only shows across two others is not.

    >>> is_among(b"23456781", b"1234567812345678"), is_among(b"12345678", b"1234567812345678")
    (False, True)
    """
    place = remembered.find(name)
    while place % HASH_BYTES and place > 0:
        place = remembered.find(name, place + 1)
    return place >= 0


def and_remembered(remembered: bytes, name: bytes, limit: int) -> bytes:
    """Remember one more; beyond `limit` the oldest leaves."""
    return remembered[-HASH_BYTES * (limit - 1) :] + name
