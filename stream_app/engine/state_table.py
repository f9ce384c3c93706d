"""A Faust table whose values the engine owns, and the port through which agents see it."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

import faust
from faust.types import AppT, StoreT

from stream_app.engine import stored
from stream_app.engine.effects import Effect
from stream_app.engine.epochs import NO_EPOCH
from stream_app.engine.fatal import Exit, die
from stream_app.engine.local_store import LocalStore, StoreError
from stream_app.engine.partition import Current
from stream_app.engine.ports import Codec, Write
from stream_app.engine.rules import EngineUseError
from stream_app.engine.store import EngineStore

RECOVERY_BUFFER = 2
"""Changelog batches (not records) held before they are written; Faust treats 1 as a special case."""


class StateTable(faust.Table[bytes, bytes]):
    """One value per key with guards and outbox; written by checkpoints, restored from its changelog."""

    def __init__(self, app: AppT, *, name: str, codec: Codec, partitions: int, stubs: bool, **kwargs: Any) -> None:
        super().__init__(
            app,
            name=name,
            partitions=partitions,
            key_type=bytes,
            value_type=bytes,
            recovery_buffer_size=RECOVERY_BUFFER,
            standby_buffer_size=1,  # a standby has each batch in its store, or not at all
            **kwargs,
        )
        self.codec = codec
        self.stubs = stubs

    @property
    def store(self) -> EngineStore:
        """The local stores of the owned partition numbers."""
        return self.data  # type: ignore[return-value]

    def committed(self, key: str) -> Any:
        """Return the value as of the last checkpoint if a partition of this worker holds it, else None.

        For views from outside (HTTP, diagnosis); agents use a `TablePort`.
        """
        raw = self.store.look_up(key.encode())
        body = None if raw is None else stored.decode(raw).body
        return None if body is None else self.codec.decode(body)

    def _new_store(self) -> StoreT[bytes, bytes]:
        return EngineStore(
            "rocksdb://",
            self.app,
            self,
            table_name=self.name,
            key_type=bytes,
            key_serializer="raw",
            value_type=bytes,
            value_serializer="raw",
            loop=self.loop,
        )

    def on_key_set(self, key: Any, value: Any) -> None:
        """Refuse Faust's way of writing, which would bypass guards and outbox."""
        raise EngineUseError(f"table {self.name} is written through its port, while a record is folded")

    def on_key_del(self, key: Any) -> None:
        """Refuse Faust's way of deleting."""
        raise EngineUseError(f"table {self.name} is written through its port, while a record is folded")

    def using_window(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: windows are rings inside the value, by event time."""
        raise EngineUseError("windowed tables are not offered; keep rings of buckets in the value")


class TablePort:
    """What an agent sees of a table: the value of the record's own key."""

    def __init__(self, name: str, current: Current) -> None:
        self._name = name
        self._current = current

    def get(self, key: str) -> Any:
        """Return the key's value or None; raises `EngineUseError` for a key other than the record's."""
        return self._current.state.get(self._name, key.encode())

    def put(self, key: str, value: Any) -> None:
        """Stage a new value."""
        self._current.state.put(self._name, key.encode(), value)

    def delete(self, key: str) -> None:
        """Stage the removal of the value."""
        self._current.state.delete(self._name, key.encode())


class OutboxPort:
    """Where an agent stages what is to happen outside."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def stage(self, effects: Iterable[Effect]) -> None:
        """Stage effects of the record under way, in order."""
        self._current.state.stage(effects)


class Meter(Protocol):
    """Counts what agents found."""

    def observe(self, verdict: Any) -> None:
        """Count one verdict."""


class MeterPort:
    """Where an agent says what it found: the meter hears of it once the record is finished, never of what is undone."""

    def __init__(self, meter: Meter, current: Current) -> None:
        self._meter = meter
        self._current = current

    def observe(self, verdict: Any) -> None:
        """Keep the verdict for the meter."""
        self._current.state.note(partial(self._meter.observe, verdict))


class TableStores:
    """Writes checkpoints to the local stores, and tells what is in them; ports `Store` and `Restored`."""

    def __init__(self) -> None:
        self.tables: Mapping[str, StateTable] = {}
        self.written_in: Callable[[tuple[str, int]], int] = lambda _where: NO_EPOCH
        """Tells the epoch in which the changelog holds what is written."""

    async def write(self, table: str, partition: int, writes: Mapping[bytes, Write], changelog_offset: int) -> None:
        """Write values and changelog offset of one partition; ends the process when the disk refuses."""
        store = self.tables[table].store.partition(partition)
        known = store.changelog_offset
        offset = changelog_offset if known is None else max(known, changelog_offset)
        if not writes and offset == known:
            return
        try:
            store.write(writes, offset, self.written_in((table, partition)))
        except StoreError as exc:
            die(Exit.BROKEN, f"local store of {table}-{partition} cannot be written: {exc}")

    def changelog_offset(self, where: tuple[str, int]) -> int | None:
        """Return the last offset that the local store covers."""
        return self._store(where).changelog_offset

    def epoch(self, where: tuple[str, int]) -> int:
        """Return the highest epoch among the records that the local store covers."""
        return self._store(where).epoch

    def overruled(self, where: tuple[str, int]) -> frozenset[bytes]:
        """Return the keys whose newest value must be written to the changelog again."""
        return self._store(where).overruled

    def repaired(self, where: tuple[str, int]) -> None:
        """Take note that all of them have been written again."""
        self._store(where).overruled = frozenset()

    def value(self, where: tuple[str, int], key: bytes) -> bytes | None:
        """Return the stored value of a key."""
        return self._store(where).get(key)

    def _store(self, where: tuple[str, int]) -> LocalStore:
        return self.tables[where[0]].store.partition(where[1])
