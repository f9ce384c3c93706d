"""A thread that ends a worker which is alive but will never get anywhere.

A thread and not a task, since what it looks for includes an event loop that does not turn any more. Blocked
checkpoints (Redis or broker away) are no reason: they retry for as long as the outage lasts. A rebalance takes up to 20
seconds when a member has gone without a word, so patience begins above that. Nor is it the worker's fault that it was
not let run (a stopped process, a frozen or starved machine): patience counts the seconds in which it could have got on.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from stream_app.engine.fatal import Exit, die


@dataclass(frozen=True)
class Vitals:
    """What the watchdog sees of the worker at one moment."""

    awaits: str | None
    """What should get on by now and that nothing outside keeps from it, in words; None when nothing is due."""
    progress: Hashable
    """Any value that changes when the worker gets on."""
    crashed: bool
    """Faust has crashed or is asked to stop, and the process still lives."""


@dataclass(frozen=True)
class Patience:
    """How long the watchdog looks on, in seconds."""

    no_progress: float = 30.0
    crashed: float = 15.0
    interval: float = 0.5


class Watchdog:
    """Judges a sequence of vitals; `look` is called with the time, so that a test needs no clock."""

    def __init__(self, patience: Patience = Patience(), end: Callable[[Exit, str], Any] = die) -> None:
        self._patience = patience
        self._end = end
        self._progress: Hashable = None
        self._progress_at: float | None = None
        self._crashed_at: float | None = None

    def look(self, vitals: Vitals, now: float) -> None:
        """Take note of the vitals at `now` (seconds awake); end the process when patience is over."""
        if vitals.awaits is None or vitals.progress != self._progress or self._progress_at is None:
            self._progress, self._progress_at = vitals.progress, now
        if now - self._progress_at >= self._patience.no_progress:
            self._end(Exit.STUCK, f"no progress for {now - self._progress_at:.0f} s: {vitals.awaits}")
        if not vitals.crashed:
            self._crashed_at = None
        elif self._crashed_at is None:
            self._crashed_at = now
        elif now - self._crashed_at >= self._patience.crashed:
            self._end(Exit.STUCK, "the worker has crashed or was stopped, but its process still lives")


class Awake:
    """A clock of the seconds in which this process could run; what lies between two looks counts up to `longest`."""

    def __init__(self, longest: float, now: float) -> None:
        self._longest = longest
        self._looked_at = now
        self._seconds = 0.0

    def seconds(self, now: float) -> float:
        """Return how long we were awake up to `now` (monotonic seconds)."""
        self._seconds += min(now - self._looked_at, self._longest)
        self._looked_at = now
        return self._seconds


def start_watchdog(vitals: Callable[[], Vitals], patience: Patience = Patience()) -> threading.Thread:
    """Start the thread; it lasts as long as the process."""
    watchdog, awake = Watchdog(patience), Awake(2 * patience.interval, time.monotonic())

    def watch() -> None:
        while True:
            time.sleep(patience.interval)
            watchdog.look(vitals(), awake.seconds(time.monotonic()))

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    return thread
