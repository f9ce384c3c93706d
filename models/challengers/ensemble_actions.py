"""An averaged ensemble that learns of actions: pooled regressions with memories of several lengths, and naive Bayes.

The regressions are those of the champion (`models.learning.pooled`): weights shared by all actions, what each differs
by, and what is known of a contact. They are averaged with naive Bayes (`models.challengers.bayes_actions`) as
`models.challengers.ensemble` does: in log-odds, each weighed by how well it did lately; contributions stay exact.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from models.challengers.bayes_actions import ActionBayesLearner, BinnedActions
from models.challengers.ensemble import MEMORIES, EnsembleScorer, Weighing
from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, ReadWhole, Snapshot, actions_of, tame, tame_slots
from models.learning.pooled import Memory, PooledRegressions
from models.learning.scoring import ActionScorer, Linear, LinearScorer
from models.learning.starts import OTHER, Starts


class ActionEnsembleLearner(ReadWhole):
    """Learns all members on each example: some 200 µs."""

    refused = 0  # a step is bounded whatever the example

    def __init__(self, names: Sequence[str], starts: Starts) -> None:
        """Learn over features `names`; unlearned it says of an action what policy starts with."""
        self.names = tuple(names)
        self._starts = starts
        self._regressions = PooledRegressions(names, [Memory(fading) for fading in MEMORIES], starts.answers)
        self._bayes = ActionBayesLearner(names, starts)
        self._weighing = Weighing(len(MEMORIES) + 1)

    @property
    def examples(self) -> int:
        """Examples learned, all actions together."""
        return self._bayes.examples

    def _linears(self, action: str, contact: Slots | None = None) -> list[Linear]:
        return self._regressions.linears(action, self._starts.chance(action), contact)

    def scorer(self, version: int) -> EnsembleScorer:
        """Freeze a scorer of what is known now."""
        *shares, of_bayes = self._weighing.shares()
        linears = {name: averaged(self._linears(name), shares) for name in self._bayes.levels.names}
        linear = ActionScorer(linears, {}, linears[OTHER], version)
        return EnsembleScorer(linear, self._bayes.scorer(version, of_bayes), version)

    def thawed(self, plain: Mapping[str, Any]) -> EnsembleScorer:
        """Read a scorer that was kept as data. Raises one of `models.learning.learner.DAMAGED`."""
        width = len(self.names)
        return EnsembleScorer(actions_of(plain["linear"], width), BinnedActions.of(plain["table"], width), 0)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the propensity for action `about` now."""
        place, (*shares, of_bayes), known = self._bayes.levels.known(about), self._weighing.shares(), tame_slots(slots)
        linear = LinearScorer(averaged(self._linears(place, known), shares), 0)
        scorer = EnsembleScorer(linear, self._bayes.table(place, of_bayes), 0)
        return scorer.score(tame(features), place, known).value

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Weigh the members by what they say of one matured offer, then let them learn it."""
        place = self._bayes.levels.place(about)
        values, known, start = tame(features), tame_slots(slots), self._starts.chance(place)
        said = [linear.score(values, known).value for linear in self._linears(place, known)]
        self._weighing.hear(label, [*said, self._bayes.score(values, place)])
        self._regressions.learn(values, label, place, start, slots)
        self._bayes.learn(values, label, place)

    def snapshot(self) -> Snapshot:
        """Tell all members, and their losses."""
        return {
            "names": list(self.names),
            "examples": self.examples,
            "regressions": self._regressions.snapshots(),
            "losses": list(self._weighing.losses),
            "bayes": self._bayes.snapshot(),
        }

    def _fresh(self) -> Self:
        """Begin another one like it."""
        return type(self)(self.names, self._starts)

    def _read(self, data: Mapping[str, Any]) -> None:
        """Read what `snapshot` wrote. Raises one of `models.learning.learner.DAMAGED`."""
        if tuple(data["names"]) != self.names:
            raise BadSnapshotError("the snapshot was taken with other features")
        self._bayes.restore(data["bayes"])
        self._weighing.read(data["losses"])
        self._regressions.restore(data["regressions"])
        counts = {action: self._bayes.levels.examples(action) for action in self._bayes.levels.actions}
        if self._regressions.counts() != counts or data["examples"] != self.examples:
            raise BadSnapshotError("its members have not learned the same examples")


def averaged(linears: Sequence[Linear], shares: Sequence[float]) -> Linear:
    """Average the log-odds of regressions that have met the same examples, so that their centres agree."""
    columns = zip(*[linear.weights for linear in linears], strict=True)
    first = linears[0]
    return first._replace(
        weights=tuple([_sum(column, shares) for column in columns]),
        base=_sum([linear.base for linear in linears], shares),
        slots={
            slot: (_sum([linear.slots[slot][0] for linear in linears], shares), centre, limit)
            for slot, (_, centre, limit) in first.slots.items()
        },
    )


def _sum(numbers: Sequence[float], shares: Sequence[float]) -> float:
    return sum([share * number for share, number in zip(shares, numbers, strict=True)])
