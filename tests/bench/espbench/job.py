"""ESPBench's query 3: a record passes when the third field of its row is above 14,963.

A record is `id;timestamp;row`, the row tab-separated sensor fields. The original input is a factory's recording (DEBS
2012: a time, an index, three phases of electrical power, then sensors that are mostly zero); these rows have its shape,
and 15 % of them pass (`share_passing` tells). Records have one of sixteen machines as their key.
"""

import random
from collections.abc import Iterator

THRESHOLD = 14_963
FIELDS = 66
MACHINES = 16
BEGIN_MS = 1_767_225_600_000


def records(count: int, rate: float, seed: int = 1) -> Iterator[tuple[str, str, bytes]]:
    """Yield id, key and value of each record."""
    chance = random.Random(seed)
    rest = "\t".join("0" for _ in range(FIELDS - 5))
    for number in range(count):
        at_ms = BEGIN_MS + int(number * 1000 / rate)
        phases = "\t".join(str(int(chance.gauss(mean, 60))) for mean in (14_900, 12_200, 7_600))
        yield str(number), f"M{number % MACHINES:02d}", f"{number};{at_ms};{at_ms}\t{number}\t{phases}\t{rest}".encode()


def passes(value: bytes) -> bool:
    """Apply the query."""
    return int(value.split(b"\t", 3)[2]) > THRESHOLD


def oracle(values: Iterator[bytes]) -> set[str]:
    """Return the ids of the records that pass, by reading them in another way."""
    found = set()
    for value in values:
        number, _, row = value.decode().split(";")
        if float(row.split("\t")[2]) > THRESHOLD:
            found.add(number)
    return found
