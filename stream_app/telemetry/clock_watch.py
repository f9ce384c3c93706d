"""Which clocks of partition numbers stand still while time goes on for others: their due work waits unseen."""

from collections.abc import Mapping

PATIENCE_SECONDS = 60.0


class ClockWatch:
    """Compares the clocks (epoch ms) of one worker from look to look; `now` is in monotonic seconds."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience = patience_seconds
        self._moved: dict[int, tuple[int, float]] = {}

    def look(self, clocks: Mapping[int, int | None], now: float) -> dict[int, bool]:
        """Say of each number whether it stands still: it cannot tell its time, or only others have moved on."""
        told = {number: clock_ms for number, clock_ms in clocks.items() if clock_ms is not None}
        before = self._moved
        self._moved = {
            number: before[number] if number in before and before[number][0] == clock_ms else (clock_ms, now)
            for number, clock_ms in told.items()
        }
        latest = max((at for _, at in self._moved.values()), default=now)
        return {number: number not in told or latest - self._moved[number][1] >= self._patience for number in clocks}
