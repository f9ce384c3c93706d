"""The owner of a partition is the only writer of its changelog, and looks at every offset that it has not written.

When the lease runs out with values on the wire, they go out again through a new producer. The offsets of an owner's
appends have no holes: a hole means a record of somebody else, such as an owner that was cut off and whose last request
arrived late. It is read, counted, and its key's newest value is written again behind it.

Before anything leaves for a partition, its changelog holds a record of this owner, a claim if there is nothing else to
write: what an earlier owner's last request leaves behind it is passed over by whoever restores next, so nobody decides
anew what this owner has sent.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from stream_app.engine import stored
from stream_app.engine.epochs import CLAIM, PRODUCERS_PER_GENERATION, first_epoch
from stream_app.engine.ports import Fenced, Writes

log = logging.getLogger(__name__)

STUB = stored.encode(stored.Stored({}, {}, None, None, (), None))
"""The value of a claim. Not a tombstone: that would go one day, and recovery waits for the log's last offset."""

Where = tuple[str, int]
"""A table and a partition number."""
Values = Mapping[bytes, bytes | None]


class LeaseRanOutError(Exception):
    """The heartbeat lease ran out with values on the wire; their producer is closed, they may or may not arrive."""


class Appended(NamedTuple):
    """A run of records that the broker acknowledged; offset -1 where it recognised a repeat and told no offset."""

    offset: int
    records: int


class LogRecord(NamedTuple):
    """One record of a changelog."""

    offset: int
    key: bytes
    value: bytes | None
    epoch: int


class Log(Protocol):
    """The changelogs as the broker has them."""

    async def append(
        self, values: Mapping[Where, Values], epochs: Mapping[Where, int], fence: Fenced
    ) -> Mapping[Where, Sequence[Appended]]:
        """Send everything and wait for the acknowledgements; raises `LeaseRanOutError`."""
        ...

    async def read(self, where: Where, first: int, end: int, fence: Fenced) -> Sequence[LogRecord]:
        """Return the records from offset `first` to before `end` that are there."""
        ...


class Restored(Protocol):
    """What was restored of a partition, and its values as of the last checkpoint."""

    def changelog_offset(self, where: Where) -> int | None:
        """Return the last offset that the local store covers."""
        ...

    def epoch(self, where: Where) -> int:
        """Return the highest epoch among the records that the local store covers."""
        ...

    def overruled(self, where: Where) -> frozenset[bytes]:
        """Return the keys whose last record in the changelog is not their newest value."""
        ...

    def repaired(self, where: Where) -> None:
        """Take note that all of them have been written again."""
        ...

    def value(self, where: Where, key: bytes) -> bytes | None:
        """Return the stored value of a key."""
        ...


class _Tenure:
    """One owner's time with one partition, within one group generation."""

    def __init__(self, generation: int, next_offset: int, epoch: int, overruled: frozenset[bytes]) -> None:
        self.generation = generation
        self.next_offset = next_offset
        self.first_epoch = self.epoch = epoch
        self.overruled = overruled
        self.repairs_overruled = False
        self.claimed = False
        self.last_writes: Values = {}  # perhaps not in the local store yet

    def wrote(self, record: LogRecord) -> bool:
        """Whether the record is ours."""
        return self.first_epoch <= record.epoch <= self.epoch


