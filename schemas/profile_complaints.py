"""What a profile remembers of complaints: those that stand, and the last answers."""

from typing import NamedTuple


class Complaint(NamedTuple):
    """A complaint."""

    event_id: str
    opened_ms: int
    channel: str
    topic: str | None = None


class Answer(NamedTuple):
    """The answer to a complaint, and which one it closed; None: one that is not heard of yet."""

    at_ms: int
    topic: str | None = None
    complaint: Complaint | None = None
