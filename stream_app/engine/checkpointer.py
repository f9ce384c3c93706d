"""The task that runs checkpoints: all that is sealed goes as one group; while it waits, the agents fill the next.

A checkpoint starts as soon as there is something to deliver, so that an alert does not wait. Only while the worker is
behind, when everything is late anyway, groups are let grow, for as long as that: a key that changes often is then
encoded and written once.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from stream_app.engine.checkpoint import CheckpointPlan, plan, run_checkpoint
from stream_app.engine.fatal import Exit, die
from stream_app.engine.ports import Ports
from stream_app.engine.sealed import Counts, SealedBatch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckpointDone:
    """What an observer hears of a finished checkpoint; `seconds` is its duration."""

    plan: CheckpointPlan
    seconds: float


IN_FLIGHT_BYTES = 64 << 20
"""New values and effects under way at most, whatever their number (a batch begun may pass it)."""


GROUP_SECONDS = 1.0
"""How long a group may grow at most, however far the worker is behind."""


def records_in(counts: Counts) -> int:
    """Return how many records a batch held."""
    return counts.folded + counts.skipped + counts.repeated + counts.undecodable + counts.rejected


class Group:
    """What the next checkpoint takes; its size is that of the moment at which each batch was sealed."""

    def __init__(self) -> None:
        self.batches: list[SealedBatch] = []
        self.records = 0
        self.bytes = 0

    def add(self, batch: SealedBatch) -> None:
        """Add a sealed batch."""
        self.batches.append(batch)
        self.records += records_in(batch.counts)
        self.bytes += batch.size


class Checkpointer:
    """Collects sealed batches, delivers them in groups, and bounds how many records and bytes may be under way."""

    def __init__(
        self,
        ports: Ports,
        crash_point: Callable[[str], None],
        in_flight_records: int,
        in_flight_bytes: int = IN_FLIGHT_BYTES,
    ) -> None:
        self._ports = ports
        self._crash_point = crash_point
        self._limit = in_flight_records
        self._limit_bytes = in_flight_bytes
        self._next = Group()
        self._delivering = Group()
        self._seconds_behind = 0.0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._progress = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[CheckpointDone], None]] = []
        self.records_done = 0
        self.checkpoints = 0

    def listen(self, listener: Callable[[CheckpointDone], None]) -> None:
        """Call `listener` after each checkpoint; it must not raise."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Start the task; a second call does nothing."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="checkpointer")
            self._task.add_done_callback(_end_if_it_failed)

    def add(self, batch: SealedBatch) -> None:
        """Hand over a sealed batch."""
        self._next.add(batch)
        self._idle.clear()
        self._wake.set()

    @property
    def behind(self) -> bool:
        """Whether groups may grow: the worker has much to read and nobody waits for what is sealed."""
        return self._seconds_behind > 0

    @property
    def seconds_behind(self) -> float:
        """How long what waits to be folded will take; 0 where it is not worth a word."""
        return self._seconds_behind

    @seconds_behind.setter
    def seconds_behind(self, seconds: float) -> None:
        self._seconds_behind = seconds
        if not self.behind:
            self._wake.set()

    @property
    def idle(self) -> bool:
        """Whether everything that was sealed is delivered."""
        return self._idle.is_set()

    @property
    def has_room(self) -> bool:
        """Whether another batch may be begun."""
        growing, leaving = self._next, self._delivering
        return growing.records + leaving.records < self._limit and growing.bytes + leaving.bytes < self._limit_bytes

    async def wait_idle(self) -> None:
        """Return when everything that was sealed is delivered."""
        self.seconds_behind = 0.0
        await self._idle.wait()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return when `condition` holds; it is looked at after each checkpoint, and none is put off for it."""
        self.seconds_behind = 0.0
        async with self._progress:
            await self._progress.wait_for(condition)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._next.batches:
                await self._let_grow()
                self._delivering, self._next = self._next, Group()
                await self._deliver(plan(self._delivering.batches))
            self._idle.set()

    async def _let_grow(self) -> None:
        deadline = time.monotonic() + min(GROUP_SECONDS, self._seconds_behind)
        group = self._next
        while self.behind and group.records < self._limit // 2 and group.bytes < self._limit_bytes // 2:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), left)

    async def _deliver(self, planned: CheckpointPlan) -> None:
        began = time.perf_counter()
        await run_checkpoint(planned, self._ports, self._crash_point)
        done = CheckpointDone(planned, time.perf_counter() - began)
        self.records_done += self._delivering.records
        self._delivering = Group()
        self.checkpoints += 1
        for listener in self._listeners:
            listener(done)
        async with self._progress:
            self._progress.notify_all()


def _end_if_it_failed(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        die(Exit.BROKEN, f"checkpoint failed: {task.exception()!r}")
