"""Features in bins of about equal numbers, and what came true in each bin: counts, votes, and what votes are worth.

Features are cut at the first `WARM` examples; from then on each bin counts positives and negatives, and half of all
counts is forgotten again and again, so that a model follows the world. A bin's vote is the log of the odds that it
tells against the odds of all (smoothed towards telling nothing). Features that go together say the same thing several
times: slopes and an offset over sums of votes, learned as examples come (Platt, "Probabilistic Outputs for Support
Vector Machines", 1999), make a probability of it again. Everything is counts and sums: pure data, and the votes are
exact contributions.
"""

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import inf, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, ReadWhole, Snapshot, sound, tame
from models.learning.scoring import Scored, probability

WARM = 300  # examples that find the bins
BINS = 10
MEMORY = 4_000  # examples, before half of them is forgotten
SMOOTHING = 10.0  # examples of each class that a bin is believed to have had, like all others
SLOPE = 0.3  # before anything was learned: votes of 34 features overlap
CERTAINTIES = (50.0, 4.0)  # of a slope and the offset at the start; they fade so that drift is followed
FADING = 0.999
LEAST_CURVE = 1e-3


class BinnedScorer:
    """Scores by a table of votes per feature; one score costs a search per feature."""

    __slots__ = ("_base", "_edges", "_votes", "examples", "version")

    def __init__(
        self,
        edges: Sequence[Sequence[float]],
        votes: Sequence[Sequence[float]],
        base: float,
        examples: int,
        version: int,
    ) -> None:
        """Add the vote of each feature's bin to `base` (log-odds)."""
        self._edges = tuple(map(tuple, edges))
        self._votes = tuple(map(tuple, votes))
        self._base = base
        self.examples = examples
        self.version = version

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Score, with its exact additive contributions; what is known of a contact is not asked."""
        contributions = tuple(
            [
                votes[bisect_right(edges, value)]
                for votes, edges, value in zip(self._votes, self._edges, features, strict=True)
            ]
        )
        log_odds = sum(contributions, self._base)
        return Scored(probability(log_odds), log_odds, self._base, contributions, self.examples)

    def plain(self) -> dict[str, Any]:
        """All that it scores by, as data."""
        edges, votes = [list(row) for row in self._edges], [list(row) for row in self._votes]
        return {"edges": edges, "votes": votes, "base": self._base, "examples": self.examples}

    @classmethod
    def of(cls, plain: Mapping[str, Any], width: int) -> "BinnedScorer":
        """Read what `plain` told. Raises one of `models.learning.learner.DAMAGED`."""
        edges, votes = table_of(plain, width)
        (base,) = sound([plain["base"]])
        return cls(edges, votes, base, int(plain["examples"]), 0)


def table_of(plain: Mapping[str, Any], width: int) -> tuple[list[list[float]], list[list[float]]]:
    """Read the edges of so many features' bins, and their votes. Raises one of `models.learning.learner.DAMAGED`."""
    edges = [sound(row) for row in plain["edges"]]
    votes = [sound(row, len(cuts) + 1) for cuts, row in zip(edges, plain["votes"], strict=True)]
    if len(edges) != width:
        raise BadSnapshotError("a table of votes is of other features")
    return edges, votes


Counted = NDArray[np.float64]
"""What was counted, by class (negatives, positives), feature, and bin or group. Sums of it are exact, see `halved`."""
Places = NDArray[np.int64]
"""The bin of each feature."""


