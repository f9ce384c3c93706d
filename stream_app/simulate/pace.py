"""How simulated time runs against the wall clock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speed:
    """Simulated seconds per second of the wall clock; 0 stands for as fast as possible.

    Pacing begins at `from_ms` of simulated time, which is reached at `wall_seconds`; what lies before is not held
    back.

    >>> day_a_second = Speed(86_400.0, from_ms=0, wall_seconds=100.0)
    >>> day_a_second.reached_ms(101.0), day_a_second.seconds_until(172_800_000, 101.0)
    (86400000, 1.0)
    """

    factor: float
    from_ms: int
    wall_seconds: float

    def reached_ms(self, wall_seconds: float) -> int:
        """Return the simulated time that has been reached; without pacing a time beyond every event."""
        if not self.factor:
            return 1 << 62
        return self.from_ms + int((wall_seconds - self.wall_seconds) * self.factor * 1000.0)

    def seconds_until(self, at_ms: int, wall_seconds: float) -> float:
        """Return how many seconds of the wall clock are left until a simulated time (0 when it has passed)."""
        if not self.factor:
            return 0.0
        return max((at_ms - self.reached_ms(wall_seconds)) / 1000.0 / self.factor, 0.0)
