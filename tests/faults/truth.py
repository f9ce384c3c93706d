"""The ground truth: what was produced, written down before it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import orjson

Kind = Literal["good", "duplicate", "ask", "poison"]
"""An `ask` is applied but need not change anything."""
HEADER = "truth"
"""Record header with the entry's number; it survives into dead letters."""


@dataclass(frozen=True, slots=True)
class Input:
    """One record as it is to be produced, and what it is; `topic` without namespace."""

    topic: str
    key: bytes | None
    value: bytes | None
    kind: Kind
    event_id: str
    ms: int = 0
    amount: int = 0


class Landed(NamedTuple):
    """An entry of the truth with the place where its record lies."""

    input: Input
    topic: str
    partition: int
    offset: int


class Truth:
    """The log: one line per record before it is sent, one more when the broker has acknowledged it."""

    def __init__(self, file: Path) -> None:
        self._log = file.open("wb")
        self.inputs: list[Input] = []

    def write(self, inputs: Sequence[Input]) -> range:
        """Write down what is about to be sent; returns the entries' numbers."""
        numbers = range(len(self.inputs), len(self.inputs) + len(inputs))
        for number, item in zip(numbers, inputs, strict=True):
            key = None if item.key is None else item.key.decode("utf-8", "backslashreplace")
            line = {"n": number, "topic": item.topic, "key": key, "kind": item.kind, "id": item.event_id}
            self._log.write(orjson.dumps({**line, "ms": item.ms, "amount": item.amount}) + b"\n")
        self._log.flush()
        self.inputs += inputs
        return numbers

    def acknowledge(self, number: int, topic: str, partition: int, offset: int) -> None:
        """Write down where a record has come to lie."""
        line = {"n": number, "acknowledged": [topic, partition, offset]}
        self._log.write(orjson.dumps(line) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._log.close()
