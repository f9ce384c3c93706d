"""Waiting for the thing itself: a condition is looked at until it holds."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 120.0
"""Long enough for a machine that is five times slower than usual: who waits for a condition loses nothing by it."""


async def until(
    condition: Callable[[], bool | Awaitable[bool]], what: str, seconds: float = PATIENCE_SECONDS, every: float = 0.05
) -> float:
    """Look at a condition until it holds; returns how long it took. Raises TimeoutError that says what did not come."""
    began = time.monotonic()
    while True:
        held = condition()
        if isinstance(held, Awaitable):
            held = await held
        if held:
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"did not come true in {seconds:.0f} s: {what}")
        await asyncio.sleep(every)
