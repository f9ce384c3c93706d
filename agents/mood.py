"""Listens to `crm.mood`: the sentiment of each mention, keyed by platform (table `mood`)."""

from collections.abc import AsyncIterable

from agents.handle import Handle
from agents.ports import Record


async def consume(stream: AsyncIterable[Record], handle: Handle) -> None:
    """Take each mark to its platform's mood."""
    async for record in stream:
        handle(record, key=record.event.platform)
