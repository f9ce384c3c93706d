"""Binned naive Bayes over offers: the action is a factor of its own, and is crossed with the features.

An action begins at its level, what policy believes of it and what its answers were (`models.challengers.levels`). Votes
of the features' bins are learned from the answers to all actions. On top of them comes what sets an action's own
customers apart: bins are put together to `GROUPS` groups, and an action's vote in a group is by how much the odds that
it tells differ from those told by all actions; they weigh little until there are answers (smoothed towards the shares
of all). The votes of all and those of the action have a slope each, so that crosses that only make noise are learned to
be left.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from models.challengers.binned import (
    SLOPE,
    BinnedCounts,
    BinnedScorer,
    Counted,
    Places,
    by_feature,
    halved,
    logs_of_odds,
    shares,
    table_of,
    totals_of,
)
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
    """Learns the answers to all actions; one example costs some 100 µs."""

    slopes = (SLOPE, CROSSED_SLOPE)

    def __init__(self, names: Sequence[str], starts: Starts) -> None:
        """Learn over features `names`; unlearned it says of an action what policy starts with."""
        super().__init__(names)
        self.levels = Levels(starts)
        self._crossed: dict[str, Counted] = {}  # by groups of bins
        self._last: tuple[Sequence[float], str, tuple[list[float], list[float]]] | None = None

    def _cut(self, edges: list[list[float]]) -> None:
        super()._cut(edges)
        self._group()

    def _group(self) -> None:
        """Add up what was counted in the bins of a feature to groups."""
        groups = group_of(np.arange(self._counts.shape[2]), self._bins[:, np.newaxis])
        of_groups = [np.where(groups == group, self._counts, 0.0).sum(axis=2) for group in range(GROUPS)]
        self._grouped: Counted = np.stack(of_groups, axis=2)

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one matured offer of action `about`; what is known of a contact is not asked."""
        place = self.levels.place(about)
        super().learn(features, label, place)
        self.levels.learn(place, label)

    def _heard(self, values: Sequence[float], about: str) -> tuple[float, list[float]]:
        return self.levels.log_odds(about), list(map(sum, self._votes_and_added(values, about)))

    def _votes_and_added(self, values: Sequence[float], action: str) -> tuple[list[float], list[float]]:
        """Give the vote of each feature's bin, and what an action adds to it; an ensemble asks twice of an example."""
        if self._last is None or self._last[0] is not values or self._last[1] != action:
            places = self._places(values)
            self._last = values, action, (self._asked(places), self._added(places, action))
        return self._last[2]

    def _added(self, places: Places, action: str) -> list[float]:
        tallies = self._crossed.get(action)
        if tallies is None:
            return [0.0] * len(self.names)
        at = (slice(None), self._rows, group_of(places, self._bins))
        return _adds(self._grouped[at], tallies[at], self._totals(), totals_of(tallies))

    def _count(self, label: bool, places: Places, about: str) -> None:
        tallies = self._crossed.get(about)
        if tallies is None:
            tallies = self._crossed[about] = np.zeros((2, len(self.names), GROUPS))
        groups = group_of(places, self._bins)
        for counted in (tallies, self._grouped):
            counted[int(label), self._rows, groups] += 1.0
        super()._count(label, places, about)
        self._last = None

    def _forget(self) -> None:
        super()._forget()
        self._crossed = {action: halved(tallies) for action, tallies in self._crossed.items()}
        self._group()

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the propensity for action `about` now."""
        place = self.levels.known(about)
        slope, crossed_slope, offset = self._line
        votes = zip(*self._votes_and_added(tame(features), place), strict=True)
        parts = [slope * vote + _parts(crossed_slope * added) / UNIT for vote, added in votes]
        return probability(sum(parts, self.levels.log_odds(place) + offset))

    def scorer(self, version: int, share: float = 1.0) -> BinnedActions:
        """Freeze a scorer of what is known now; an ensemble takes a share of its log-odds."""
        rows = {action: self._row(action, share) for action in self.levels.names}
        return BinnedActions(self._edges, self._votes(share * self._line[0]), rows, version)

    def table(self, action: str, share: float = 1.0) -> BinnedScorer:
        """Freeze what `scorer` has of one of `levels.names`."""
        base, examples, crossed = self._row(action, share)
        votes = _crossed_votes(self._votes(share * self._line[0]), crossed)
        return BinnedScorer(self._edges, votes, base, examples, 0)

    def _row(self, action: str, share: float) -> Row:
        _, slope, offset = self._line
        tallies, crossed = self._crossed.get(action), []
        if tallies is not None:
            added = _adds(self._grouped, tallies, self._totals(), totals_of(tallies))
            parts = [_parts(share * slope * one) for one in added]
            crossed = [parts[start : start + GROUPS] for start in range(0, len(parts), GROUPS)]
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
            "crossed": [[action, by_feature(tallies)] for action, tallies in sorted(self._crossed.items())],
        }

    def _fresh(self) -> Self:
        """Begin another one like it."""
        return type(self)(self.names, self.levels.starts)

    def _read(self, data: Mapping[str, Any]) -> None:
        """Read what `snapshot` wrote. Raises one of `models.learning.learner.DAMAGED`."""
        super()._read(data)
        self._held_of = [str(action) for action in data["held_of"]]
        self.levels = self.levels.restored(data["levels"])
        crossed = {str(action): [_sides(sides) for sides in tallies] for action, tallies in data["crossed"]}
        wide = all(len(tallies) == len(self.names) for tallies in crossed.values())
        known = {*self._held_of, *crossed} <= {*self.levels.actions}
        if len(self._held_of) != len(self._held) or not (wide and known):
            raise BadSnapshotError("the snapshot is not of as many features or actions as it says")
        self._crossed = {action: np.array(tallies).transpose(1, 0, 2).copy() for action, tallies in crossed.items()}
        self._group()


def group_of(places: Places, bins: Places) -> Places:
    """Find the groups of bins among so many."""
    return places * GROUPS // bins


def _adds(sides: Counted, counts: Counted, of_all: tuple[float, float], of_own: tuple[float, float]) -> list[float]:
    """Say by how much the odds that an action's counts tell in groups differ (log) from those of all `sides`."""
    usual = shares(sides[0], sides[1], of_all, GROUPS)
    drawn = [
        # The share of an action's examples in a group, drawn towards that of all.
        (own + CROSSED_SMOOTHING * share) / (total + CROSSED_SMOOTHING)
        for own, share, total in zip(counts, usual, of_own, strict=True)
    ]
    of_negatives, of_positives = [logs_of_odds(one, other) for one, other in zip(usual, drawn, strict=True)]
    return [positive - negative for positive, negative in zip(of_positives, of_negatives, strict=True)]


def _parts(log_odds: float) -> int:
    return round(UNIT * log_odds)


def _crossed_votes(votes: Sequence[Sequence[float]], crossed: Crossed) -> Sequence[Sequence[float]]:
    """Add what an action adds in a group to the votes of the bins in it."""
    if not crossed:
        return votes
    return [
        [vote + added[place * GROUPS // len(row)] / UNIT for place, vote in enumerate(row)]
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