class BinnedCounts(ReadWhole):
    """Counts what came true in each bin, and learns what the sums of votes are worth.

    All features are counted at once, as arrays. Only sums of counts, which are exact, and what rounds the same
    everywhere (single operations, and `math.log` one by one) is left to NumPy: bytes must not hang on the machine.
    """

    refused = 0  # counts cannot run away
    slopes: Sequence[float] = (SLOPE,)  # at the start, of each sum of votes

    def __init__(self, names: Sequence[str]) -> None:
        """Learn over features `names`."""
        self.names = tuple(names)
        self.examples = 0
        self._held: list[list[float]] = []  # label and features, until there are enough to find bins
        self._held_of: list[str] = []  # and whom each is about
        self._rows = np.arange(len(self.names))
        self._cut([[] for _ in self.names])
        self._line = [*self.slopes, 0.0]
        self._certainties = list(self._least())

    def _cut(self, edges: list[list[float]]) -> None:
        """Cut features at these edges, with nothing counted yet."""
        self._edges = edges
        self._bins = np.array([len(cuts) + 1 for cuts in edges], dtype=np.int64)
        most = int(self._bins.max())
        self._cuts = np.array([[*cuts, *[inf] * (most - 1 - len(cuts))] for cuts in edges], dtype=np.float64)
        self._counts: Counted = np.zeros((2, len(edges), most))

    def _least(self) -> list[float]:
        """Give the certainties of slopes and offset at the start."""
        return [CERTAINTIES[0]] * len(self.slopes) + [CERTAINTIES[1]]

    def _totals(self) -> tuple[float, float]:
        """Say how many negatives and positives were counted."""
        return totals_of(self._counts)

    def _votes(self, slope: float) -> list[list[float]]:
        negatives, positives = self._counts
        votes = logs_of_odds(*shares(negatives, positives, self._totals(), self._bins[:, np.newaxis]))
        rows = [votes[start : start + len(cuts) + 1] for start, cuts in zip(self._starts(), self._edges, strict=True)]
        return [[slope * vote for vote in row] for row in rows]

    def _starts(self) -> range:
        """Say where the bins of each feature begin, were they in one row."""
        return range(0, self._counts[0].size, self._counts.shape[2])

    def _is_warming(self) -> bool:
        return self.examples < WARM

    def _places(self, values: Sequence[float]) -> Places:
        found: Places = (self._cuts <= np.array(values)[:, np.newaxis]).sum(axis=1)
        return found

    def _asked(self, places: Places) -> list[float]:
        """Give the vote of each feature's bin: how much more often positives lie in it than negatives (log)."""
        negatives, positives = self._counts[:, self._rows, places]
        return logs_of_odds(*shares(negatives, positives, self._totals(), self._bins))

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one example."""
        values = tame(features)
        self.examples += 1
        if self._held or self.examples == 1:
            self._held.append([float(label), *values])
            self._held_of.append(about)
            if self.examples == WARM:
                self._find_bins()
            return
        self._adjust(label, *self._heard(values, about))
        self._count(label, self._places(values), about)

    @abstractmethod
    def _heard(self, values: Sequence[float], about: str) -> tuple[float, list[float]]:
        """Give the log-odds before the features speak, and the sums of their votes that the slopes stretch."""

    def _find_bins(self) -> None:
        self._cut([_edges(column) for column in zip(*[values for _, *values in self._held], strict=True)])
        held, self._held, self._held_of = list(zip(self._held, self._held_of, strict=True)), [], []
        for (label, *values), about in held:
            self._count(label > 0, self._places(values), about)

    def _count(self, label: bool, places: Places, about: str) -> None:
        self._counts[int(label), self._rows, places] += 1.0
        if sum(self._totals()) > MEMORY:
            self._forget()

    def _forget(self) -> None:
        """Forget half of what was counted."""
        self._counts = halved(self._counts)

    def _adjust(self, label: bool, base: float, sums: Sequence[float]) -> None:
        """Move slopes and offset by one step of Newton's method, as `models.learning.pooled` moves its weights."""
        *slopes, offset = self._line
        chance = probability(sum([slope * votes for slope, votes in zip(slopes, sums, strict=True)], base + offset))
        curve, inputs = max(LEAST_CURVE, chance * (1.0 - chance)), [*sums, 1.0]
        doubt = sum([z * z / certainty for z, certainty in zip(inputs, self._certainties, strict=True)])
        push = (label - chance) / (1.0 + curve * doubt)
        moved = [w + push * z / c for w, z, c in zip(self._line, inputs, self._certainties, strict=True)]
        self._line = [*[max(0.0, slope) for slope in moved[:-1]], moved[-1]]
        self._certainties = [
            max(least, FADING * certainty) + curve * z * z
            for least, certainty, z in zip(self._least(), self._certainties, inputs, strict=True)
        ]

    def snapshot(self) -> Snapshot:
        """All counts, and the line over the votes."""
        return {
            "names": list(self.names),
            "examples": self.examples,
            "held": [list(row) for row in self._held],
            "edges": [list(edges) for edges in self._edges],
            "tallies": [
                [side[:bins] for side in sides]
                for sides, bins in zip(by_feature(self._counts), self._bins.tolist(), strict=True)
            ],
            "line": list(self._line),
            "certainties": list(self._certainties),
        }

    def _read(self, data: Mapping[str, Any]) -> None:
        """Read what `snapshot` wrote. Raises one of `DAMAGED`."""
        width = len(self.names)
        if tuple(data["names"]) != self.names:
            raise BadSnapshotError("the snapshot was taken with other features")
        self.examples = int(data["examples"])
        self._held = [sound(row, width + 1) for row in data["held"]]
        edges = [sound(cuts) for cuts in data["edges"]]
        tallies = [
            [sound(side, len(cuts) + 1, 0.0) for side in sides]
            for cuts, sides in zip(edges, data["tallies"], strict=True)
        ]
        if any(len(sides) != 2 for sides in tallies) or any(cuts != sorted(cuts) for cuts in edges):
            raise BadSnapshotError("the snapshot holds bins that cannot be")
        if len(edges) != width or len(self._held) != (self.examples if self._is_warming() else 0):
            raise BadSnapshotError("the snapshot is not of as many features or examples as it says")
        self._cut(edges)
        for feature, sides in enumerate(tallies):
            self._counts[:, feature, : len(sides[0])] = sides
        self._held_of = [""] * len(self._held)
        size = len(self._line)
        self._line, self._certainties = sound(data["line"], size), sound(data["certainties"], size, 1e-3)


