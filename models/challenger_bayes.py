"""Binned naive Bayes, in the manner of adaptive decision models: each feature's bins vote by what came true in them.

Features are cut into bins of about equal numbers of the first `WARM` examples; from then on each bin counts who left
and who stayed, and half of all counts is forgotten again and again, so that the model follows the world. A bin's vote
is the log of the odds that it tells against the odds of all (smoothed towards telling nothing). Features that go
together say the same thing several times: a slope and an offset over the sum of votes, learned as examples come (Platt,
"Probabilistic Outputs for Support Vector Machines", 1999), make a probability of it again. Everything is counts and
sums: pure data, and the votes are exact contributions.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import log
from typing import Any

from models.hashing import Slots
from models.learner import DAMAGED, BadSnapshotError, Snapshot, sound, tame
from models.scoring import Scored, log_odds_of, probability

WARM = 300  # examples that find the bins
BINS = 10
MEMORY = 4_000  # examples, before half of them is forgotten
SMOOTHING = 10.0  # examples of each class that a bin is believed to have had, like all others
SLOPE = 0.3  # before anything was learned: votes of 34 features overlap
CERTAINTIES = (50.0, 4.0)  # of slope and offset at the start; they fade so that drift is followed
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
        """Read what `plain` told. Raises one of `models.learner.DAMAGED`."""
        edges = [sound(row) for row in plain["edges"]]
        votes = [sound(row, len(cuts) + 1) for cuts, row in zip(edges, plain["votes"], strict=True)]
        if len(edges) != width:
            raise BadSnapshotError("a table of votes is of other features")
        (base,) = sound([plain["base"]])
        return cls(edges, votes, base, int(plain["examples"]), 0)


class BayesLearner:
    """Counts what came true in each bin; one example costs some 60 µs."""

    refused = 0  # counts cannot run away

    def __init__(self, names: Sequence[str], start: float = 0.5) -> None:
        """Learn over features `names`; until the bins are found it says `start`."""
        self.names = tuple(names)
        self.examples = 0
        self._start = log_odds_of(start)
        self._held: list[list[float]] = []  # label and features, until there are enough to find bins
        self._edges: list[list[float]] = [[] for _ in self.names]
        self._counts = [[[0.0], [0.0]] for _ in self.names]  # per feature: negatives and positives by bin
        self._line = [SLOPE, 0.0]
        self._certainties = list(CERTAINTIES)

    def _votes(self, slope: float) -> list[list[float]]:
        return [[slope * vote for vote in _votes(*sides)] for sides in self._counts]

    def _prior(self) -> float:
        negatives, positives = map(sum, self._counts[0])
        return log((positives + 1.0) / (negatives + 1.0))

    def scorer(self, version: int, share: float = 1.0) -> BinnedScorer:
        """Freeze a scorer of what is known now; an ensemble takes a share of its log-odds."""
        slope, offset = self._line
        base = self._start if self._is_warming() else self._prior() + offset
        return BinnedScorer(self._edges, self._votes(share * slope), share * base, self.examples, version)

    def thawed(self, plain: Mapping[str, Any]) -> BinnedScorer:
        """Read a scorer that was kept as data. Raises one of `models.learner.DAMAGED`."""
        return BinnedScorer.of(plain, len(self.names))

    def _is_warming(self) -> bool:
        return self.examples < WARM

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        if self._is_warming():
            return probability(self._start)
        slope, offset = self._line
        votes = [slope * vote for vote in self._asked(tame(features))]
        return probability(sum(votes, self._prior() + offset))

    def _asked(self, values: Sequence[float]) -> list[float]:
        return [
            _vote(negatives, positives, bisect_right(edges, value))
            for (negatives, positives), edges, value in zip(self._counts, self._edges, values, strict=True)
        ]

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one example."""
        values = tame(features)
        self.examples += 1
        if self._held or self.examples == 1:
            self._held.append([float(label), *values])
            if self.examples == WARM:
                self._find_bins()
            return
        self._adjust(label, sum(self._asked(values)))
        self._count(label, values)

    def _find_bins(self) -> None:
        columns = list(zip(*[values for _, *values in self._held], strict=True))
        self._edges = [_edges(column) for column in columns]
        self._counts = [[[0.0] * (len(edges) + 1) for _ in range(2)] for edges in self._edges]
        for label, *values in self._held:
            self._count(label > 0, values)
        self._held = []

    def _count(self, label: bool, values: Sequence[float]) -> None:
        for counts, edges, value in zip(self._counts, self._edges, values, strict=True):
            counts[label][bisect_right(edges, value)] += 1.0
        if sum(map(sum, self._counts[0])) > MEMORY:
            self._counts = [[[count / 2 for count in side] for side in counts] for counts in self._counts]

    def _adjust(self, label: bool, votes: float) -> None:
        """Move slope and offset by one step of Newton's method, as `models.pooled` moves its weights."""
        slope, offset = self._line
        chance = probability(self._prior() + offset + slope * votes)
        curve = max(LEAST_CURVE, chance * (1.0 - chance))
        of_slope, of_offset = self._certainties
        push = (label - chance) / (1.0 + curve * (votes * votes / of_slope + 1.0 / of_offset))
        self._line = [max(0.0, slope + push * votes / of_slope), offset + push / of_offset]
        self._certainties = [
            max(CERTAINTIES[0], FADING * of_slope) + curve * votes * votes,
            max(CERTAINTIES[1], FADING * of_offset) + curve,
        ]

    def snapshot(self) -> Snapshot:
        """All counts, and the line over the votes."""
        return {
            "names": list(self.names),
            "examples": self.examples,
            "held": [list(row) for row in self._held],
            "edges": [list(edges) for edges in self._edges],
            "tallies": [[list(side) for side in counts] for counts in self._counts],
            "line": list(self._line),
            "certainties": list(self._certainties),
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Become what `snapshot` described. Raises `BadSnapshotError` and stays as it was."""
        fresh = BayesLearner(self.names)
        try:
            fresh._read(data)
        except DAMAGED as error:
            raise BadSnapshotError(f"the snapshot is damaged: {error!r}") from error
        self.__dict__.update({**fresh.__dict__, "_start": self._start})

    def _read(self, data: Mapping[str, Any]) -> None:
        """Read what `snapshot` wrote. Raises one of `DAMAGED`."""
        width = len(self.names)
        if tuple(data["names"]) != self.names:
            raise BadSnapshotError("the snapshot was taken with other features")
        self.examples = int(data["examples"])
        self._held = [sound(row, width + 1) for row in data["held"]]
        self._edges = [sound(edges) for edges in data["edges"]]
        self._counts = [[sound(side, len(edges) + 1, 0.0) for side in counts]
                        for edges, counts in zip(self._edges, data["tallies"], strict=True)]  # fmt: skip
        self._line, self._certainties = sound(data["line"], 2), sound(data["certainties"], 2, 1e-3)
        if len(self._edges) != width or len(self._held) != (self.examples if self._is_warming() else 0):
            raise BadSnapshotError("the snapshot is not of as many features or examples as it says")
        if any(len(counts) != 2 for counts in self._counts) or any(edges != sorted(edges) for edges in self._edges):
            raise BadSnapshotError("the snapshot holds bins that cannot be")


def _vote(negatives: Sequence[float], positives: Sequence[float], place: int) -> float:
    """Say how much more often positives lie in this bin than negatives (log), smoothed towards no difference."""
    of_negatives, of_positives = sum(negatives), sum(positives)
    usual = SMOOTHING * (negatives[place] + positives[place] + 1.0) / (of_negatives + of_positives + len(negatives))
    share_of_positives = (positives[place] + usual) / (of_positives + SMOOTHING)
    return log(share_of_positives / ((negatives[place] + usual) / (of_negatives + SMOOTHING)))


def _votes(negatives: Sequence[float], positives: Sequence[float]) -> list[float]:
    return [_vote(negatives, positives, place) for place in range(len(negatives))]


def _edges(column: Sequence[float]) -> list[float]:
    """Cut a feature's values into bins of about equal numbers; a bin begins at its edge."""
    ranked = sorted(column)
    cuts = {ranked[len(ranked) * part // BINS] for part in range(1, BINS)}
    return sorted(cut for cut in cuts if cut > ranked[0])
