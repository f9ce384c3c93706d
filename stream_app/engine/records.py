"""What the engine reads: a record as Kafka gave it, where it lay, and which record of ours caused it.

Our own Kafka outputs carry their *origin* in headers, so that a reader of them can tell a repeat from news by position
alone, without remembering ids.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]

SOURCE_TOPIC_ID = "source-topic-id"
SOURCE_PARTITION = "source-partition"
SOURCE_KEY = "source-key"
SOURCE_OFFSET = "source-offset"
SOURCE_ORDINAL = "source-ordinal"


_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Position(NamedTuple):
    """Where a record lies; topics by UUID, since one made again under its old name starts at offset 0."""

    topic_id: str
    partition: int
    offset: int


class Record:
    """One record of a source topic, undecoded; `timestamp_ms` is Kafka's (epoch ms, UTC)."""

    __slots__ = ("headers", "key", "offset", "partition", "timestamp_ms", "topic", "topic_id", "value")

    def __init__(
        self,
        topic: str,
        topic_id: str,
        partition: int,
        offset: int,
        key: bytes,
        value: bytes | None,
        headers: Headers = (),
        timestamp_ms: int = 0,
    ) -> None:
        self.topic = topic
        self.topic_id = topic_id
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp_ms = timestamp_ms

    @property
    def position(self) -> Position:
        """Where the record lies."""
        return Position(self.topic_id, self.partition, self.offset)

    def header(self, name: str) -> bytes | None:
        """Return the last header of that name, or None."""
        for header, value in reversed(self.headers):
            if header == name:
                return value
        return None

    @property
    def traceparent(self) -> bytes | None:
        """The W3C trace parent that came with the record; what has another shape is not passed on."""
        raw = self.header("traceparent")
        return raw if raw is not None and _TRACEPARENT.fullmatch(raw) else None

    def __repr__(self) -> str:
        return f"Record({self.topic}-{self.partition}@{self.offset})"  # never the payload: logs are read by people


class Origin(NamedTuple):
    """The record that caused one of our outputs, and the output's running number among all that it caused."""

    topic_id: str
    partition: int
    key: bytes
    offset: int
    ordinal: int

    def headers(self) -> list[tuple[str, bytes]]:
        """Return the headers that carry this origin."""
        return [
            (SOURCE_TOPIC_ID, self.topic_id.encode()),
            (SOURCE_PARTITION, b"%d" % self.partition),
            (SOURCE_KEY, self.key),
            (SOURCE_OFFSET, b"%d" % self.offset),
            (SOURCE_ORDINAL, b"%d" % self.ordinal),
        ]

    @classmethod
    def of(cls, headers: Headers) -> "Origin | None":
        """Read an origin from headers; None when they carry none, or not all of it."""
        found = dict(headers)
        try:
            return cls(
                found[SOURCE_TOPIC_ID].decode(),
                int(found[SOURCE_PARTITION]),
                found[SOURCE_KEY],
                int(found[SOURCE_OFFSET]),
                int(found[SOURCE_ORDINAL]),
            )
        except (KeyError, ValueError, AttributeError, TypeError):  # absent, no number or text, or a header of no value
            return None
