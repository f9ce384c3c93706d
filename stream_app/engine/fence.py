"""The fence: nothing leaves a worker that may have lost its partitions.

Two checks before each stage of a checkpoint: the last heartbeat that the broker accepted is younger than the lease
(0.7 of the session timeout), and the group generation is still the one in which the batches were fetched. A worker that
was paused or cut off waits for a heartbeat: either the broker renews it, or it learns that the generation has moved,
and ends. A broker outage makes it wait, not die: what is on the wire when the lease runs out goes out again, once it
runs, through a new producer (`leased`). The check cannot see what has reached a broker already; the owner that comes
next does (`sole_writer`, `epochs`).
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from stream_app.engine.fatal import Exit, die

LEASE_SHARE = 0.7
"""Part of the session timeout for which a heartbeat is trusted; the rest is room for what is on its way."""
POLL_SECONDS = 0.05


class Fence:
    """Knows when the broker last accepted us, and in which generation."""

    def __init__(
        self,
        session_timeout: float,
        generation: Callable[[], int],
        *,
        clock: Callable[[], float] = time.monotonic,
        end: Callable[[Exit, str], Any] = die,
    ) -> None:
        self._lease_seconds = session_timeout * LEASE_SHARE
        self._generation = generation
        self._clock = clock
        self._end = end
        self._renewed_at = float("-inf")

    def renew(self, at: float | None = None) -> None:
        """Note a heartbeat that was sent at `at` (monotonic seconds; now by default) and accepted."""
        self._renewed_at = max(self._renewed_at, self._clock() if at is None else at)

    @property
    def holds(self) -> bool:
        """Whether the lease still runs."""
        return self._clock() - self._renewed_at <= self._lease_seconds

    @property
    def generation(self) -> int:
        """The group generation as of now, -1 when the broker has thrown us out."""
        return self._generation()

    async def check_lease(self) -> None:
        """Return once the lease runs."""
        while True:
            if self.holds:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def check(self, generations: Iterable[int]) -> None:
        """Return once it is safe to write for batches of these generations; end the process if it never will be."""
        wanted = set(generations)
        while True:
            current = self._generation()
            if wanted - {current}:
                self._end(Exit.FENCED, f"batches of generation {sorted(wanted)}, but the group is at {current}")
                return
            if self.holds:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def outlasts(self, pending: "asyncio.Future[Any]") -> bool:
        """Wait for writes that are on their way; False when the lease runs out before they arrive."""
        while not pending.done():
            await asyncio.wait({pending}, timeout=POLL_SECONDS * 4)
            if not pending.done() and not self.holds:
                return False
        return True


def watch_heartbeats(coordinator: Any, fence: Fence) -> None:
    """Wrap `GroupCoordinator._do_heartbeat` so that each accepted heartbeat renews the lease from when it was sent."""
    original: Callable[[], Awaitable[bool]] = coordinator._do_heartbeat  # noqa: SLF001 - the seam itself
    if getattr(original, "renews_lease", False):
        return

    @functools.wraps(original)
    async def heartbeat() -> bool:
        sent_at = time.monotonic()
        accepted = await original()
        if accepted:
            fence.renew(sent_at)
        return accepted

    heartbeat.renews_lease = True  # type: ignore[attr-defined]
    coordinator._do_heartbeat = heartbeat  # noqa: SLF001 - the seam itself
