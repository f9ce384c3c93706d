"""Faust's store driver over `LocalStore`: opens and closes partitions at a rebalance, restores from the changelog.

Values are written by checkpoints and by recovery only; Faust's own write methods refuse. A standby's store is open and
restored like an owned one, but nobody reads it or counts its values until the partition is ours.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from faust.stores.base import SerializedStore
from faust.types import TP

from stream_app.engine.epochs import epoch_of
from stream_app.engine.fatal import Exit, die
from stream_app.engine.local_store import LocalStore, StoreError, StoreLimits, StoreLockedError, open_or_reset
from stream_app.engine.stored import BadStoredValueError

log = logging.getLogger(__name__)

LOCK_RETRIES = 100
LOCK_RETRY_SECONDS = 0.1


class EngineStore(SerializedStore[bytes, bytes]):
    """One table's local stores, one RocksDB per owned partition number."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owned: dict[int, LocalStore] = {}
        self._standby: dict[int, LocalStore] = {}
        self._limits = StoreLimits(write_buffer=self.app.settings.write_buffer)  # type: ignore[attr-defined]
        self.records_restored = 0
        """Changelog records read so far, for owned and followed partition numbers."""
        self._restored_before = 0

    def partition(self, number: int) -> LocalStore:
        """Return the open store of a partition number that this worker owns; raises `KeyError` otherwise."""
        return self._owned[number]

    @property
    def owned(self) -> frozenset[int]:
        """The partition numbers that this worker owns."""
        return frozenset(self._owned)

    @property
    def standby(self) -> frozenset[int]:
        """The partition numbers that this worker follows, to take them over."""
        return frozenset(self._standby)

    @property
    def value_count(self) -> int:
        """How many keys of the owned partition numbers have a value."""
        return sum(store.value_count for store in self._owned.values())

    def path(self, number: int) -> Path:
        """Return the directory of one partition's store; deleting it while no worker runs is always safe."""
        return Path(self.app.conf.tabledir) / f"{self.table_name}-{number}.db"

    # -- Faust: offsets -----------------------------------------------------------------------------------------------

    def persisted_offset(self, tp: TP) -> int | None:
        """Return the changelog offset up to which the local store is complete."""
        store = self._store(tp.partition)
        return None if store is None else store.changelog_offset

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Refuse: an offset is only ever written together with the values that it covers."""
        raise TypeError("the changelog offset is written with the values of a checkpoint")

    # -- Faust: ownership ---------------------------------------------------------------------------------------------

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Close what was revoked, open what was assigned; a standby whose turn has come goes on as it is."""
        changelogs = self.table.changelog_topic.topics
        self._restored_before = self.records_restored
        for tp in revoked:
            if tp.topic in changelogs:
                self._close(tp.partition)
        standbys = self.app.assignor.assigned_standbys()
        for tp in sorted(assigned):
            if tp.topic in changelogs:
                store = self._store(tp.partition) or await self._open_partition(tp.partition)
                self._owned.pop(tp.partition, None)
                self._standby.pop(tp.partition, None)
                (self._standby if tp in standbys else self._owned)[tp.partition] = store

    def _store(self, number: int) -> LocalStore | None:
        return self._owned.get(number) or self._standby.get(number)

    async def _open_partition(self, number: int) -> LocalStore:
        attempt = 0
        while True:
            try:
                store, damage = open_or_reset(self.path(number), self._limits)
            except StoreError as exc:
                attempt += 1
                if not isinstance(exc, StoreLockedError) or attempt == LOCK_RETRIES:
                    die(Exit.BROKEN, f"local store {self.path(number)} cannot be opened: {exc}")
                await asyncio.sleep(LOCK_RETRY_SECONDS)
            else:
                if damage is not None:
                    log.warning("local store %s was damaged and starts anew: %s", self.path(number), damage)
                return store

    def _close(self, number: int) -> None:
        store = self._store(number)
        self._owned.pop(number, None)
        self._standby.pop(number, None)
        if store is not None:
            store.close()

    async def on_stop(self) -> None:
        """Flush and close all partitions."""
        for number in [*self._owned, *self._standby]:
            self._close(number)

    def reset_state(self) -> None:
        """Refuse: a table is reset by deleting its directory while no worker runs."""
        raise TypeError("delete the data directory instead; the changelog rebuilds it")

    async def backup_partition(self, tp: Any, flush: bool = True, purge: bool = False, keep: int = 1) -> None:
        """Refuse: the changelog is the backup."""
        raise TypeError("the changelog is the backup of a table")

    def restore_backup(self, tp: Any, latest: bool = True, backup_id: int = 0) -> None:
        """Refuse: the changelog is the backup."""
        raise TypeError("the changelog is the backup of a table")

    # -- Faust: recovery ----------------------------------------------------------------------------------------------

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Tell what is ours now, and what it took."""
        read = self.records_restored - self._restored_before
        owned, followed = sorted(self._owned), sorted(self._standby)
        log.info("table %s: owns %s, follows %s; %d changelog records read", self.table_name, owned, followed, read)

    def apply_changelog_batch(
        self, batch: Iterable[Any], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        """Restore from changelog batches; ends the process on failure, which Faust would only log.

        Faust may still hold batches of a partition that was closed meanwhile, and mixes up tables when it meets a
        partition that it does not know any more: neither is ours to write. The records are let go of here: Faust's
        recovery keeps the last batch (4 MB) until there is another to restore, which may be never.
        """
        found: dict[int, list[Any]] = {}
        for event in batch:
            if event.message.topic in self.table.changelog_topic.topics:
                found.setdefault(event.message.partition, []).extend(event.message.value)
            event.message.value.clear()
        try:
            for number, records in found.items():
                store = self._store(number)
                if store is not None:
                    self.records_restored += len(records)
                    store.restore(((it.key, it.value, epoch_of(it.headers)) for it in records), records[-1].offset)
        except BadStoredValueError as exc:
            die(Exit.BROKEN, f"changelog of table {self.table_name}: {exc}")
        except Exception as exc:  # noqa: BLE001 - whatever it is, Faust would log it and go on without these values
            die(Exit.BROKEN, f"table {self.table_name} cannot be restored: {exc!r}")

    # -- Faust: reading and writing as a mapping ----------------------------------------------------------------------

    def look_up(self, key: bytes) -> bytes | None:
        """Return the stored value from whichever owned partition has the key."""
        for store in self._owned.values():
            value = store.get(key)
            if value is not None:
                return value
        return None

    def _get(self, key: bytes) -> bytes | None:
        return self.look_up(key)

    def _contains(self, key: bytes) -> bool:
        return self.look_up(key) is not None

    def _size(self) -> int:
        return self.value_count

    def _set(self, key: bytes, value: bytes | None) -> None:
        raise TypeError("a table is written only while a record is folded")

    def _del(self, key: bytes) -> None:
        raise TypeError("a table is written only while a record is folded")

    def _clear(self) -> None:
        raise TypeError("a table is written only while a record is folded")

    def _iterkeys(self) -> Iterator[bytes]:
        raise TypeError("tables are not scanned")

    def _itervalues(self) -> Iterator[bytes | None]:
        raise TypeError("tables are not scanned")

    def _iteritems(self) -> Iterator[tuple[bytes, bytes]]:
        raise TypeError("tables are not scanned")
