"""How long to wait before the next try of what an outage has stopped."""

from random import Random


class Backoff:
    """Waits that double up to a limit, with jitter; seconds."""

    def __init__(self, first: float = 0.05, limit: float = 1.0, chance: Random | None = None) -> None:
        self._first = first
        self._limit = limit
        self._chance = chance or Random()

    def wait(self, attempt: int) -> float:
        """Return how long to wait after failure number `attempt` (0 is the first)."""
        full = min(self._limit, self._first * 2.0 ** min(attempt, 16))
        return full * self._chance.uniform(0.5, 1.0)
