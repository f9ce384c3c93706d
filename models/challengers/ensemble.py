"""An averaged ensemble: Bayesian logistic regressions whose memories are of several lengths, and binned naive Bayes.

Each regression keeps a mean and a certainty per weight and moves them by one step of Newton's method an example, as
`models.learning.pooled` tells; certainty fades with the length of its memory. The log-odds of all are averaged (a
logarithmic opinion pool), each weighed by how well it did lately: weights fall exponentially with a fading sum of log
losses (Cesa-Bianchi, Lugosi, "Prediction, Learning, and Games", 2006, §2). An average of sums is a sum: the
contributions stay exact, the regressions fold into one set of weights, and a score costs one linear model and one
table.
"""

from collections.abc import Mapping, Sequence
from math import exp, sqrt
from operator import add
from typing import Any, Self

from models.challengers.bayes import BayesLearner
from models.challengers.binned import BinnedScorer
from models.challengers.frozen import PlainScorer
from models.evaluation.evidence import loss
from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, ReadWhole, Snapshot, linear_of, met, sound, tame
from models.learning.scoring import Linear, LinearScorer, Scored, log_odds_of, probability

MEMORIES = (0.99, 0.999, 1.0)  # what is left of a certainty after an example
SHARPNESS = 0.1  # how fast a weight falls with a loss
FADING = 0.999  # of losses: the last thousand examples weigh the members
WIDTH = 0.1  # of a feature, in squares of its unit: one that has hardly varied yet is not blown up
WEIGHT, INTERCEPT = 50.0, 4.0  # certainties before anything was learned
LEAST_CURVE = 1e-3
LEAST_CERTAINTY = 1e-3  # of a snapshot that is to be believed


