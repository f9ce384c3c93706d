"""Timers on their way out: a handful of each partition number in turn.

What time brings comes for many customers at once, at midnight for one in seven. A batch of timers holds up the events
of its partition number until it is done, so it must be short: an alert waits for a handful at most.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from stream_app.engine.clock import Timer
from stream_app.engine.sole_writer import Where

HANDFUL = 16


def in_turn(numbers: Iterable[Where], waiting: Sequence[Where]) -> list[Where]:
    """Order partition numbers: those that are still waiting for their turn go first, as they wait."""
    return sorted(numbers, key=lambda where: waiting.index(where) if where in waiting else len(waiting))


class Turns:
    """What is still to be sent, by whose turn it is."""

    def __init__(self, due: Mapping[Where, Sequence[Timer]]) -> None:
        self._waiting = deque((where, timers) for where, timers in due.items() if timers)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __iter__(self) -> Iterator[tuple[Where, Sequence[Timer]]]:
        return iter(self._waiting)

    def take(self, *, at_once: bool) -> tuple[Where, Sequence[Timer]]:
        """Take a handful of the partition number whose turn it is, or all that it has; it comes last then."""
        where, timers = self._waiting.popleft()
        size = len(timers) if at_once else HANDFUL
        if timers[size:]:
            self._waiting.append((where, timers[size:]))
        return where, timers[:size]
