"""Listens to `bank.transactions`: what moved on the customers' accounts."""

from collections.abc import AsyncIterable

from agents.handle import Handle
from agents.ports import Record


async def consume(stream: AsyncIterable[Record], handle: Handle) -> None:
    """Take each transaction to its customer's profile."""
    async for record in stream:
        handle(record, key=record.event.customer_id)
