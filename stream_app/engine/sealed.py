"""A finished batch on its way through a checkpoint: plain data, nothing of it has left the process yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stream_app.engine.effects import Staged
from stream_app.engine.ports import Write
from stream_app.engine.table import Kept


@dataclass
class Counts:
    """How the records of a batch ended."""

    folded: int = 0
    skipped: int = 0  # read again after a crash or a move; folded before
    repeated: int = 0  # one of our own outputs that came twice
    undecodable: int = 0
    rejected: int = 0  # the agent raised twice


class Owner(Protocol):
    """Who sealed a batch, knows how its values are encoded, and wants to hear that it is delivered."""

    @property
    def tables(self) -> Mapping[str, object]:
        """The tables that live on the partition number, by name."""
        ...

    def encode(self, table: str, planned: Mapping[bytes, Kept]) -> Mapping[bytes, Write]:
        """Encode what a checkpoint is to write of a table."""

    def acknowledge(self, batch: "SealedBatch") -> None:
        """Take note that a checkpoint has delivered the batch."""


@dataclass
class SealedBatch:
    """All that a run of records of one topic and partition number brought about.

    `end_offset` is the first offset behind it; `highest_ms` the highest event time in it, where its topic moves the
    clock; `effects` are in offset order.
    """

    owner: Owner
    topic: str
    topic_id: str
    partition: int
    generation: int
    end_offset: int
    highest_ms: int | None
    counts: Counts
    kept: dict[str, Mapping[bytes, Kept]] = field(default_factory=dict)
    effects: list[Staged] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes that wait to leave, about: values are not encoded yet, so they count as large as they last were."""
        values = sum([kept.size for table in self.kept.values() for kept in table.values()])
        return values + sum([len(staged.effect.body) for staged in self.effects])
