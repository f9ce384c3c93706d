"""The working state of one partition number: every table that lives there, one record at a time, one batch at a time.

A record goes `begin` → (agent: `get`, `put`, `stage`) → `finish`, or `undo` when the agent raised, or `reject` when it
raised twice. Nothing of a record shows before `finish`, so undoing it is forgetting it. Nothing of a batch leaves
before `seal`; then a checkpoint delivers it and calls `acknowledge`.

Why one batch at a time over all topics: changed values belong to the partition number, so half of an abandoned batch of
one topic would leave the process with a sealed one of another.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from stream_app.engine.effects import STREAM, AnyEffect, BadInput, Effect, Staged, dead_letter
from stream_app.engine.loose import LooseEntries
from stream_app.engine.origins import Heard, heard, is_repeat, origin_of
from stream_app.engine.outbox import Acknowledged, entries_of, has_room, size_of
from stream_app.engine.ports import Write
from stream_app.engine.records import Record
from stream_app.engine.rules import (
    AgentMistakeError,
    Begun,
    EngineUseError,
    Finished,
    OutboxLimits,
    TableSource,
    TopicRule,
)
from stream_app.engine.sealed import SealedBatch
from stream_app.engine.table import Kept, TableState


class Current:
    """The partition state that agents' ports act on, while a batch is under way."""

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state: PartitionState | None = None

    def begin(self, state: "PartitionState") -> None:
        """Note whose batch the agents are in."""
        self._state = state

    def end(self) -> None:
        """Note that no batch is under way."""
        self._state = None

    @property
    def state(self) -> "PartitionState":
        """The state; raises `EngineUseError` outside a batch."""
        state = self._state
        if state is None:
            raise EngineUseError("tables and outbox are used only while a record is folded")
        return state


