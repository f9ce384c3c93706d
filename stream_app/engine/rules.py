"""How a partition number is read: what a topic's records mean for the engine, limits, and the two kinds of misuse."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple

from stream_app.engine.ports import Codec
from stream_app.engine.table import CACHE_SIZE, ReadStored


class EngineUseError(RuntimeError):
    """The engine was driven in a way that would break an invariant; the message says which."""


class AgentMistakeError(ValueError):
    """The agent did what would break an invariant (another key, too many effects): a failure of its event."""


class Begun(Enum):
    """What `begin` found."""

    FOLD = "fold"  # news: hand it to the agent
    SKIPPED = "skipped"  # folded before; its effects are staged again from the outbox
    REPEATED = "repeated"  # an output of ours that came twice; only the guard moved


class Finished(Enum):
    """What `finish` asks for."""

    ON = "on"  # go on with the next record
    SEAL = "seal"  # a key's outbox is long: seal here, then wait for the checkpoint
    AGAIN = "again"  # it would not fit: undone; seal before it, wait for the checkpoint, begin it again


@dataclass(frozen=True)
class TopicRule:
    """How one source topic is read.

    `repeats`: for topics that the engine writes itself, how repeats are told from news by origin: per source partition
    where each record gives its outputs whatever the state, per source key where state decides. `moves_clock`: its event
    times count for the clock of the partition number.
    """

    table: str
    repeats: Literal["unknown", "by_partition", "by_key"] = "unknown"
    moves_clock: bool = False


@dataclass(frozen=True)
class TableSource:
    """Where a table's values come from: its codec, and a look-up in the local store (stored bytes or None).

    With `stubs`, a record that finds no value and whose agent puts none leaves its guard behind in a stub. Without, it
    leaves nothing: for tables of many keys nobody asks for. Then it is folded again after a crash, perhaps into a value
    that another topic has made meanwhile, and so the table's records may bring Kafka outputs only, whose readers know
    repeats by origin; a stream's mark might have passed it.
    """

    codec: Codec
    read: ReadStored
    cache_size: int = CACHE_SIZE
    stubs: bool = True


class OutboxLimits(NamedTuple):
    """How long a key's outbox may become, in bytes.

    `seal_above`: seals the batch; the next one waits until it is acknowledged. `most`: what it may hold at all; with a
    body of 16 kB, and all the sources that a value may remember, it stays below the 64 kB of a stored value.
    """

    seal_above: int = 32_000
    most: int = 40_000
