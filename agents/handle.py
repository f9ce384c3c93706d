"""The straight path of a record: one plain function, because an `await` between get and put would lose updates."""

from typing import Protocol

from agents.ports import Advance, Ports, Record


class Handle(Protocol):
    """What an agent calls with each record: `handle` with advance and ports bound."""

    def __call__(self, record: Record, *, key: str) -> None:
        """Take the record to staged effects; `key` is that of the table's value."""
        ...


def handle(record: Record, *, key: str, advance: Advance, ports: Ports) -> None:
    """Take one decoded event to staged effects; `key` is that of the table's value."""
    before = ports.profiles.get(key)
    verdict = advance(before, record.event)
    if verdict.value is not before:  # a duplicate changes nothing; an author whom nobody claimed gets no value
        ports.profiles.put(key, verdict.value)  # staged in the batch; no await since get()
    ports.outbox.stage(verdict.effects)  # staged; kept in the stored value until they are out
    ports.meter.observe(verdict)
