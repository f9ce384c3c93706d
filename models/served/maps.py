"""Which map of scores each version used, so that a score is traced back to what the model itself had said.

The map in use changes once a day of event time, with the version published then; those of the last changes are
remembered, and an older score teaches nothing.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from models.learning.calibration import MOST
from models.learning.learner import BadSnapshotError
from models.rings.windows import DAY_MS

MAX_MAPS = 128  # more days than any horizon has
UNSERVED = 0  # no customer is scored by a learned version 0

M = TypeVar("M")


class Used(NamedTuple, Generic[M]):
    """The map that the versions `first` to `last` used."""

    first: int
    last: int
    map: M


class Maps(Generic[M]):
    """The maps of the last `most` changes; `learned` gives the one that was learned meanwhile."""

    def __init__(self, learned: Callable[[], M], most: int = MAX_MAPS) -> None:
        """Begin with none."""
        self.used: list[Used[M]] = []
        self.day = -1
        self._learned, self._most = learned, most

    def restored(self, used: Sequence[Used[M]], day: float) -> "Maps[M]":
        """Give the maps that a snapshot told. Raises one of `models.learning.learner.DAMAGED`."""
        if not (-1 <= day < MOST and len(used) <= self._most):
            raise BadSnapshotError("the snapshot holds a calibration that cannot be")
        maps = Maps(self._learned, self._most)
        maps.used, maps.day = [*used], int(day)
        return maps

    @property
    def current(self) -> M:
        """The map in use; before any version, what is known at the start."""
        return self.used[-1].map if self.used else self._learned()

    def of(self, version: int) -> M | None:
        """Give the map that a version used; None where that is forgotten, or was another model's."""
        return next((it.map for it in reversed(self.used) if it.first <= version <= it.last), None)

    def published(self, version: int, at_ms: int) -> None:
        """Note that a version goes out at this event time; the first of a day takes up what was learned meanwhile."""
        day = at_ms // DAY_MS
        before = self.used[-1] if self.used else None
        if before is not None and day <= self.day:
            # Versions in between were another model's.
            follows = version == before.last + 1
            new = Used(before.first if follows else version, version, before.map)
            self.used = [*self.used[: -1 if follows else None], new][-self._most :]
            return
        self.used = [*self.used, Used(version, version, self._learned())][-self._most :]
        self.day = day

    def off_duty(self, at_ms: int) -> None:
        """Let the day go on while another is on duty; with another day comes another map."""
        day = at_ms // DAY_MS
        if day <= self.day or not self.used:
            return
        earlier = self.used[:-1] if self.used[-1].last == UNSERVED else self.used
        self.used = [*earlier, Used(UNSERVED, UNSERVED, self._learned())][-self._most :]
        self.day = day
