"""When garbage in cycles is collected: what is young every few seconds in a calm moment, all of it at a rebalance.

By count alone (`run_worker`) a busy worker collects seldom, so that no event waits for it, and what has become old next
to never. But each broken connection leaves a cycle of socket, tasks and the errors that they ended with, a broker that
is away for a minute a thousand of them, and each generation its streams and futures: memory would grow with every
fault. A rebalance is the moment for all of it: nobody waits, and no values are cached (20,000 take a third of a second
to search).
"""

import asyncio
import gc
import time
from collections.abc import Callable

YOUNG = 1
"""The generation up to which a calm moment collects: what has come since the last one."""
LOOK_SECONDS = 5.0
ALL_SECONDS = 3_600.0
"""How often all is collected while there is no rebalance."""


def settle() -> None:
    """Collect what the start has left behind, and keep what it has made out of all later collections."""
    gc.collect()
    gc.freeze()


class Collector:
    """Collects in calm moments; `look` is called with the time (monotonic seconds), so that a test needs no clock."""

    def __init__(self, now: float) -> None:
        self._all_at = now

    def look(self, now: float, *, calm: bool) -> None:
        """Collect, if the moment is calm; who is never calm collects by count."""
        if not calm:
            return
        if now - self._all_at >= ALL_SECONDS:
            self._all_at = now
            gc.collect()
        else:
            gc.collect(YOUNG)


async def keep_collecting(calm: Callable[[], bool]) -> None:
    """Look every few seconds, for ever."""
    collector = Collector(time.monotonic())
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        collector.look(time.monotonic(), calm=calm())
