"""Listens to `bank.mentions`: posts about the bank, keyed by their author (table `links`)."""

from collections.abc import AsyncIterable

from agents.handle import Handle
from agents.ports import Record


async def consume(stream: AsyncIterable[Record], handle: Handle) -> None:
    """Take each mention to its author, who may be a customer, and to the bank's mood."""
    async for record in stream:
        handle(record, key=record.event.author_key)
