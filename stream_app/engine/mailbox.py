"""The hand-over of one batch from the fetch loop to the agent's stream: one at a time, and it can be taken back.

Faust's own channel queues are cleared behind our back in a rebalance; here the fetch loop knows whether a batch was
begun (then it will be finished and sealed) or never taken (then it can be dropped and read again).
"""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds at most one item, from `put` until `take`."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._arrived = asyncio.Event()

    def put(self, item: T) -> None:
        """Leave an item; the mailbox must be empty."""
        assert self._item is None, "the item before this one was not taken"
        self._item = item
        self._arrived.set()

    async def take(self) -> T:
        """Wait for an item and take it; from here on it is the taker's to finish."""
        while self._item is None:
            self._arrived.clear()
            await self._arrived.wait()
        item, self._item = self._item, None
        return item

    def withdraw(self) -> T | None:
        """Take an item back that nobody has taken yet."""
        item, self._item = self._item, None
        return item
