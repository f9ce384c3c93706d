"""Listens to `bank.customers`: master data, and erasures (a null value)."""

from collections.abc import AsyncIterable

from agents.handle import Handle
from agents.ports import Record


async def consume(stream: AsyncIterable[Record], handle: Handle) -> None:
    """Take each record of master data, or erasure, to its customer's profile."""
    async for record in stream:
        handle(record, key=record.event.customer_id)
