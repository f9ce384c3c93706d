"""A linear learner whose scores are calibrated by what came true of the scores that customers were given.

Labels come weeks after the score, so a map learned from what the newest model says of old features would be of another
model than the one on duty: it has seen the labels of the neighbouring weeks, and the one that gave the score had not.
Hence the score *as it was served* is traced back to its raw log-odds, through the map that its version used, and
`models.learning.calibration.Platt` learns from these; `models.served.maps` remembers which version used which map.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from models.learning.calibration import MOST, Line, Platt, check_line, log_odds
from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, Learner, Snapshot, linear_of, reading, sound, tame, tame_slots
from models.learning.scoring import Linear, LinearScorer
from models.served.maps import Maps, Used


class LinearLearner(Learner, Protocol):
    """A learner that is one linear score."""

    def linear(self) -> Linear:
        """Give the score as plain numbers."""
        ...


L = TypeVar("L", bound=Learner)
M = TypeVar("M")


class Served(ABC, Generic[L, M]):
    """A learner around another: same features and examples, but scores mapped by those served."""

    def __init__(self, learner: L, maps: Maps[M]) -> None:
        """Map what `learner` says by `maps`."""
        self.learner = learner
        self._maps = maps

    @property
    def examples(self) -> int:
        """Examples learned so far."""
        return self.learner.examples

    @property
    def refused(self) -> int:
        """Examples after which the numbers ran away."""
        return self.learner.refused

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one matured example."""
        self.learner.learn(features, label, about, slots)

    @abstractmethod
    def came_true(self, score: float, version: int, label: bool, about: str = "") -> None:
        """Learn what came true of a score that this version gave; of one that is forgotten nothing can be learned."""

    def published(self, version: int, at_ms: int) -> None:
        """Note that a version goes out at this event time; the first of a day takes up what was learned meanwhile."""
        self._maps.published(version, at_ms)

    def off_duty(self, at_ms: int) -> None:
        """Let the day go on while another is on duty: labels of its own scores still come, and teach the maps."""
        self._maps.off_duty(at_ms)


class OneLine(Served[L, Line]):
    """Maps all scores by one line, about what is said before anything was learned."""

    slope = 0.5  # at the start

    def __init__(self, learner: L, start: float) -> None:
        """Map what `learner` says, which is `start` (log-odds) before it has learned anything."""
        super().__init__(learner, Maps(lambda: self._platt.line))
        self._start = start
        self._platt = Platt(start, slope=self.slope)

    @property
    def line(self) -> Line:
        """The map in use."""
        return self._maps.current

    def came_true(self, score: float, version: int, label: bool, about: str = "") -> None:
        """Learn what came true of a score that this version gave; of one that is forgotten nothing can be learned."""
        line = self._maps.of(version)
        if line is not None:
            self._platt.learn(line.back(log_odds(score)), label)

    def snapshot(self) -> Snapshot:
        """Give what the learner knows, with the calibration beside it."""
        return {
            **self.learner.snapshot(),
            "calibration": [*self._platt.snapshot(), self._maps.day],
            "pivot": self._start,
            "maps": [[first, last, line.slope, line.shift] for first, last, line in self._maps.used],
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was.

        What was learned are lines about the start of that time, whatever policy starts with by now. The first versions
        did not tell it.
        """
        with reading():
            (start,) = sound([data.get("pivot", self._start)], 1)
            platt = Platt(start, slope=self.slope)
            *known, day = data["calibration"]
            platt.restore(known)
            maps = self._maps.restored([_used(start, *row) for row in data["maps"]], day)
        self.learner.restore(data)
        self._start, self._platt, self._maps = start, platt, maps


class Calibrated(OneLine[LinearLearner]):
    """Calibrates one linear score."""

    def linear(self) -> Linear:
        """Give the calibrated score as plain numbers."""
        return stretched(self.learner.linear(), self.line)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the calibrated probability now."""
        return self.linear().score(tame(features), tame_slots(slots)).value

    def scorer(self, version: int) -> LinearScorer:
        """Freeze a scorer of what is known now."""
        return LinearScorer(self.linear(), version)

    def thawed(self, plain: Mapping[str, Any]) -> LinearScorer:
        """Read a scorer that was kept as data. Raises one of `models.learning.learner.DAMAGED`."""
        return LinearScorer(linear_of(plain, len(self.linear().weights)), 0)


def _used(start: float, first: int, last: int, slope: float, shift: float) -> Used[Line]:
    check_line(slope, shift)
    check_versions(first, last)
    return Used(int(first), int(last), Line(start, slope, shift))


def stretched(linear: Linear, line: Line) -> Linear:
    """Map a linear score: its terms are stretched with it, so that they still sum to it."""
    slope = line.slope
    slots = {slot: (slope * weight, centre, limit) for slot, (weight, centre, limit) in linear.slots.items()}
    weights = tuple([slope * weight for weight in linear.weights])
    return linear._replace(weights=weights, base=line.of(linear.base), slots=slots)


def check_versions(first: int, last: int) -> None:
    """Raise one of `models.learning.learner.DAMAGED` unless versions may be numbered so."""
    if not 0 <= first <= last < MOST:
        raise BadSnapshotError("the snapshot holds versions that cannot be")
