"""The propensity of each action calibrated by what came true of the offers that customers were made.

As with churn (`models.served.calibrated`) the score as it was served is traced back to what the model itself had said.
A map stretches what a score adds to its action's usual level, and shifts that level: a young model is too sure of what
tells customers apart, far less of how often an action is accepted. There is one map for all actions together, and on
top of it one of each action's own, which begins as no change and weighs little until that action's answers tell
otherwise (partial pooling, as in `models.learning.pooled`). Two lines are one line, so a linear score stays linear.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from models.features import FEATURES
from models.learning.calibration import SLOPES, Line, Platt, check_line, log_odds
from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, Snapshot, actions_of, reading, sound, tame, tame_slots
from models.learning.scoring import ActionScorer, Linear, Scored, log_odds_of
from models.learning.starts import OTHER
from models.served.calibrated import Served, check_versions, stretched
from models.served.maps import Maps, Used
from models.served.propensity import PropensityLearner

MAX_MAPS = 70  # days: more than the longest horizon of an action and a lateness
OWN_EVIDENCE = 200.0  # what "no change of its own" weighs, as `evidence` of `models.learning.calibration.Platt`
NOTHING = 1.0  # is forgotten: the model follows changes itself, and a map that ran after them too would overtake it
PARTS = ("calibration", "own", "maps")


class ActionMaps(NamedTuple):
    """The maps of one day: slope and shift of all actions together, and the whole line of each that was known then."""

    slope: float
    shift: float
    of_action: Mapping[str, Line]


class CalibratedActions(Served[PropensityLearner, ActionMaps]):
    """Calibrates the propensity of each action."""

    def __init__(self, learner: PropensityLearner) -> None:
        """Calibrate `learner`, which says of each action what policy starts with before it has learned anything."""
        super().__init__(learner, Maps(self._learned, MAX_MAPS))
        self._begin()

    def _begin(self) -> None:
        self._whole = Platt(0.0, fading=NOTHING)
        self._own: dict[str, Platt] = {}
        self._maps = self._maps.restored([], -1)

    def line(self, action: str) -> Line:
        """Give the map in use for an action."""
        return self._line_in(self._maps.current, action)

    def _line_in(self, maps: ActionMaps, action: str) -> Line:
        """Find an action's map: of one that was not known then, that of all about what policy starts with."""
        place = action if action in maps.of_action or action in self.learner.starts.chances else OTHER
        return maps.of_action.get(place) or Line(
            log_odds_of(self.learner.starts.chance(action)), maps.slope, maps.shift
        )

    def _learned(self) -> ActionMaps:
        """Give the maps as learned by now."""
        whole = self._whole.line
        lines = {}
        for action in self.learner.actions:
            own = self._own[action].line if action in self._own else Line(0.0)
            level = self.learner.linear(action, ()).base
            lines[action] = Line(level, own.slope * whole.slope, own.of(whole.shift))
        return ActionMaps(whole.slope, whole.shift, lines)

    def _mapped(self, action: str, linear: Linear) -> Linear:
        return stretched(linear, self.line(action))

    def linear(self, action: str) -> Linear:
        """Give the calibrated score of an action as plain numbers."""
        return self._mapped(action, self.learner.linear(action))

    def scored(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> Scored:
        """Score for action `about` with its contributions; changes nothing that is learned."""
        place, known = self.learner.place(about), tame_slots(slots)
        return self._mapped(place, self.learner.linear(place, known)).score(tame(features), known)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the calibrated propensity for action `about` now."""
        return self.scored(features, about, slots).value

    def learn_early(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn an offer when it is made, as not accepted; and again when it is."""
        self.learner.learn_early(features, label, about, slots)

    def concluded(self, about: str = "") -> None:
        """Count an offer that was learned early, now that its horizon is over."""
        self.learner.concluded(about)

    def came_true(self, score: float, version: int, label: bool, about: str = "") -> None:
        """Learn what came true of a score that this version gave; of one that is forgotten nothing can be learned."""
        maps = self._maps.of(version)
        if maps is None:
            return
        line = self._line_in(maps, about)
        level, off = line.start, line.back(log_odds(score)) - line.start
        place, whole = self.learner.place(about), self._whole.line
        own = self._own.get(place)
        if own is None:
            own = self._own[place] = Platt(0.0, slope=1.0, evidence=OWN_EVIDENCE, fading=NOTHING)
        own.learn(level + whole.of(off), label, level)
        self._whole.learn(level + off, label, level)

    def snapshot(self) -> Snapshot:
        """Give what the learner knows, with the calibration beside it."""
        return {
            **self.learner.snapshot(),
            "calibration": [*self._whole.snapshot(), self._maps.day],
            "own": [[action, *own.snapshot()] for action, own in sorted(self._own.items())],
            "maps": [
                [first, last, maps.slope, maps.shift, [[name, *line] for name, line in sorted(maps.of_action.items())]]
                for first, last, maps in self._maps.used
            ],
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was.

        A version of before propensity was calibrated tells none of it, and begins it.
        """
        if not any(part in data for part in PARTS):
            self.learner.restore(data)
            self._begin()
            return
        whole = Platt(0.0, fading=NOTHING)
        with reading():
            *known, day = data["calibration"]
            whole.restore(known)
            own = dict([_own(*row) for row in data["own"]])
            maps = self._maps.restored([_used(*row) for row in data["maps"]], day)
            if len(own) > self.learner.starts.most:
                raise BadSnapshotError("the snapshot holds a calibration that cannot be")
        self.learner.restore(data)
        self._whole, self._own, self._maps = whole, own, maps

    def scorer(self, version: int) -> ActionScorer:
        """Freeze a scorer of what is known now."""
        return self.learner.scorer(version, self._mapped)

    def thawed(self, plain: Mapping[str, Any]) -> ActionScorer:
        """Read a scorer that was kept as data. Raises one of `models.learning.learner.DAMAGED`."""
        return actions_of(plain, len(FEATURES))


def _own(action: str, *told: float) -> tuple[str, Platt]:
    own = Platt(0.0, slope=1.0, evidence=OWN_EVIDENCE, fading=NOTHING)
    own.restore(told)
    return str(action), own


def _used(first: int, last: int, slope: float, shift: float, lines: Sequence[Sequence[Any]]) -> Used[ActionMaps]:
    check_versions(first, last)
    check_line(slope, shift)
    return Used(int(first), int(last), ActionMaps(slope, shift, {str(action): _line(*line) for action, *line in lines}))


def _line(level: float, slope: float, shift: float) -> Line:
    """Read the map of an action: of two lines, each of which a `Platt` may have learned."""
    level, slope, shift = sound([level, slope, shift], 3)
    if slope < SLOPES[0] ** 2:
        raise BadSnapshotError("the snapshot holds a line that cannot be")
    return Line(level, slope, shift)
