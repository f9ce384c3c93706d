"""Binned naive Bayes over offers: the action is a factor of its own, and is crossed with the features.

An action begins at its level, what policy believes of it and what its answers were (`models.challengers.levels`). Votes
of the features' bins are learned from the answers to all actions. On top of them comes what sets an action's own
customers apart: bins are put together to `GROUPS` groups, and an action's vote in a group is by how much the odds that
it tells differ from those told by all actions; they weigh little until there are answers (smoothed towards the shares
of all). The votes of all and those of the action have a slope each, so that crosses that only make noise are learned to
be left.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import log
from typing import Any, Self

from models.challengers.binned import SLOPE, BinnedCounts, BinnedScorer, halved, shares, table_of
from models.challengers.levels import Levels
from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, Snapshot, sound, tame
from models.learning.scoring import ScorerOfActions, probability
from models.learning.starts import OTHER, Starts

GROUPS = 3  # of bins, low to high, that are crossed with actions
CROSSED_SLOPE = 0.1  # before anything was learned
CROSSED_SMOOTHING = 20.0  # answers of each class that an action is believed to have had, spread like those of all
UNIT = 1_024  # what an action adds in a group is kept in parts of a nat: a whole number is a third as long as data

Crossed = Sequence[Sequence[int]]
"""What an action adds per feature and group, in parts of a nat; nothing of one that none was learned of."""
Row = tuple[float, int, Crossed]  # of an action: base (log-odds), examples, and what it adds
Tallies = list[list[list[float]]]  # per feature: negatives and positives by group


class BinnedActions(ScorerOfActions[BinnedScorer]):
    """Scores each action by the votes of all and its own."""

    __slots__ = ("_edges", "_rows", "_votes")

    def __init__(
        self,
        edges: Sequence[Sequence[float]],
        votes: Sequence[Sequence[float]],
        rows: Mapping[str, Row],
        version: int,
    ) -> None:
        """Add up for each action its base (log-odds), the votes of all, and its own; `OTHER` stands for the unknown."""
        self._edges, self._votes, self._rows = edges, votes, rows
        tables = {
            action: BinnedScorer(edges, _crossed_votes(votes, crossed), base, examples, version)
            for action, (base, examples, crossed) in rows.items()
        }
        super().__init__(tables, {}, tables[OTHER], version)

    def plain(self) -> dict[str, Any]:
        """All that it scores by, as data."""
        return {
            "edges": [list(row) for row in self._edges],
            "votes": [list(row) for row in self._votes],
            "actions": {
                action: [base, examples, [list(row) for row in crossed]]
                for action, (base, examples, crossed) in self._rows.items()
            },
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any], width: int) -> "BinnedActions":
        """Read what `plain` told. Raises one of `models.learning.learner.DAMAGED`."""
        edges, votes = table_of(plain, width)
        return cls(edges, votes, {action: _row(row) for action, row in plain["actions"].items()}, 0)


class ActionBayesLearner(BinnedCounts):
    """Learns the answers to all actions; one example costs some 150 µs."""

    slopes = (SLOPE, CROSSED_SLOPE)

    def __init__(self, names: Sequence[str], starts: Starts) -> None:
        """Learn over features `names`; unlearned it says of an action what policy starts with."""
        super().__init__(names)
        self.levels = Levels(starts)
        self._crossed: dict[str, Tallies] = {}

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one matured offer of action `about`; what is known of a contact is not asked."""
        place = self.levels.place(about)
        super().learn(features, label, place)
        self.levels.learn(place, label)

    def _heard(self, values: Sequence[float], about: str) -> tuple[float, list[float]]:
        return self.levels.log_odds(about), [sum(self._asked(values)), sum(self._added(values, about))]

    def _added(self, values: Sequence[float], action: str) -> list[float]:
        """Say what an action adds to each vote of all."""
        tallies = self._crossed.get(action)
        if tallies is None:
            return [0.0] * len(values)
        return [
            _adds(_grouped(sides), counts, group_of(bisect_right(edges, value), len(edges) + 1))
            for sides, counts, edges, value in zip(self._counts, tallies, self._edges, values, strict=True)
        ]

    def _count(self, label: bool, values: Sequence[float], about: str) -> None:
        tallies = self._crossed.setdefault(about, [[[0.0] * GROUPS for _ in range(2)] for _ in self.names])
        for counts, edges, value in zip(tallies, self._edges, values, strict=True):
            counts[label][group_of(bisect_right(edges, value), len(edges) + 1)] += 1.0
        super()._count(label, values, about)

    def _forget(self) -> None:
        super()._forget()
        self._crossed = {action: halved(tallies) for action, tallies in self._crossed.items()}

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the propensity for action `about` now."""
        place, values = self.levels.known(about), tame(features)
        slope, crossed_slope, offset = self._line
        votes = zip(self._asked(values), self._added(values, place), strict=True)
        parts = [slope * vote + _parts(crossed_slope * added) / UNIT for vote, added in votes]
        return probability(sum(parts, self.levels.log_odds(place) + offset))

    def scorer(self, version: int, share: float = 1.0) -> BinnedActions:
        """Freeze a scorer of what is known now; an ensemble takes a share of its log-odds."""
        slope = self._line[0]
        grouped = list(map(_grouped, self._counts))
        rows = {action: self._row(action, share, grouped) for action in self.levels.names}
        return BinnedActions(self._edges, self._votes(share * slope), rows, version)

    def table(self, action: str, share: float = 1.0) -> BinnedScorer:
        """Freeze what `scorer` has of one of `levels.names`."""
        base, examples, crossed = self._row(action, share, list(map(_grouped, self._counts)))
        votes = _crossed_votes(self._votes(share * self._line[0]), crossed)
        return BinnedScorer(self._edges, votes, base, examples, 0)

    def _row(self, action: str, share: float, grouped: Tallies) -> Row:
        _, slope, offset = self._line
        tallies = self._crossed.get(action, [])
        crossed = [
            [_parts(share * slope * _adds(sides, counts, group)) for group in range(GROUPS)]
            for sides, counts in zip(grouped, tallies, strict=False)
        ]
        return share * (self.levels.log_odds(action) + offset), self.levels.examples(action), crossed

    def thawed(self, plain: Mapping[str, Any]) -> BinnedActions:
        """Read a scorer that was kept as data. Raises one of `models.learning.learner.DAMAGED`."""
        return BinnedActions.of(plain, len(self.names))

    def snapshot(self) -> Snapshot:
        """All counts, of all actions and of each, and the line over the votes."""
        return {
            **super().snapshot(),
            "held_of": list(self._held_of),
            "levels": self.levels.snapshot(),
            "crossed": [
                [action, [[list(side) for side in sides] for sides in tallies]]
                for action, tallies in sorted(self._crossed.items())
            ],
        }

    def _fresh(self) -> Self:
        """Begin another one like it."""
        return type(self)(self.names, self.levels.starts)

    def _read(self, data: Mapping[str, Any]) -> None:
        """Read what `snapshot` wrote. Raises one of `models.learning.learner.DAMAGED`."""
        super()._read(data)
        self._held_of = [str(action) for action in data["held_of"]]
        self.levels = self.levels.restored(data["levels"])
        self._crossed = {str(action): [_sides(sides) for sides in tallies] for action, tallies in data["crossed"]}
        wide = all(len(tallies) == len(self.names) for tallies in self._crossed.values())
        known = {*self._held_of, *self._crossed} <= {*self.levels.actions}
        if len(self._held_of) != len(self._held) or not (wide and known):
            raise BadSnapshotError("the snapshot is not of as many features or actions as it says")


def group_of(place: int, bins: int) -> int:
    """Find the group of a bin among so many."""
    return place * GROUPS // bins


def _grouped(sides: Sequence[Sequence[float]]) -> list[list[float]]:
    """Add what was counted in the bins of a feature up to groups, by class."""
    found = [[0.0] * GROUPS for _ in sides]
    for groups, side in zip(found, sides, strict=True):
        for place, count in enumerate(side):
            groups[group_of(place, len(side))] += count
    return found


def _adds(sides: Sequence[Sequence[float]], counts: Sequence[Sequence[float]], group: int) -> float:
    """Say by how much the odds that an action's counts tell in a group differ (log) from those of all `sides`."""
    negatives, positives = sides
    usual = shares(negatives, positives, group)
    of_negatives, of_positives = [_drawn(own, share, group) for own, share in zip(counts, usual, strict=True)]
    return log(of_positives / usual[1]) - log(of_negatives / usual[0])