class EnsembleScorer:
    """Scores with the folded regressions and the table of votes."""

    __slots__ = ("_linear", "_table", "examples", "version")

    def __init__(self, linear: PlainScorer, table: PlainScorer, version: int) -> None:
        """Add the contributions of both; of a contact only the regressions may know something."""
        self._linear = linear
        self._table = table
        self.examples = linear.examples
        self.version = version

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Score, with its exact additive contributions."""
        ours, theirs = self._linear.score(features, action, slots), self._table.score(features, action)
        both = map(add, ours.contributions, theirs.contributions)
        contributions = (*both, *ours.contributions[len(theirs.contributions) :])
        base = ours.base + theirs.base
        log_odds = sum(contributions, base)
        return Scored(probability(log_odds), log_odds, base, contributions, ours.examples)

    def plain(self) -> dict[str, Any]:
        """All that it scores by, as data."""
        return {"linear": self._linear.plain(), "table": self._table.plain()}


class Weighing:
    """How much each member counts: the less the more it lost lately."""

    def __init__(self, members: int) -> None:
        """Begin with all alike."""
        self.losses = [0.0] * members

    def shares(self) -> list[float]:
        """Give the shares, which sum to 1."""
        least = min(self.losses)
        weights = [exp(SHARPNESS * (least - lost)) for lost in self.losses]
        whole = sum(weights)
        return [weight / whole for weight in weights]

    def hear(self, label: bool, said: Sequence[float]) -> None:
        """Count what each member said of an example before it learned it."""
        self.losses = [FADING * lost + loss(label, score) for lost, score in zip(self.losses, said, strict=True)]

    def read(self, losses: Sequence[float]) -> None:
        """Go on from these. Raises one of `models.learning.learner.DAMAGED`."""
        self.losses = sound(losses, len(self.losses), 0.0)


class _Regression:
    """One set of weights over scaled features, with a memory of its own; the intercept is the last weight."""

    def __init__(self, width: int, memory: float, base: float) -> None:
        self._memory = memory
        self._least = [WEIGHT] * width + [INTERCEPT]
        self.weights = [0.0] * width + [base]
        self.certainties = list(self._least)

    def says(self, values: Sequence[float]) -> float:
        return probability(sum([w * z for w, z in zip(self.weights, values, strict=True)]))

    def learn(self, values: Sequence[float], label: bool) -> None:
        chance = self.says(values)
        curve = max(LEAST_CURVE, chance * (1.0 - chance))
        doubt = sum([z * z / c for z, c in zip(values, self.certainties, strict=True)])
        push = (label - chance) / (1.0 + curve * doubt)
        self.weights = [w + push * z / c for w, z, c in zip(self.weights, values, self.certainties, strict=True)]
        self.certainties = [
            max(least, self._memory * c) + curve * z * z
            for least, z, c in zip(self._least, values, self.certainties, strict=True)
        ]


class EnsembleLearner(ReadWhole):
    """Learns all members on each example.

    Learning one costs some 150 µs. A score after it freezes all members anew: some 140 µs more, which a contest asks of
    whoever is on duty alone (both on a machine that was busy with other things).
    """

    refused = 0  # a step is bounded whatever the example

    def __init__(self, names: Sequence[str], start: float = 0.5) -> None:
        """Learn over features `names`; unlearned it says `start`."""
        self.names = tuple(names)
        self.examples = 0
        self._start = start
        width = len(self.names)
        self._means, self._variances = [0.0] * width, [0.0] * width
        self._members = [_Regression(width, memory, log_odds_of(start)) for memory in MEMORIES]
        self._bayes = BayesLearner(names, start)
        self._weighing = Weighing(len(MEMORIES) + 1)
        self._frozen: EnsembleScorer | None = None

    def scorer(self, version: int) -> EnsembleScorer:
        """Freeze a scorer of what is known now."""
        *shares, of_bayes = self._weighing.shares()
        columns = zip(*[member.weights for member in self._members], strict=True)
        *weights, base = [sum([s * w for s, w in zip(shares, column, strict=True)]) for column in columns]
        scaled = tuple([w / sqrt(v + WIDTH) for w, v in zip(weights, self._variances, strict=True)])
        linear = Linear(scaled, tuple(self._means), base, self.examples)
        return EnsembleScorer(LinearScorer(linear, version), self._bayes.scorer(version, of_bayes), version)

    def thawed(self, plain: Mapping[str, Any]) -> EnsembleScorer:
        """Read a scorer that was kept as data. Raises one of `models.learning.learner.DAMAGED`."""
        width = len(self.names)
        linear = LinearScorer(linear_of(plain["linear"], width), 0)
        return EnsembleScorer(linear, BinnedScorer.of(plain["table"], width), 0)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        if self._frozen is None:
            self._frozen = self.scorer(0)
        return self._frozen.score(tame(features)).value

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Weigh the members by what they say of one example, then let them learn it."""
        values = tame(features)
        self.examples += 1
        moments = [met(m, v, x, self.examples) for m, v, x in zip(self._means, self._variances, values, strict=True)]
        self._means, self._variances = [m for m, _ in moments], [v for _, v in moments]
        scaled = [*[(x - m) / sqrt(v + WIDTH) for x, (m, v) in zip(values, moments, strict=True)], 1.0]
        said = [*[member.says(scaled) for member in self._members], self._bayes.score(values)]
        self._weighing.hear(label, said)
        for member in self._members:
            member.learn(scaled, label)
        self._bayes.learn(values, label)
        self._frozen = None

    def snapshot(self) -> Snapshot:
        """Tell all members, and their losses."""
        return {
            "names": list(self.names),
            "examples": self.examples,
            "means": list(self._means),
            "variances": list(self._variances),
            "members": [[list(member.weights), list(member.certainties)] for member in self._members],
            "losses": list(self._weighing.losses),
            "bayes": self._bayes.snapshot(),
        }

    def _fresh(self) -> Self:
        """Begin another one like it."""
        return type(self)(self.names, self._start)

    def _read(self, data: Mapping[str, Any]) -> None:
        """Read what `snapshot` wrote. Raises one of `DAMAGED`."""
        if tuple(data["names"]) != self.names:
            raise BadSnapshotError("the snapshot was taken with other features")
        self.examples, width = int(data["examples"]), len(self.names)
        self._means, self._variances = sound(data["means"], width), sound(data["variances"], width, 0.0)
        for member, (weights, certainties) in zip(self._members, data["members"], strict=True):
            member.weights = sound(weights, width + 1)
            member.certainties = sound(certainties, width + 1, LEAST_CERTAINTY)
        self._weighing.read(data["losses"])
        self._bayes.restore(data["bayes"])
