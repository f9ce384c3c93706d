"""RocksDB of one table partition: values and how many, changelog offset and epoch, due-time index, highest time.

All of a batch is written as one.

The changelog is the truth and this is a cache of it, so the write-ahead log is off: what a crash takes away is read
again from the changelog. Everything lives in one column family, because without a log only one family is sure to come
back as a prefix of what was written; offset and values therefore never disagree.

Keys: `v` + record key → stored value; `d` + due time (8 bytes) + record key → nothing; `m` + name → partition facts.
"""

import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import TracebackType

import msgpack
import rocksdict
from rocksdict import AccessType, BlockBasedIndexType, BlockBasedOptions, Cache, DBPath, Options, Rdict, WriteBatch

from stream_app.engine.epochs import sift
from stream_app.engine.ports import Write
from stream_app.engine.stored import has_body, peek

DAMAGED = "DAMAGED"
"""File in the directory of a store that cannot be read any more: the next start makes it anew."""
VALUE, DUE, META = b"v", b"d", b"m"
CHANGELOG_OFFSET = META + b"changelog-offset"
HIGHEST = META + b"highest-event-time"
VALUE_COUNT = META + b"value-count"
EPOCH = META + b"epoch"
OVERRULED = META + b"overruled"
_I64 = struct.Struct(">q")
_BIAS = 1 << 63
"""Added to a due time, so that times before 1970 sort below later ones as unsigned bytes."""
_U64 = struct.Struct(">Q")
REMEMBERED_KEYS = 2_000_000
"""How many keys an empty store remembers while it is restored, so that it need not read what it has just written."""
CAUGHT_UP = 100
"""A restored batch below this many keys: the end of the changelog is near, and nothing needs to be remembered."""


@dataclass(frozen=True)
class StoreLimits:
    """Memory of one partition's RocksDB in bytes, and its open files."""

    block_cache: int = 32 << 20
    write_buffer: int = 16 << 20
    write_buffers: int = 2
    open_files: int = 128
    bloom_bits: int = 10


def _due_key(due_ms: int, key: bytes) -> bytes:
    return DUE + _U64.pack(due_ms + _BIAS) + key


class StoreError(Exception):
    """RocksDB refused; the message is its status."""


class StoreLockedError(StoreError):
    """Somebody else holds the directory."""


class _Driver:
    """Turns rocksdict's bare `Exception`, raised for every RocksDB status, into ours; a damaged store is marked."""

    def __init__(self, path: Path) -> None:
        self._mark = path / DAMAGED

    def __enter__(self) -> None:
        """Call the driver in this block."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Translate what is the driver's, and nothing else."""
        if kind is not Exception:
            return
        status = str(error)
        if "/LOCK: " in status:
            raise StoreLockedError(status) from error
        if status.startswith("Corruption") and self._mark.parent.is_dir():
            self._mark.touch()
        raise StoreError(status) from error