def _drawn(own: Sequence[float], share: float, group: int) -> float:
    """Give the share of an action's examples in a group, drawn towards that of all."""
    return (own[group] + CROSSED_SMOOTHING * share) / (sum(own) + CROSSED_SMOOTHING)


def _parts(log_odds: float) -> int:
    return round(UNIT * log_odds)


def _crossed_votes(votes: Sequence[Sequence[float]], crossed: Crossed) -> Sequence[Sequence[float]]:
    """Add what an action adds in a group to the votes of the bins in it."""
    if not crossed:
        return votes
    return [
        [vote + added[group_of(place, len(row))] / UNIT for place, vote in enumerate(row)]
        for row, added in zip(votes, crossed, strict=True)
    ]


def _sides(sides: Sequence[Sequence[float]]) -> list[list[float]]:
    """Read what was counted of a feature. Raises one of `models.learning.learner.DAMAGED`."""
    negatives, positives = [sound(side, GROUPS, 0.0) for side in sides]
    return [negatives, positives]


def _row(told: Sequence[Any]) -> Row:
    """Read what is an action's own. Raises one of `models.learning.learner.DAMAGED`."""
    base, examples, crossed = told
    sound([base])
    return base, int(examples), [list(map(int, sound(row, GROUPS))) for row in crossed]
