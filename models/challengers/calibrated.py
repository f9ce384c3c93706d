"""A challenger that is served gets a map from what came true of the scores that it gives from then on.

Until it comes on duty there is nothing to learn a map from, and it stands as it is: a challenger must win by itself.
Its first map changes nothing, and believes in that as much as a champion's believes in its beginning (the mechanism is
that of `models.served.calibrated`: scores are traced back through the map of their version, a map is taken up once a
day). One map is for all actions: what an action's own level is, challengers learn by themselves
(`models.challengers.levels`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from models.challengers.frozen import Freezes, PlainScorer
from models.learning.calibration import Line, check_line
from models.learning.hashing import Slots
from models.learning.learner import Learner, Snapshot, sound
from models.learning.scoring import Scored, probability
from models.served.calibrated import OneLine

LINE = "line"  # the part of a scorer told as data that is its map


class FreezingLearner(Learner, Freezes, Protocol):
    """A learner whose scorer can be kept as data."""

    def scorer(self, version: int) -> PlainScorer:
        """Freeze a scorer of what is known now."""
        ...


@runtime_checkable
class Hidden(Protocol):
    """A learner of which data tell only a part: the rest is pickled, and only where it can be signed."""

    def hidden(self) -> Any:
        """Give the rest."""
        ...

    def reveal(self, hidden: Any) -> None:
        """Take the rest back. Raises `BadSnapshotError` where it is another thing."""
        ...


class HiddenLearner(FreezingLearner, Hidden, Protocol):
    """One of which data tell only a part."""


class MappedScorer:
    """Scores as another does, with each part of the log-odds stretched: they still sum to it."""

    __slots__ = ("_line", "_scorer", "examples", "version")

    def __init__(self, scorer: PlainScorer, line: Line) -> None:
        """Map what `scorer` says by `line`."""
        self._scorer = scorer
        self._line = line
        self.version = scorer.version
        self.examples = scorer.examples

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Score, with its exact additive contributions."""
        raw, slope = self._scorer.score(features, action, slots), self._line.slope
        contributions, base = tuple([slope * part for part in raw.contributions]), self._line.of(raw.base)
        log_odds = sum(contributions, base)
        return Scored(probability(log_odds), log_odds, base, contributions, raw.examples)

    def plain(self) -> dict[str, Any]:
        """All that it scores by, as data."""
        return {**self._scorer.plain(), LINE: list(self._line)}


L = TypeVar("L", bound=FreezingLearner)


class CalibratedChallenger(OneLine[L]):
    """Calibrates a challenger once it has been on duty."""

    slope = 1.0

    def _changes(self) -> bool:
        return self.line[1:] != (1.0, 0.0)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        said = self.learner.score(features, about, slots)
        return self.line.calibrated(said) if self._changes() else said

    def scorer(self, version: int) -> PlainScorer:
        """Freeze a scorer of what is known now."""
        scorer = self.learner.scorer(version)
        return MappedScorer(scorer, self.line) if self._changes() else scorer

    def thawed(self, plain: Mapping[str, Any]) -> PlainScorer:
        """Read a scorer that was kept as data. Raises one of `models.learning.learner.DAMAGED`."""
        scorer = self.learner.thawed(plain)
        if LINE not in plain:
            return scorer
        start, slope, shift = sound(plain[LINE], 3)
        check_line(slope, shift)
        return MappedScorer(scorer, Line(start, slope, shift))

    def snapshot(self) -> Snapshot:
        """Give what the learner knows and, where it was ever on duty, the calibration beside it."""
        return super().snapshot() if self._maps.used else self.learner.snapshot()

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        if "calibration" in data:
            super().restore(data)
            return
        self.learner.restore(data)
        fresh = type(self)(self.learner, self._start)
        self.__dict__.update(fresh.__dict__)


class CalibratedTree(CalibratedChallenger[HiddenLearner]):
    """The same of one that is sealed."""

    def hidden(self) -> Any:
        """Give what no data can tell."""
        return self.learner.hidden()

    def reveal(self, hidden: Any) -> None:
        """Go on with it. Raises `BadSnapshotError` where it is another thing."""
        self.learner.reveal(hidden)
