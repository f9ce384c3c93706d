"""A codec of a table of the engine for values that msgpack can hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack


@dataclass(frozen=True)
class MsgpackCodec:
    """Values as plain msgpack; `next_due_ms` says of a value when time next brings work (epoch ms)."""

    next_due_ms: Callable[[Any], int | None]

    def encode(self, value: Any) -> bytes:
        packed: bytes = msgpack.packb(value)
        return packed

    def decode(self, raw: bytes) -> Any:
        return msgpack.unpackb(raw)
