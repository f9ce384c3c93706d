"""When the loss of who is on duty has risen for good; that it falls is what learning does."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from models.evaluation.adwin import Adwin
from models.evaluation.evidence import RANGE

MARKS = 32  # the last drifts that are remembered one by one; `count` knows of all
NONE = 0


class Mark(NamedTuple):
    """One drift: maturity of the example that showed it, whose loss had risen, and the trial that it opened, if any."""

    at_ms: int
    about: str
    trial: int = NONE


class Drift:
    """ADWIN over losses: one drift is told once, for the window begins anew with what comes after it.

    count: drifts so far; waits: one has come since somebody else was put on duty or a trial was opened; marks: the last
    of them, at most `MARKS`.
    """

    def __init__(self) -> None:
        """Begin with an empty window."""
        self.count = 0
        self.waits = False
        self.marks: list[Mark] = []
        self._window = Adwin()

    def hear(self, lost: float, at_ms: int, about: str) -> None:
        """Take the loss of one example that matured then, in nats, at most `RANGE`; `about`: who is on duty."""
        before = self._window.mean
        if self._window.update(lost / RANGE) and self._window.mean > before:
            self.count, self.waits, self._window = self.count + 1, True, Adwin()
            self.marks = [*self.marks, Mark(at_ms, about)][-MARKS:]

    def answered(self, trial: int) -> None:
        """Note that this trial was opened because a drift waits: the newest one, where several do."""
        self.waits = False
        if self.marks:  # a version from before they were kept has none
            self.marks[-1] = self.marks[-1]._replace(trial=trial)

    def begin_anew(self) -> None:
        """Watch another from here on."""
        self.waits, self._window = False, Adwin()

    def window(self) -> dict[str, Any]:
        """Tell the window as data."""
        return self._window.snapshot()

    def restore(self, window: Mapping[str, Any], count: int, marks: Iterable[Iterable[Any]], *, waits: bool) -> None:
        """Go on from a snapshot whose shape was checked."""
        self._window.restore(window)
        self.count, self.waits, self.marks = count, waits, [Mark(*mark) for mark in marks]
