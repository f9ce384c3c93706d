"""How many days lie between a score and its label: counted as examples have their turn, in bounded memory."""

from collections import Counter
from collections.abc import Iterable

from models.rings.windows import DAY_MS
from schemas.internal import ExampleRecord

MOST_DAYS = 120  # longer counts as this; a horizon has at most 60


def lag_days(score_ms: int, due_ms: int) -> int:
    """Say how many days an example waited for its label, rounded.

    >>> lag_days(0, 30 * DAY_MS + DAY_MS // 3)
    30
    """
    return min(MOST_DAYS, max(0, round((due_ms - score_ms) / DAY_MS)))


class Lags:
    """Counts examples by their lag; one that was never scored has none."""

    def __init__(self, told: Iterable[tuple[int, int]] = ()) -> None:
        """Begin with what `snapshot` told."""
        self._by_day: Counter[int] = Counter(dict(told))

    def note(self, example: ExampleRecord) -> None:
        """Count one example that has its turn, learned or censored."""
        if example.score is not None:
            self._by_day[lag_days(example.snapshot_ms, example.due_ms)] += 1

    def snapshot(self) -> list[list[int]]:
        """Tell all counts: days and examples, in the order of days."""
        return [[days, number] for days, number in sorted(self._by_day.items())]
