"""Ending tasks of ours for sure."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

AGAIN_SECONDS = 1.0


async def ended(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks until they have ended; what they raise meanwhile is nobody's affair any more.

    Once is not enough: until Python 3.12 a cancellation that meets the end of what `asyncio.wait_for` waits for is lost
    (bpo-37658), and redis-py and aiokafka wait so with every request. A task that loops for ever would then go on.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
        for task in done:
            with suppress(asyncio.CancelledError):
                task.exception()
