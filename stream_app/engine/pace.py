"""How fast a worker gets on, and so how long what it has not read yet will take."""

HALF_LIFE_SECONDS = 1.0


class Pace:
    """Records and the seconds that they took, of which the older count less: after a second of work half."""

    def __init__(self) -> None:
        self._records = 0.0
        self._seconds = 0.0

    def note(self, records: int, seconds: float) -> None:
        """Count records that took so long."""
        kept = 0.5 ** (seconds / HALF_LIFE_SECONDS)
        self._records = self._records * kept + records
        self._seconds = self._seconds * kept + seconds

    def seconds_for(self, records: int) -> float:
        """Return how long so many records will take; 0 as long as nothing is known."""
        return records * self._seconds / self._records if self._records else 0.0