class LocalStore:
    """One open RocksDB; the caller closes it, and nobody else may hold the same directory.

    What RocksDB refuses comes out as `StoreError`.
    """

    def __init__(self, path: Path, limits: StoreLimits | None = None) -> None:
        self._driver = _Driver(path)
        with self._driver:
            self._db = _open(path, limits or StoreLimits())
        self._write_options = rocksdict.WriteOptions()
        self._write_options.disable_wal = True  # type: ignore[method-assign,assignment] # a property; the stub is wrong
        self._scan_options = rocksdict.ReadOptions()
        self._scan_options.fill_cache(False)  # type: ignore[call-arg] # the stub is wrong
        self._facts = self._read_facts()
        self.changelog_offset = self._number(CHANGELOG_OFFSET)
        self.highest_ms = self._number(HIGHEST)
        self.epoch = self._number(EPOCH) or 0
        """Highest epoch among the changelog records that are covered (`epochs`)."""
        overruled = self._facts[OVERRULED]
        self.overruled: frozenset[bytes] = frozenset() if overruled is None else frozenset(msgpack.unpackb(overruled))
        """Keys whose last changelog record came from a writer that had been overtaken; empty it once that is mended."""
        self._known: dict[bytes, int | None] | None = {} if self.changelog_offset is None else None
        """While an empty store is restored: due time of each key that has a value."""
        counted = self._number(VALUE_COUNT)
        self.value_count = self._scan() if counted is None else counted
        """Keys that have a value; stubs, of which only guards and outbox are left, are none."""

    def get(self, key: bytes) -> bytes | None:
        """Return the stored value of `key`."""
        with self._driver:
            value: bytes | None = self._db.get(VALUE + key)
        return value

    @property
    def cached_bytes(self) -> int:
        """What the block cache holds now; at most what the limits say."""
        with self._driver:
            return self._db.property_int_value("rocksdb.block-cache-usage") or 0

    def write(self, writes: Mapping[bytes, Write], changelog_offset: int, epoch: int = 0) -> None:
        """Write values, their places in the due index and the changelog offset that holds them, all or nothing."""
        self._known = None
        self._write(writes, changelog_offset, epoch)

    def _write(self, writes: Mapping[bytes, Write], changelog_offset: int, epoch: int) -> None:
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        highest, count = self.highest_ms, self.value_count
        for key, (value, due, was_due, event_ms, had) in writes.items():
            count -= had
            if due != was_due:
                if was_due is not None:
                    delete(_due_key(was_due, key))
                if due is not None:
                    put(_due_key(due, key), b"")
            if value is None:
                delete(VALUE + key)
            else:
                put(VALUE + key, value)
                count += has_body(value)
            if event_ms is not None and (highest is None or event_ms > highest):
                highest = event_ms
        epoch = max(epoch, self.epoch)
        facts = {
            CHANGELOG_OFFSET: _I64.pack(changelog_offset),
            EPOCH: _I64.pack(epoch),
            HIGHEST: None if highest is None else _I64.pack(highest),
            OVERRULED: msgpack.packb(sorted(self.overruled)) if self.overruled else None,
            VALUE_COUNT: _I64.pack(count),
        }
        news = {name: fact for name, fact in facts.items() if self._facts[name] != fact}
        for name, fact in news.items():
            if fact is None:
                delete(name)
            else:
                put(name, fact)
        with self._driver:
            self._db.write(batch, self._write_options)
        self._facts.update(news)
        self.highest_ms, self.value_count, self.epoch = highest, count, epoch
        self.changelog_offset = changelog_offset

    def restore(self, records: Iterable[tuple[bytes, bytes | None, int]], changelog_offset: int) -> None:
        """Write what the changelog holds up to `changelog_offset`: (key, value, epoch) in its order.

        What an overtaken writer left behind its successor's values is passed over. Raises `BadStoredValueError`.
        """
        values, epoch, overruled = sift(records, self.epoch)
        self.overruled = (self.overruled - values.keys()) | overruled
        known = self._known
        if known is not None and (len(known) > REMEMBERED_KEYS or len(values) < CAUGHT_UP):
            known = self._known = None
        writes: dict[bytes, Write] = {}
        for key, value in values.items():
            if known is None:
                old = self.get(key)
                was_due = None if old is None else peek(old).next_due_ms
                had = old is not None and has_body(old)
            else:
                was_due = known.get(key)
                had = key in known
            due, highest = (None, None) if value is None else peek(value)
            writes[key] = Write(value, due, was_due, highest, had)
        self._write(writes, changelog_offset, epoch)
        if known is not None:
            _remember(known, writes)

    def due(self, until_ms: int) -> Iterator[tuple[bytes, int]]:
        """Yield keys with their due times at or before `until_ms`, earliest first; to be used up or dropped at once."""
        end = DUE + _U64.pack(until_ms + _BIAS + 1)
        for entry, _ in self._from(DUE):
            if entry >= end:
                return
            yield bytes(entry[9:]), _U64.unpack_from(entry, 1)[0] - _BIAS

    def close(self) -> None:
        """Flush and release the directory's lock."""
        self._db.close()

    def _scan(self) -> int:
        """Count the values of a store that has not kept count: a new one, or of a version before there was a count."""
        found = takewhile(lambda entry: entry[0][:1] == VALUE, self._from(VALUE))
        return sum(has_body(value) for _, value in found)

    def _from(self, key: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield entries from `key` on; a cursor that meets damage ends early, and only its status tells.

        It leaves the block cache alone: the look at what is due comes every second, and would fill it to its bound with
        blocks of files that the next compaction deletes.
        """
        with self._driver:
            cursor = self._db.iter(self._scan_options)
            cursor.seek(key)
            while cursor.valid():
                yield cursor.key(), cursor.value()
                cursor.next()
            cursor.status()

    def _read_facts(self) -> dict[bytes, bytes | None]:
        """Read what the store says of the partition; a write leaves out what stands there already."""
        with self._driver:
            return {fact: self._db.get(fact) for fact in (CHANGELOG_OFFSET, EPOCH, HIGHEST, OVERRULED, VALUE_COUNT)}

    def _number(self, fact: bytes) -> int | None:
        raw = self._facts[fact]
        return None if raw is None else int(_I64.unpack(raw)[0])


def _remember(known: dict[bytes, int | None], writes: Mapping[bytes, Write]) -> None:
    """Note which keys have a value now, and when they are due."""
    for key, write in writes.items():
        if write.value is not None and has_body(write.value):
            known[key] = write.next_due_ms
        else:
            known.pop(key, None)


def open_or_reset(path: Path, limits: StoreLimits | None = None) -> tuple[LocalStore, str | None]:
    """Open the store; a damaged one is deleted, since the changelog rebuilds it. Returns the damage as second part.

    Raises `StoreLockedError`, and `StoreError` where not even a new one can be made.
    """
    damage = "it was found damaged while it was in use" if (path / DAMAGED).exists() else None
    if damage is None:
        try:
            return LocalStore(path, limits), None
        except StoreLockedError:
            raise
        except StoreError as exc:
            damage = str(exc)
    shutil.rmtree(path, ignore_errors=True)
    return LocalStore(path, limits), damage


def _open(path: Path, limits: StoreLimits) -> Rdict:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_max_open_files(limits.open_files)
    options.set_write_buffer_size(limits.write_buffer)
    options.set_max_write_buffer_number(limits.write_buffers)
    options.set_db_paths([DBPath(str(path), 1 << 40)])
    options.set_keep_log_file_num(1)
    table = BlockBasedOptions()
    table.set_bloom_filter(limits.bloom_bits, block_based=False)
    table.set_block_cache(Cache(limits.block_cache))
    table.set_index_type(BlockBasedIndexType.binary_search())
    options.set_block_based_table_factory(table)
    return Rdict(str(path), options=options, access_type=AccessType.read_write())
