"""Seeing that a task waits: it is given its turns, and is not done."""

import asyncio
from typing import Any

TURNS = 10
"""More than any chain of wake-ups that a test looks at is long."""


async def waits(task: "asyncio.Task[Any]") -> bool:
    """Let every task run as far as it can; true if this one is not done and so waits for something."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    return not task.done()
