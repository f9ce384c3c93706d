"""How busy a bank is when it makes a call: the calls of that day so far, and those of the day before.

Campaigns call hundreds a day, of whom few say yes; between them few are called, who often do. The pace tells one from
the other without any label, so it is never late (`docs/models.md`).
"""

from math import log1p

PACE = "pace"  # the attribute's name


class Pace:
    """Counts calls in the order in which they are made; it looks at nothing that comes later."""

    def __init__(self) -> None:
        """Begin before the first call."""
        self._today: object = None
        self._so_far = self._before = 0

    def next(self, day: object) -> float:
        """Count a call of `day` (whatever differs from one day to the next); return log(1 + calls so far and before).

        >>> pace = Pace()
        >>> [round(pace.next(day), 2) for day in ("mon", "mon", "tue")]
        [0.0, 0.69, 1.1]
        """
        if day != self._today:
            self._today, self._so_far, self._before = day, 0, self._so_far
        told = log1p(self._so_far + self._before)
        self._so_far += 1
        return told
