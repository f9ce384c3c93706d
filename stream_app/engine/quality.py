"""A bad deployment must not drain the stream into the dead letters."""

from collections import deque
from collections.abc import Iterable

from stream_app.engine.effects import DEAD_LETTER, PROCESSING_ERROR
from stream_app.engine.sealed import SealedBatch

MAX_ERRORS = 20
MIN_KEYS = 5
WINDOW_EVENTS = 1_000


class ErrorRate:
    """Counts processing errors among the last events."""

    def __init__(self) -> None:
        self._events = 0
        self._errors: deque[tuple[int, bytes]] = deque()

    def add(self, events: int, keys_in_error: Iterable[bytes]) -> None:
        """Count `events` that came to an end, and the keys of those that the agent could not take."""
        self._events += events
        self._errors.extend((self._events, key) for key in keys_in_error)
        while self._errors and self._errors[0][0] <= self._events - WINDOW_EVENTS:
            self._errors.popleft()

    def add_batch(self, batch: SealedBatch) -> None:
        """Count a sealed batch."""
        keys: list[bytes] = []
        if batch.counts.rejected:
            letters = (s for s in batch.effects if s.effect.kind == DEAD_LETTER and s.effect.name == PROCESSING_ERROR)
            keys = [staged.record.key for staged in letters]
        self.add(batch.counts.folded + batch.counts.rejected, keys)

    @property
    def verdict(self) -> str | None:
        """Why the worker must stop, or None."""
        keys = {key for _, key in self._errors}
        if len(self._errors) <= MAX_ERRORS or len(keys) < MIN_KEYS:
            return None
        return (
            f"{len(self._errors)} processing errors among the last {WINDOW_EVENTS} events, over {len(keys)} keys: "
            "this deployment is broken; nothing of the last batch is committed"
        )
