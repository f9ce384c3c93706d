"""How the ids of applied events are remembered: 64 bits of a hash for each (kind of event, id)."""

from hashlib import blake2b
from typing import Any

_last: tuple[Any, int] = (None, 0)  # a step asks twice: whether it is known, and what to remember


def remembered_as(event: Any) -> int:
    """Hash what makes an event the same as another for one customer: its topic's kind and its id (contract-rules 5)."""
    global _last  # noqa: PLW0603 - one place to remember, taken and written as a whole
    asked, found = _last
    if asked is not event:
        found = remember(type(event).__name__, event.event_id)
        _last = event, found
    return found


def remember(kind: str, event_id: str) -> int:
    """Hash an event's kind (its class's name) and id, where the event itself could not be read."""
    digest = blake2b(f"{kind} {event_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
