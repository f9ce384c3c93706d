"""Events that a mapping delays, put where they would have arrived: a file of rows becomes a stream in order of time."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Any

Sent = tuple[str, dict[str, Any]]  # topic and event
Timed = tuple[int, bool, Sent]  # when it occurred (epoch ms), and whether it was delayed


def in_order(events: Iterable[Timed]) -> Iterator[Sent]:
    """Hold back what is delayed until the rows have come to its time; of equals the one made first goes first.

    What is not delayed keeps the order of the rows. At the end of the file nothing more can come: the rest goes out.
    """
    waiting: list[tuple[int, int, Sent]] = []
    for number, (at_ms, delayed, event) in enumerate(events):
        if delayed:
            heappush(waiting, (at_ms, number, event))
            continue
        while waiting and waiting[0][0] <= at_ms:
            yield heappop(waiting)[2]
        yield event
    while waiting:
        yield heappop(waiting)[2]
