"""Long work of the trainer in slices: it shares a thread with the events, and they cannot wait."""

import asyncio
import time

SLICE_SECONDS, REST_SECONDS = 0.004, 0.008  # it takes a third of the core at most


class Slices:
    """Says when a slice is over, and rests; whoever does something else after the rest begins the next one himself."""

    def __init__(self) -> None:
        """Begin with a slice."""
        self.begin()

    def begin(self) -> None:
        """Begin a slice now."""
        self._ends = time.perf_counter() + SLICE_SECONDS

    @property
    def over(self) -> bool:
        """Whether it is time to rest."""
        return time.perf_counter() >= self._ends

    async def rest(self) -> None:
        """Let others have their turn, then begin the next slice."""
        await asyncio.sleep(REST_SECONDS)
        self.begin()
