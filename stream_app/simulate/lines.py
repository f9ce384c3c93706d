"""One line of the stream: a record as a feed would send it, and its form in a file that `replay` reads.

A file line is `{"topic", "value", "timestamp"}` in arrival order, where `timestamp` (ms) is when the record arrived.
`key` stands only where it is not the one that follows from the value, `headers` only where there are some. Bytes that
are no JSON value to embed stand as `"raw": "<base64>"` in place of `value`; an empty raw is an empty record.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Line:
    """A record on its way: `fault` and `event_id` are for the truth, and are not written.

    `plain` says that the value is one JSON value that a file may embed, and that the key follows from it.
    """

    topic: str
    key: str | None
    value: bytes
    arrival_ms: int
    event_id: str = ""
    fault: str = ""
    plain: bool = True
    embeds: bool = True
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self) -> bytes:
        """Write the line of a file, with its line end."""
        if self.plain:
            return b'{"topic":"%s","value":%s,"timestamp":%d}\n' % (self.topic.encode(), self.value, self.arrival_ms)
        body = b'"value":' + self.value if self.embeds else b'"raw":"' + b64encode(self.value) + b'"'
        headers = b',"headers":' + orjson.dumps(dict(self.headers)) if self.headers else b""
        parts = (self.topic.encode(), orjson.dumps(self.key), body, headers, self.arrival_ms)
        return b'{"topic":"%s","key":%s,%s%s,"timestamp":%d}\n' % parts

    def data(self) -> dict[str, Any]:
        """Read the value as an object; raises ValueError when the value is no JSON."""
        value: dict[str, Any] = orjson.loads(self.value)
        return value


def parse_line(text: bytes) -> Line:
    """Read a line of a file as `encode` wrote it; raises ValueError or KeyError for another.

    >>> parse_line(b'{"topic":"bank.customers","key":null,"raw":"","timestamp":5}').value
    b''
    """
    entry = orjson.loads(text)
    embeds = "raw" not in entry
    return Line(
        topic=entry["topic"],
        key=entry["key"] if "key" in entry else key_of(entry["value"]),
        value=orjson.dumps(entry["value"]) if embeds else b64decode(entry["raw"]),
        arrival_ms=entry["timestamp"],
        plain="key" not in entry,
        embeds=embeds,
        headers=tuple(entry.get("headers", {}).items()),
    )


def key_of(value: dict[str, Any]) -> str:
    """Return the record key that a topic asks for: the customer, or a mention's platform and author."""
    return f"{value['platform']}:{value['author']}" if "author" in value else str(value["customer_id"])
