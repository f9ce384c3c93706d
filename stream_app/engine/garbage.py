"""When garbage in cycles is collected: what is young every few seconds while no event waits, all of it at a rebalance.

By count alone (`run_worker`) a busy worker collects seldom, so that no event waits for it, and what has become old next
to never. But each broken connection leaves a cycle of socket, tasks and the errors that they ended with, a broker that
is away for a minute a thousand of them, and each generation its streams and futures: memory would grow with every
fault. A rebalance is the moment for all of it: nobody waits, and cached values are let go of (20,000 take a third of a
second to search).

What is freed goes back to the system then, too: by itself the C library keeps a page as long as one behind it is in
use, and RocksDB's buffers, which come and go with the partitions, leave holes of a megabyte at each rebalance.

Nor may such holes become many: what comes next and stays is spread over them, each piece keeps a page, and memory grows
though no more of it is used. So large blocks get pages of their own, which go with them (`large_blocks_apart`).
"""

import asyncio
import ctypes
import gc
import time
from collections.abc import Callable

YOUNG = 1
"""The generation up to which a look collects: what has come since the last one."""
LOOK_SECONDS = 5.0
ALL_SECONDS = 3_600.0
"""How often all is collected while there is no rebalance."""
BUSY_RECORDS = 500
"""Of a worker that has done more since the last look, what is young is left alone: there is too much of it to search
(five seconds of profiles that came and fell out of the cache took 200 ms)."""
TRIM_SECONDS = 60.0
"""How often free memory goes back to the system (a few milliseconds)."""
LARGE_BYTES = 512 << 10
"""Blocks from here on are large. Each costs new pages (0.6 ms/MB), so a batch of 400 kB is none of them; with 1 MB a
start would leave as many holes as without a bound."""
_M_MMAP_THRESHOLD = -3
"""Of glibc's malloc.h."""
_libc = ctypes.CDLL(None)
_trim = getattr(_libc, "malloc_trim", None)  # of glibc; others give pages back by themselves
_set = getattr(_libc, "mallopt", None)


def large_blocks_apart() -> None:
    """Keep large blocks out of the heap, for as long as the process lives.

    By itself glibc does so only until the first of them is freed: from there on it takes all up to that size, at most
    32 MB, from the heap. A start frees many: it left 9 MB of holes, 27 MB where Python had to compile everything.
    """
    if _set is not None:
        _set(_M_MMAP_THRESHOLD, LARGE_BYTES)


def settle() -> None:
    """Collect what the start has left behind, and keep what it has made out of all later collections."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Give free memory back to the system."""
    if _trim is not None:
        _trim(ctypes.c_size_t(0))


def collect_all() -> None:
    """Collect everything, and give back what that has freed; for moments at which nobody waits."""
    gc.collect()
    give_back()


class Collector:
    """Collects while no event waits for it.

    `look` is called with the time (monotonic seconds), so that a test needs no clock.
    """

    def __init__(self, now: float) -> None:
        self._all_due = now + ALL_SECONDS
        self._trimmed_at = now
        self._done = -1

    def look(self, now: float, *, under_way: bool, done: int) -> None:
        """Collect, unless something is under way and gets on, or much was done lately; `done` counts what was.

        What has not got on since the last look waits for a broker or for Redis, whose connections fail meanwhile; many
        of them are old by the time that they are let go of. So all is collected at the first moment after that at which
        nothing is under way, as it is after an hour. Who is busy collects by count.
        """
        moved, self._done = done - self._done, done
        if under_way and moved:
            return
        if under_way:
            self._all_due = now
        elif now >= self._all_due:
            self._all_due = now + ALL_SECONDS
            self._trimmed_at = now
            collect_all()
            return
        if moved <= BUSY_RECORDS:
            gc.collect(YOUNG)
        if now - self._trimmed_at >= TRIM_SECONDS:
            self._trimmed_at = now
            give_back()


async def keep_collecting(under_way: Callable[[], bool], done: Callable[[], int]) -> None:
    """Look every few seconds, for ever."""
    collector = Collector(time.monotonic())
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        collector.look(time.monotonic(), under_way=under_way(), done=done())
