"""How the ids of applied events are remembered: 64 bits of a hash for each (kind of event, id)."""

from hashlib import blake2b
from typing import Any


def remembered_as(event: Any) -> int:
    """Hash what makes an event the same as another for one customer: its topic's kind and its id (contract-rules 5)."""
    digest = blake2b(f"{type(event).__name__} {event.event_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
