"""Listens to `crm.links`: claims and withdrawals of an author by a customer (table `links`)."""

from collections.abc import AsyncIterable

from agents.handle import Handle
from agents.ports import Record


async def consume(stream: AsyncIterable[Record], handle: Handle) -> None:
    """Take each claim to the author whom it is about."""
    async for record in stream:
        handle(record, key=record.event.author_key)
