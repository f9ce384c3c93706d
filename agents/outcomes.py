"""Listens to `bank.outcomes`: what came of the actions that we asked for."""

from collections.abc import AsyncIterable

from agents.handle import Handle
from agents.ports import Record


async def consume(stream: AsyncIterable[Record], handle: Handle) -> None:
    """Take each outcome to its customer's profile."""
    async for record in stream:
        handle(record, key=record.event.customer_id)
