"""The values of one table on one partition number, between the local store and the batch under way.

A look-up goes: batch under way and sealed but not yet in the store (`hot`) → recently used (`clean`, bounded) → local
store. Only clean values may be evicted: a hot one is newer than the store's.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stream_app.engine import stored
from stream_app.engine.ports import Codec, Write
from stream_app.engine.stored import Source, Stored

if TYPE_CHECKING:
    from stream_app.engine.effects import Entry

CACHE_SIZE = 20_000
"""Clean values kept per table, over all partition numbers of a worker."""

ReadStored = Callable[[bytes], bytes | None]


NEW_VALUE_BYTES = 4_096
"""What a value that has never been encoded counts for."""


class Kept:
    """A value in memory with its guards and outbox.

    Changed in place only by the batch that made it, between two records; sealed, it never changes again.
    """

    __slots__ = (
        "due_ms",
        "gone",
        "guard",
        "highest_ms",
        "in_store",
        "not_before_ms",
        "outbox",
        "outbox_bytes",
        "seen",
        "size",
        "value",
    )

    guard: dict[str, int]
    seen: dict[Source, tuple[int, int]]
    outbox: "tuple[Entry, ...]"
    outbox_bytes: int
    value: Any  # decoded; None: only guards and outbox are left (a stub)
    gone: bool
    due_ms: int | None  # as the store will have it once all that is planned is written
    in_store: bool  # whether it will then hold a value, and not only a stub
    highest_ms: int | None  # event time, of topics that move the clock only
    not_before_ms: int | None  # due work that raised is put off until then
    size: int  # bytes when it was last encoded

    @classmethod
    def new(cls) -> "Kept":
        """Make one of which nothing is known."""
        kept = cls()
        kept.guard, kept.seen, kept.outbox, kept.outbox_bytes = {}, {}, (), 0
        kept.value, kept.gone, kept.in_store, kept.size = None, False, False, NEW_VALUE_BYTES
        kept.due_ms = kept.highest_ms = kept.not_before_ms = None
        return kept

    def copy(self) -> "Kept":
        """Copy it for another batch to change."""
        other = Kept()
        other.guard = self.guard.copy()
        other.seen = self.seen
        other.outbox = self.outbox
        other.outbox_bytes = self.outbox_bytes
        other.value = self.value
        other.gone = False
        other.due_ms = self.due_ms
        other.in_store = self.in_store
        other.highest_ms = self.highest_ms
        other.not_before_ms = self.not_before_ms
        other.size = self.size
        return other


class TableState:
    """One table's values on one partition number."""

    def __init__(self, name: str, codec: Codec, read: ReadStored, cache_size: int, *, stubs: bool) -> None:
        self.name = name
        self.stubs = stubs
        self.dirty: dict[bytes, Kept] = {}
        self._codec = codec
        self._read = read
        self.cache_size = cache_size
        self._hot: dict[bytes, Kept] = {}
        self._clean: dict[bytes, Kept] = {}  # in order of last use
        self._before: dict[bytes, Kept | None] = {}  # hot values that the batch under way replaced

    def find(self, key: bytes) -> Kept | None:
        """Return the newest value of the key, or None."""
        kept = self._hot.get(key)
        if kept is not None:
            return None if kept.gone else kept
        kept = self._clean.pop(key, None)
        if kept is None:
            raw = self._read(key)
            if raw is None:
                return None
            kept = self._load(raw)
            if len(self._clean) >= self.cache_size:
                del self._clean[next(iter(self._clean))]
        self._clean[key] = kept
        return kept

    def own(self, key: bytes, kept: Kept | None) -> Kept:
        """Return the key's value for the batch under way to change; `kept` is what `find` gave."""
        mine = self.dirty.get(key)
        if mine is not None and mine is kept:
            return mine
        if mine is None:
            self._before[key] = self._hot.get(key)
        written = self._new(mine or self._hot.get(key)) if kept is None else kept.copy()
        self.dirty[key] = self._hot[key] = written
        return written

    def encode(self, planned: Mapping[bytes, Kept]) -> dict[bytes, Write]:
        """Encode what a checkpoint is to write: of each key the newest sealed value. Raises `ValueTooLargeError`."""
        hot, writes = self._hot, {}
        for key, kept in planned.items():
            writes[key] = self._encode(kept)
            newer = hot.get(key)  # of the batch under way: a checkpoint takes all that is sealed
            if newer is not None:
                newer.due_ms, newer.in_store = kept.due_ms, kept.in_store
        return writes

    def take_dirty(self) -> dict[bytes, Kept]:
        """End the batch under way; its values stay readable until they are acknowledged."""
        sealed, self.dirty, self._before = self.dirty, {}, {}
        return sealed

    def abandon(self) -> None:
        """Forget what the batch under way has changed."""
        for key, before in self._before.items():
            if before is None:
                del self._hot[key]
            else:
                self._hot[key] = before
        self.dirty, self._before = {}, {}

    def acknowledge(self, sealed: Mapping[bytes, Kept]) -> None:
        """Take note that these values are in the local store: those that nothing newer has replaced become clean."""
        for key, kept in sealed.items():
            self._clean.pop(key, None)  # older than the one that is now in the store
            if self._hot.get(key) is kept:
                del self._hot[key]
                if not kept.gone:
                    self._clean[key] = kept
            elif self._before.get(key) is kept:
                self._before[key] = None
                if not kept.gone:
                    self._clean[key] = kept
        while len(self._clean) > self.cache_size:
            del self._clean[next(iter(self._clean))]

    def forget_clean(self, key: bytes) -> None:
        """Drop the key's cached object if the store has the same value."""
        self._clean.pop(key, None)

    def _new(self, gone: Kept | None) -> Kept:
        """Make a value where there was none, or where one goes that the store still has."""
        kept = Kept.new()
        if gone is not None:
            kept.due_ms, kept.in_store = gone.due_ms, gone.in_store
        return kept

    def _load(self, raw: bytes) -> Kept:
        value = stored.decode(raw)
        kept = Kept.new()
        kept.size = len(raw)
        kept.guard, kept.seen, kept.outbox = value.guard, value.seen, value.outbox
        kept.outbox_bytes = sum(entry.size for entry in value.outbox)
        kept.due_ms, kept.highest_ms = value.next_due_ms, value.highest_ms
        kept.value = None if value.body is None else self._codec.decode(value.body)
        kept.in_store = value.body is not None
        due = self._next_due(kept.value)
        if due is not None and kept.due_ms is not None and kept.due_ms > due:
            kept.not_before_ms = kept.due_ms
        return kept

    def _next_due(self, value: Any) -> int | None:
        return None if value is None else self._codec.next_due_ms(value)

    def _encode(self, kept: Kept) -> Write:
        was, had = kept.due_ms, kept.in_store
        if kept.gone:
            kept.due_ms, kept.in_store = None, False
            return Write(None, None, was, None, had)
        value, codec = kept.value, self._codec
        due = self._next_due(value)
        if due is not None and kept.not_before_ms is not None:
            due = max(due, kept.not_before_ms)
        body = None if value is None else codec.encode(value)
        kept.due_ms, kept.in_store = due, body is not None
        raw = stored.encode(Stored(kept.guard, kept.seen, due, kept.highest_ms, kept.outbox, body))
        kept.size = len(raw)
        return Write(raw, due, was, kept.highest_ms, had)
