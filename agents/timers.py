"""Listens to `crm.timers`: what tells a customer who sends nothing how late it is."""

from collections.abc import AsyncIterable

from agents.handle import Handle
from agents.ports import Record


async def consume(stream: AsyncIterable[Record], handle: Handle) -> None:
    """Take each timer to its customer's due work."""
    async for record in stream:
        handle(record, key=record.event.customer_id)
