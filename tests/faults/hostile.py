"""Payloads and ids of somebody who means harm, for every subject."""

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

VALUES: tuple[bytes, ...] = (
    b"[" * 100_000,
    b'{"id":' * 5_000,
    b'{"id":"p","ms":1,"amount":NaN}',
    b'{"id":"p","ms":1,"amount":Infinity}',
    b'{"id":"p","ms":1,"amount":1e400}',
    b'{"id":"p","ms":1,"amount":' + b"7" * 5_000 + b"}",
    b'{"id":"p","ms":1,"amount":7.0}',
    b'{"id":"\xc3\x28","ms":1,"amount":7}',
    b'"' + b"x" * 900_000 + b'"',
    b'{"id":"p","id":"' + b"q" * 200_000 + b'"}',
    b'{"__class__":"os.system","__reduce__":["rm"]}',
)
"""Nested, endless, not a number, too long, not text: no app takes any of them."""

FORGED = "FORGED log line"
"""A log that prints one of the ids as it stands has a line of somebody else's making."""
IDS = (
    f"a\r\n{FORGED}",
    "b\r\nSET owned 1\r\n",
    "c\x00d",
    "quote\"'`",
    "{}*:?[a-z]",
    "%s%d{0}{namespace}",
    "../../etc/passwd",
    "漢字🙂",
    "long-" + "k" * 480,
)
LONG_KEY = b"k" * 10_000
"""Longer than any id; it would fill the outbox of its value alone."""
BOMB_BYTES = 20 << 20
"""Zeros, of which gzip makes a thousandth."""


async def bombs_refused(bootstrap: str, topic: str, count: int) -> int:
    """Send records of 20 MB in 20 kB of gzip; returns how many the broker has refused."""
    refused = 0
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, compression_type="gzip", max_request_size=2 * BOMB_BYTES, acks="all"
    ) as producer:
        for _ in range(count):
            try:
                await producer.send_and_wait(topic, bytes(BOMB_BYTES), key=b"C-1")
            except MessageSizeTooLargeError:
                refused += 1
    return refused
