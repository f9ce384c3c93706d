"""What the core needs from the world, as small protocols; adapters retry with back-off, the core never does.

Every port that writes takes `fence`: an adapter awaits it again before each retry, so that no write starts after
another worker may have taken the partitions over.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from stream_app.engine.effects import Staged

Fenced = Callable[[], Awaitable[None]]


class Write(NamedTuple):
    """One changed key: new bytes (None: gone), when it is and was next due, highest time of its events (epoch ms).

    `had` says whether the store holds a value of it now, and not only a stub.
    """

    value: bytes | None
    next_due_ms: int | None
    was_due_ms: int | None
    highest_ms: int | None
    had: bool = False


Writes = Mapping[tuple[str, int], Mapping[bytes, Write]]
"""Changed keys by (table, partition number)."""


class StreamCall(NamedTuple):
    """One call of the mark script: entries for one stream from one source partition, in offset order.

    All of a record's entries for the stream are in one call; `end_offset` is the mark once they are in.
    """

    stream: str
    topic: str
    topic_id: str
    partition: int
    end_offset: int
    entries: tuple[Staged, ...]


class Codec(Protocol):
    """How a table's values become bytes, and when they are next due (epoch ms)."""

    def encode(self, value: Any) -> bytes:
        """Encode a value."""

    def decode(self, raw: bytes) -> Any:
        """Decode what `encode` made."""

    def next_due_ms(self, value: Any) -> int | None:
        """Tell when time brings the next work for the value."""


class Fence(Protocol):
    """Returns when this worker may write in all these generations; raises (or ends the process) when it never may."""

    async def check(self, generations: Iterable[int]) -> None:
        """Return once this worker may write."""


class Changelog(Protocol):
    """Delivers values with acks=all; returns the last changelog offset per (table, partition number).

    It is told of partitions without a change too: nothing leaves for one whose changelog has not heard of this owner.
    """

    async def append(self, writes: Writes, fence: Fenced) -> Mapping[tuple[str, int], int]:
        """Deliver the values."""


class Sink(Protocol):
    """Delivers entries to Redis streams, each call whole, dropping entries at or below the stream's mark."""

    async def deliver(self, calls: Sequence[StreamCall], fence: Fenced) -> None:
        """Deliver the calls, in order per stream and source partition."""


class Outputs(Protocol):
    """Produces Kafka outputs (with their origin in the headers) and dead letters, in order, and awaits them all."""

    async def produce(self, staged: Sequence[Staged], fence: Fenced) -> None:
        """Produce, and await the acknowledgements."""


class Offsets(Protocol):
    """Makes offsets committable: `next_offset` is the first record that is not done."""

    def advance(self, topic: str, partition: int, next_offset: int) -> None:
        """Move the mark up to which the consumer may commit."""


class Store(Protocol):
    """Writes values, index changes and the last changelog offset of a (table, partition number) in one batch."""

    async def write(self, table: str, partition: int, writes: Mapping[bytes, Write], changelog_offset: int) -> None:
        """Write the batch."""


@dataclass(frozen=True)
class Ports:
    """The world as a checkpoint needs it."""

    fence: Fence
    changelog: Changelog
    sink: Sink
    outputs: Outputs
    offsets: Offsets
    store: Store