class PartitionState:
    """All that one partition number has in memory; made anew at each assignment.

    `committed` maps topic UUID to the committed offset: what lies below it was delivered by someone before us.
    """

    def __init__(
        self,
        number: int,
        tables: Mapping[str, TableSource],
        topics: Mapping[str, TopicRule],
        committed: Mapping[str, int],
        limits: OutboxLimits = OutboxLimits(),  # noqa: B008 - a frozen value
    ) -> None:
        self.number = number
        self._limits = limits
        self.topics = topics
        self.tables = {
            name: TableState(name, it.codec, it.read, it.cache_size, stubs=it.stubs) for name, it in tables.items()
        }
        self._acknowledged = Acknowledged(committed)
        self._table_of = {topic: self.tables[rule.table] for topic, rule in topics.items()}
        self._effects: list[Staged] = []
        self._loose = LooseEntries()
        self._topic_id: str | None = None  # of the batch under way
        self._in_flight = 0
        self._waiting = False
        self._record: Record | None = None
        self._table: TableState
        self._kept: Kept | None = None
        self._value: Any = None
        self._changed = False
        self._deleted = False
        self._origin: Heard | None = None
        self._occurred_ms: int | None = None
        self._staged: list[Effect] = []
        self._noted: list[Callable[[], None]] = []

    # -- batches ------------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a batch is under way: no other may be opened."""
        return self._topic_id is not None

    @property
    def waiting(self) -> bool:
        """Whether nothing may be begun until the checkpoints under way are acknowledged."""
        return self._waiting

    def open(self, topic_id: str) -> None:
        """Start a batch of the topic; raises `EngineUseError` while another is under way."""
        if self._topic_id is not None:
            raise EngineUseError(f"partition number {self.number}: a batch is under way")
        self._topic_id = topic_id

    def seal(self, batch: SealedBatch, *, wait: bool = False) -> SealedBatch:
        """End the batch: hand changed values and effects over to `batch`; a checkpoint will have them encoded.

        With `wait`, `waiting` holds until all sealed batches are acknowledged.
        """
        batch.owner = self
        for name, table in self.tables.items():
            if table.dirty:
                batch.kept[name] = table.take_dirty()
        batch.effects, self._effects = self._effects, []
        self._loose.seal()
        self._topic_id = None
        self._in_flight += 1
        self._waiting = wait
        self._forget_record()
        return batch

    def encode(self, table: str, planned: Mapping[bytes, Kept]) -> Mapping[bytes, Write]:
        """Encode what a checkpoint is to write of a table."""
        return self.tables[table].encode(planned)

    def abandon(self) -> None:
        """Forget the batch under way, all of it: a rebalance took it away."""
        for table in self.tables.values():
            table.abandon()
        self._effects = []
        self._loose.abandon()
        self._topic_id = None
        self._forget_record()

    def acknowledge(self, batch: SealedBatch) -> None:
        """Take note that a checkpoint has delivered the batch: outbox entries may go, values are the store's."""
        for name, kept in batch.kept.items():
            self.tables[name].acknowledge(kept)
        self._acknowledged.advance(batch.topic_id, batch.end_offset)
        self._loose.drop(self._acknowledged.covers)
        self._in_flight -= 1
        if not self._in_flight:
            self._waiting = False

    # -- records ------------------------------------------------------------------------------------------------------

    def begin(self, record: Record, occurred_ms: int | None = None) -> Begun:
        """Take up a record of the batch under way; `occurred_ms` is its event's time where its topic moves the clock.

        The value keeps the highest such time, so that a new owner's clock begins where events have been, and nowhere
        that master data, timers or mentions tell of.
        """
        table = self._table_of[record.topic]
        rule = self.topics[record.topic]
        kept = table.find(record.key)
        if kept is not None and record.offset <= kept.guard.get(record.topic_id, -1):
            self._restage(record, kept)
            return Begun.SKIPPED
        self._record, self._table, self._kept = record, table, kept
        self._occurred_ms = occurred_ms
        self._origin = None if rule.repeats == "unknown" else origin_of(record, rule)
        if kept is not None and self._origin is not None and is_repeat(kept.seen, self._origin):
            self._write(record, table, kept, kept.value, ())
            self._forget_record()
            return Begun.REPEATED
        return Begun.FOLD

    def get(self, table: str, key: bytes) -> Any:
        """Return the value of the record's key (None: none); any other key raises `AgentMistakeError`."""
        if self._record is None or key != self._record.key or table != self._table.name:
            raise self._wrong_key(table, key)
        if self._changed:
            return self._value
        return None if self._kept is None else self._kept.value

    def put(self, table: str, key: bytes, value: Any) -> None:
        """Replace the value of the record's key; any other key raises `AgentMistakeError`."""
        if self._record is None or key != self._record.key or table != self._table.name:
            raise self._wrong_key(table, key)
        self._value = value
        self._changed = True
        self._deleted = False

    def delete(self, table: str, key: bytes) -> None:
        """Remove the value of the record's key, guards and all.

        While effects await delivery the guards and the outbox stay as a stub.
        """
        self.put(table, key, None)
        self._deleted = True

    def stage(self, effects: Iterable[Effect]) -> None:
        """Stage what the record brings about; running numbers follow the order of staging."""
        if self._record is None:
            raise EngineUseError("effects are staged only while a record is folded")
        self._staged.extend(effects)

    def note(self, tell: Callable[[], None]) -> None:
        """Have `tell` called when the record is finished; what is undone or refused is never told."""
        if self._record is None:
            raise EngineUseError("notes are taken only while a record is folded")
        self._noted.append(tell)

    def finish(self) -> Finished:
        """Close the record that the agent is done with: move its guard, keep its effects in the outbox, stage them.

        A record that finds no value and puts none leaves its guard in a stub. In a table without stubs it leaves none:
        a replay makes its Kafka outputs again, and a value that comes meanwhile takes them over.
        Raises `AgentMistakeError`: then `undo` or `reject`.
        """
        record = self._record
        if record is None:
            raise EngineUseError("no record is being folded")
        kept, staged = self._kept, self._staged
        stubless = not self._table.stubs
        if stubless and any(effect.kind == STREAM for effect in staged):
            raise AgentMistakeError(f"{record!r}: stream entries from a table without stubs")
        if stubless and kept is None and not self._changed:
            self._effects.extend(Staged(record, n, effect) for n, effect in enumerate(staged))
            if staged:
                self._loose.add(self._table.name, record.key, entries_of(record, staged))
            self._tell_and_forget()
            return Finished.ON
        value = self._value if self._changed or kept is None else kept.value
        if staged and not self._has_room(record, kept, staged):
            self.undo()
            return Finished.AGAIN
        written = self._write(record, self._table, kept, value, staged)
        written.gone = self._deleted and not written.outbox
        if self._changed:
            written.not_before_ms = None
        self._tell_and_forget()
        return Finished.SEAL if written.outbox_bytes > self._limits.seal_above else Finished.ON

    def undo(self) -> None:
        """Forget all that the record did, since the agent raised; a cached value is read and decoded anew."""
        if self._record is not None:
            self._table.forget_clean(self._record.key)
        self._forget_record()

    def reject(
        self, record: Record, bad: BadInput, occurred_ms: int | None = None, put_off_ms: int | None = None
    ) -> None:
        """Keep the old value with its guard moved, and send the record to the dead letters: the agent cannot take it.

        The reason goes into the outbox, so that a replay under another policy does not apply what was dead-lettered.
        With `put_off_ms` the index by due time holds the key's due work back until then, or until a record changes it.
        """
        table = self._table_of[record.topic]
        kept = table.find(record.key)
        self._origin, self._occurred_ms = origin_of(record, self.topics[record.topic]), occurred_ms
        written = self._write(record, table, kept, None if kept is None else kept.value, (dead_letter(bad),))
        if put_off_ms is not None:
            written.not_before_ms = put_off_ms
        self._forget_record()

    def letter(self, record: Record, bad: BadInput) -> None:
        """Send bytes that cannot be decoded to the dead letters, without a guard: at a replay they decide again."""
        self._effects.append(Staged(record, 0, dead_letter(bad)))

    # -- the parts ----------------------------------------------------------------------------------------------------

    def _restage(self, record: Record, kept: Kept) -> None:
        if kept.outbox:
            here = record.position
            self._effects.extend(Staged(record, e.ordinal, e.effect) for e in kept.outbox if e[:3] == here)

    def _write(
        self, record: Record, table: TableState, kept: Kept | None, value: Any, effects: Sequence[AnyEffect]
    ) -> Kept:
        """Write the key with its guard moved and the effects in its outbox, and stage them."""
        written = table.own(record.key, kept)
        written.value = value
        written.guard[record.topic_id] = record.offset
        told = self._occurred_ms
        if told is not None and (written.highest_ms is None or told > written.highest_ms):
            written.highest_ms = told
        if kept is None:
            self._take_over(written, table, record.key)
        if written.outbox:
            self._acknowledged.prune(written)
        if effects:
            entries = entries_of(record, effects)
            written.outbox = (*written.outbox, *entries)
            written.outbox_bytes += size_of(entries)
            self._effects.extend(Staged(record, n, effect) for n, effect in enumerate(effects))
        if self._origin is not None:
            written.seen = heard(written.seen, self._origin)
        return written

    def _take_over(self, written: Kept, table: TableState, key: bytes) -> None:
        """Put into a new value what the key's earlier records staged without one, for its guards will hide them."""
        entries = self._loose.of(table.name, key)
        if entries:
            written.outbox = entries
            written.outbox_bytes = size_of(entries)

    def _has_room(self, record: Record, kept: Kept | None, staged: list[Effect]) -> bool:
        held = () if kept is None else self._acknowledged.held(kept.outbox)
        more_may_leave = bool(self._in_flight or self._effects)
        return has_room(held, entries_of(record, staged), self._limits, more_may_leave=more_may_leave)

    def _tell_and_forget(self) -> None:
        for tell in self._noted:
            tell()
        self._forget_record()

    def _forget_record(self) -> None:
        self._record = self._kept = self._value = self._origin = self._occurred_ms = None
        self._changed = self._deleted = False
        if self._staged:
            self._staged = []
        if self._noted:
            self._noted = []

    def _wrong_key(self, table: str, key: bytes) -> Exception:
        if self._record is None:
            return EngineUseError(f"table {table} is read and written only while a record is folded")
        return AgentMistakeError(
            f"{self._record!r} is of table {self._table.name}; asked for another key or table ({table})"
        )
