"""What a record brings about outside the tables: stream entries, Kafka outputs, dead letters.

An effect is staged while its record is folded, kept in the outbox of the stored value, and leaves in a checkpoint. When
the record is read again it is staged again *from the outbox*, together with the record itself, so what need not be
stored (a dead letter's bytes, the trace of the request) comes from there.
"""

from typing import Final, Literal, NamedTuple

from schemas.actions import Effect
from stream_app.engine.records import Origin, Position, Record

__all__ = ["AnyEffect", "BadInput", "Effect", "Entry", "Letter", "Staged", "dead_letter"]

STREAM: Final = "stream"
TOPIC: Final = "topic"
DEAD_LETTER: Final = "dead_letter"
PROCESSING_ERROR, TOO_LARGE = "processing_error", "too_large"


class Letter(NamedTuple):
    """A record's way to the dead letters: `name` is the reason, `body` the error, which never quotes the payload.

    It has an effect's shape, so that both lie in the outbox alike; `key` is empty, `timed` false.
    """

    kind: Literal["dead_letter"]
    name: str
    key: str
    body: bytes
    timed: bool = False


AnyEffect = Effect | Letter


class Entry(NamedTuple):
    """One effect in the outbox of a stored value, with the position of the record that caused it."""

    topic_id: str
    partition: int
    offset: int
    ordinal: int
    effect: AnyEffect

    @property
    def size(self) -> int:
        """Bytes that the entry takes in the stored value, at most."""
        _, name, key, body, _ = self.effect
        return len(body) + 4 * (len(name) + len(key)) + 64


class Staged(NamedTuple):
    """One effect ready to leave, with the record that caused it."""

    record: Record
    ordinal: int
    effect: AnyEffect

    @property
    def position(self) -> Position:
        """Where the record that caused it lies."""
        return self.record.position

    @property
    def origin(self) -> Origin:
        """What a Kafka output carries in its headers."""
        record = self.record
        return Origin(record.topic_id, record.partition, record.key, record.offset, self.ordinal)


class BadInput(NamedTuple):
    """What a decoder returns for bytes that it cannot accept: a reason of `schemas.errors`, and what was wrong."""

    reason: str
    detail: str


def dead_letter(bad: BadInput) -> Letter:
    """Make the effect that sends a record to the dead letters; the letter's bytes are the record's own."""
    return Letter(DEAD_LETTER, bad.reason, "", bad.detail.encode("utf-8", "replace"))
