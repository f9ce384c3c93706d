"""Listens to `crm.mentions-linked`: mentions whose author is a customer who consents."""

from collections.abc import AsyncIterable

from agents.handle import Handle
from agents.ports import Record


async def consume(stream: AsyncIterable[Record], handle: Handle) -> None:
    """Take each linked mention to its customer's profile."""
    async for record in stream:
        handle(record, key=record.event.customer_id)
