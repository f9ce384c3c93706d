"""Faust's store driver over `LocalStore`: opens and closes partitions at a rebalance, restores from the changelog.

Values are written by checkpoints and by recovery only; Faust's own write methods refuse.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from faust.stores.base import SerializedStore
from faust.types import TP

from stream_app.engine.fatal import Exit, die
from stream_app.engine.local_store import LocalStore, StoreError, StoreLockedError, open_or_reset
from stream_app.engine.stored import BadStoredValueError

log = logging.getLogger(__name__)

LOCK_RETRIES = 100
LOCK_RETRY_SECONDS = 0.1


class EngineStore(SerializedStore[bytes, bytes]):
    """One table's local stores, one RocksDB per owned partition number."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: dict[int, LocalStore] = {}

    def partition(self, number: int) -> LocalStore:
        """Return the open store of a partition number that this worker owns; raises `KeyError` otherwise."""
        return self._open[number]

    @property
    def owned(self) -> frozenset[int]:
        """The partition numbers whose stores are open."""
        return frozenset(self._open)

    @property
    def value_count(self) -> int:
        """How many keys of the owned partition numbers have a value."""
        return sum(store.value_count for store in self._open.values())

    def path(self, number: int) -> Path:
        """Return the directory of one partition's store; deleting it while no worker runs is always safe."""
        return Path(self.app.conf.tabledir) / f"{self.table_name}-{number}.db"

    # -- Faust: offsets -----------------------------------------------------------------------------------------------

    def persisted_offset(self, tp: TP) -> int | None:
        """Return the changelog offset up to which the local store is complete."""
        store = self._open.get(tp.partition)
        return None if store is None else store.changelog_offset

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Refuse: an offset is only ever written together with the values that it covers."""
        raise TypeError("the changelog offset is written with the values of a checkpoint")

    # -- Faust: ownership ---------------------------------------------------------------------------------------------

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Close what was revoked, open what was assigned."""
        changelogs = self.table.changelog_topic.topics
        for tp in revoked:
            if tp.topic in changelogs:
                self._close(tp.partition)
        standbys = self.app.assignor.assigned_standbys()
        for tp in sorted(assigned):
            if tp.topic in changelogs and tp not in standbys and tp.partition not in self._open:
                await self._open_partition(tp.partition)

    async def _open_partition(self, number: int) -> None:
        for attempt in range(LOCK_RETRIES):
            try:
                store, damage = open_or_reset(self.path(number))
            except StoreError as exc:
                if not isinstance(exc, StoreLockedError) or attempt == LOCK_RETRIES - 1:
                    die(Exit.BROKEN, f"local store {self.path(number)} cannot be opened: {exc}")
                await asyncio.sleep(LOCK_RETRY_SECONDS)
            else:
                if damage is not None:
                    log.warning("local store %s was damaged and starts anew: %s", self.path(number), damage)
                self._open[number] = store
                return

    def _close(self, number: int) -> None:
        store = self._open.pop(number, None)
        if store is not None:
            store.close()

    async def on_stop(self) -> None:
        """Flush and close all partitions."""
        for number in list(self._open):
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

    def apply_changelog_batch(
        self, batch: Iterable[Any], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        """Restore from changelog batches; ends the process on failure, which Faust would only log."""
        values: dict[int, dict[bytes, bytes | None]] = {}
        last: dict[int, int] = {}
        for event in batch:
            number = event.message.partition
            into = values.setdefault(number, {})
            for record in event.message.value:
                into[record.key] = record.value
                last[number] = record.offset
        try:
            for number, restored in values.items():
                self._open[number].restore(restored, last[number])
        except BadStoredValueError as exc:
            die(Exit.BROKEN, f"changelog of table {self.table_name}: {exc}")
        except Exception as exc:  # noqa: BLE001 - whatever it is, Faust would log it and go on without these values
            die(Exit.BROKEN, f"table {self.table_name} cannot be restored: {exc!r}")

    # -- Faust: reading and writing as a mapping ----------------------------------------------------------------------

    def look_up(self, key: bytes) -> bytes | None:
        """Return the stored value from whichever owned partition has the key."""
        for store in self._open.values():
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
