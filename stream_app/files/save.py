"""What the input topics hold, as a file that `rapport replay` and `rapport what-if` read: the way back of `load`.

Each partition goes to a file of its own, in its order, and these are merged by the records' times: no more than a line
of each partition is in memory, however much there is.
"""

import heapq
import tempfile
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import orjson
from aiokafka import ConsumerRecord

from stream_app import kafka
from stream_app.settings import Settings
from stream_app.topics import INPUTS

TIME_DIGITS = 15


async def save(settings: Settings, out: Path, since_ms: int | None, tell: Callable[[int, int], None]) -> Counter[str]:
    """Write all records of `bank.*` from `since_ms` (epoch ms; None: all) to now; return how many of each topic.

    What is compacted (master data) says how things stand, however long ago it was told: of that all is written.

    `tell` hears how many records were read and about how many are left in the topic. Raises OSError.
    """
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        parts: dict[tuple[str, int], IO[bytes]] = {}
        for topic, since in ((spec.name(settings), None if spec.kept == "compact" else since_ms) for spec in INPUTS):
            async for record, left in kafka.read_to_end(settings.kafka, topic, since_ms=since):
                place = (topic, record.partition)
                if place not in parts:
                    parts[place] = stack.enter_context(tempfile.TemporaryFile(dir=out.parent))
                parts[place].write(b"%0*d%s" % (TIME_DIGITS, max(0, record.timestamp), line(record)))
                counts[topic] += 1
                tell(counts.total(), left)
        for part in parts.values():
            part.seek(0)
        with out.open("wb") as written:  # only now: what was there stays where Kafka does not answer
            for text in heapq.merge(*parts.values(), key=lambda text: text[:TIME_DIGITS]):
                written.write(text[TIME_DIGITS:])
    return counts


def line(record: ConsumerRecord) -> bytes:
    """Write a record as a line of a replay file; bytes that it could not pass on as a JSON object stand as base64."""
    key = "" if record.key is None else record.key.decode("utf-8", "replace")  # a file's null would not be checked
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    parts = (
        orjson.dumps(record.topic),
        orjson.dumps(key),
        b',"headers":' + orjson.dumps(headers) if headers else b"",
        record.timestamp,
        _value(record.value),
    )
    return b'{"topic":%s,"key":%s%s,"timestamp":%d,%s}\n' % parts


def _value(value: bytes | None) -> bytes:
    if value is None:
        return b'"value":null'
    try:
        read = orjson.loads(value)
        orjson.dumps(read)  # replay does it, too, and less deep than it reads
        told = isinstance(read, dict)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        told = False
    if told:  # a line end can only stand between the parts of a JSON value
        return b'"value":' + value.replace(b"\r", b" ").replace(b"\n", b" ")
    return b'"raw":"' + b64encode(value) + b'"'
