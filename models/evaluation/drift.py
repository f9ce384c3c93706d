"""When the loss of who is on duty has risen for good; that it falls is what learning does."""

from collections.abc import Mapping
from typing import Any

from models.evaluation.adwin import Adwin
from models.evaluation.evidence import RANGE


class Drift:
    """ADWIN over losses: one drift is told once, for the window begins anew with what comes after it.

    count: drifts so far; waits: one has come since somebody else was put on duty or a trial was opened.
    """

    def __init__(self) -> None:
        """Begin with an empty window."""
        self.count = 0
        self.waits = False
        self._window = Adwin()

    def hear(self, lost: float) -> None:
        """Take the loss of one example, in nats, at most `RANGE`."""
        before = self._window.mean
        if self._window.update(lost / RANGE) and self._window.mean > before:
            self.count, self.waits, self._window = self.count + 1, True, Adwin()

    def begin_anew(self) -> None:
        """Watch another from here on."""
        self.waits, self._window = False, Adwin()

    def window(self) -> dict[str, Any]:
        """Tell the window as data."""
        return self._window.snapshot()

    def restore(self, window: Mapping[str, Any], count: int, *, waits: bool) -> None:
        """Go on from a snapshot whose shape was checked."""
        self._window.restore(window)
        self.count, self.waits = count, waits