class SoleWriter:
    """Delivers values to the changelogs of owned partitions; port `Changelog` of the core."""

    def __init__(self, log: Log, restored: Restored, generation: Callable[[], int]) -> None:
        self._log = log
        self._restored = restored
        self._generation = generation
        self._tenures: dict[Where, _Tenure] = {}
        self._lock = asyncio.Lock()
        self.foreign: Counter[str] = Counter()
        """Records by table that somebody else wrote into a partition of ours."""
        self.resent = 0
        """How often values went out again through a new producer."""

    async def append(self, writes: Writes, fence: Fenced) -> Mapping[Where, int]:
        """Deliver the values; returns the last changelog offset per (table, partition number)."""
        async with self._lock:
            values = {where: {key: write.value for key, write in by_key.items()} for where, by_key in writes.items()}
            for where, by_key in values.items():
                tenure = self._tenure(where)
                tenure.last_writes = by_key
                if not by_key and not tenure.claimed:
                    values[where] = {CLAIM: STUB}
            await self._deliver(values, fence)
            return {where: self._tenures[where].next_offset - 1 for where in writes}

    async def audit(self, where: Where, end_offset: int, fence: Fenced) -> None:
        """Look for foreign records while nothing is written; `end_offset` is what the broker told before the call."""
        async with self._lock:
            await fence()  # who has waited for his turn may have lost the partition, or closed its store
            tenure = self._tenure(where)
            if end_offset > tenure.next_offset or tenure.overruled:
                await self._deliver({where: await self._repairs(where, end_offset, fence)}, fence)

    def epoch(self, where: Where) -> int:
        """Return the epoch in which the last values were written."""
        return self._tenure(where).epoch

    def _tenure(self, where: Where) -> _Tenure:
        generation, tenure = self._generation(), self._tenures.get(where)
        if tenure is None or tenure.generation != generation:
            known, restored = self._restored.changelog_offset(where), self._restored
            epoch = first_epoch(generation, restored.epoch(where))
            begins = 0 if known is None else known + 1
            tenure = self._tenures[where] = _Tenure(generation, begins, epoch, restored.overruled(where))
        return tenure

    async def _deliver(self, values: Mapping[Where, Values], fence: Fenced) -> None:
        """Append, and append again what foreign records have hidden, until there is no hole left."""
        left = {where: by_key for where, by_key in values.items() if by_key}
        while left:
            appended = await self._append(left, fence)
            left = {}
            for where, runs in appended.items():
                self._tenures[where].claimed = True
                repairs: dict[bytes, bytes | None] = {}
                for offset, records in runs:
                    if offset >= 0:  # else the next append, or audit, will find it
                        repairs |= await self._repairs(where, offset, fence)
                        self._tenures[where].next_offset = offset + records
                if repairs:
                    left[where] = repairs
        for where in values:
            tenure = self._tenures[where]
            if tenure.repairs_overruled:
                tenure.repairs_overruled = False
                self._restored.repaired(where)

    async def _append(self, values: Mapping[Where, Values], fence: Fenced) -> Mapping[Where, Sequence[Appended]]:
        while True:
            epochs = {where: self._tenures[where].epoch for where in values}
            try:
                return await self._log.append(values, epochs, fence)
            except LeaseRanOutError:
                self.resent += 1
                for tenure in self._tenures.values():
                    tenure.epoch += 1
                    used = tenure.epoch - tenure.first_epoch
                    assert used < PRODUCERS_PER_GENERATION, "a generation's epochs are used up"

    async def _repairs(self, where: Where, end: int, fence: Fenced) -> dict[bytes, bytes | None]:
        """Look at the offsets before `end` that are not known as ours; returns what must be written again."""
        tenure = self._tenures[where]
        hidden = set(tenure.overruled)
        tenure.repairs_overruled = tenure.repairs_overruled or bool(hidden)
        tenure.overruled = frozenset()
        if end > tenure.next_offset:
            records = await self._log.read(where, tenure.next_offset, end, fence)
            await fence()
            foreign = [record for record in records if not tenure.wrote(record)]
            if foreign:
                self._tell(where, foreign)
            hidden |= {record.key for record in records if record.value != self._newest(where, record.key)}
            tenure.next_offset = end
        return {key: self._newest(where, key) for key in hidden - {CLAIM}}

    def _newest(self, where: Where, key: bytes) -> bytes | None:
        written = self._tenures[where].last_writes
        return written[key] if key in written else self._restored.value(where, key)

    def _tell(self, where: Where, foreign: Sequence[LogRecord]) -> None:
        table, number = where
        self.foreign[table] += len(foreign)
        log.error(
            "changelog of %s-%d: %d records of another writer at offsets %d to %d; the newest values of their keys "
            "are written again",
            table,
            number,
            len(foreign),
            foreign[0].offset,
            foreign[-1].offset,
        )