def totals_of(counted: Counted) -> tuple[float, float]:
    """Say how many negatives and positives were counted: as many of one feature as of the other."""
    negatives, positives = counted[:, 0].sum(axis=1).tolist()
    return negatives, positives


def halved(counted: Counted) -> Counted:
    """Forget half of what was counted, and what is finer than 2^-30: so all sums of counts stay exact."""
    halves: Counted = np.floor(counted * 2.0**29) / 2.0**30
    return halves


def by_feature(counted: Counted) -> list[list[list[float]]]:
    """Tell what was counted as data: by feature, class, and bin or group."""
    told: list[list[list[float]]] = counted.transpose(1, 0, 2).tolist()
    return told


def shares(
    negatives: Counted, positives: Counted, totals: tuple[float, float], bins: Places | int
) -> tuple[Counted, Counted]:
    """Say which share of the negatives, and of the positives, lies in these bins, smoothed towards no difference."""
    of_negatives, of_positives = totals
    usual = SMOOTHING * (negatives + positives + 1.0) / (of_negatives + of_positives + bins)
    return (negatives + usual) / (of_negatives + SMOOTHING), (positives + usual) / (of_positives + SMOOTHING)


def logs_of_odds(of_negatives: Counted, of_positives: Counted) -> list[float]:
    """Give the logarithms of the second over the first, in one row."""
    odds: list[float] = (of_positives / of_negatives).ravel().tolist()
    return list(map(log, odds))


def _edges(column: Sequence[float]) -> list[float]:
    """Cut a feature's values into bins of about equal numbers; a bin begins at its edge."""
    ranked = sorted(column)
    cuts = {ranked[len(ranked) * part // BINS] for part in range(1, BINS)}
    return sorted(cut for cut in cuts if cut > ranked[0])
