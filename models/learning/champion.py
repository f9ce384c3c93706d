"""The champion: two logistic regressions of the same examples that differ in how long they remember.

One forgets nothing, the other remembers the last thousand examples or so; the score is the mean of their log-odds. A
label that comes late finds the world changed, and whoever runs after what is new runs after ghosts; whoever does not
misses what has come to stay. Half of each does well at any delay without knowing which it is (averaging of models over
forgetting factors: McCormick, Raftery, Madigan, Burd, "Dynamic Logistic Regression and Dynamic Model Averaging for
Binary Classification", Biometrics 2012; here with equal weights, since weights that are learned would be judged by
labels that are late themselves). `docs/models.md` has the ablation.

The quick one also sees into which bin each number of a contact falls: that is how it tells the days of a campaign
apart. Both fold into one set of plain weights, so the hot path looks up and sums (`models.learning.scoring.Linear`).
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from models.learning.hashing import Slots
from models.learning.learner import Snapshot, reading
from models.learning.pooled import NO_EVIDENCE, Memory, PooledRegressions
from models.learning.scoring import Linear, SlotTerm

QUICK, STEADY = 0.999, 1.0  # fading of certainty per example

_NOTHING: SlotTerm = (0.0, 0.0, inf)


class Champion(PooledRegressions):
    """Learns of many actions at once; an example costs some 50 µs."""

    def __init__(self, names: Sequence[str], evidence: Mapping[str, float] = NO_EVIDENCE) -> None:
        """Learn over features `names`; `evidence`: how many answers an action's start is worth."""
        super().__init__(names, (Memory(QUICK, bins=True), Memory(STEADY)), evidence)

    def linear(self, action: str, start: float, contact: Slots | None = None) -> Linear:
        """Fold both regressions of one action into plain numbers, as `PooledRegressions.linears` does."""
        return halved(*self.linears(action, start, contact))

    def snapshot(self) -> Snapshot:
        """Tell all that the quick one knows, and beside it the steady one."""
        quick, steady = self.snapshots()
        return {**quick, "steady": steady}

    @classmethod
    def of(
        cls, data: Mapping[str, Any], names: Sequence[str], evidence: Mapping[str, float] = NO_EVIDENCE
    ) -> "Champion":
        """Read what `snapshot` wrote. Raises `BadSnapshotError`."""
        champion = cls(names, evidence)
        with reading():
            champion.restore([data, data["steady"]])
        return champion


def halved(quick: Linear, steady: Linear) -> Linear:
    """Take the mean of the log-odds of two regressions that have met the same examples, so that their centres agree."""
    return Linear(
        tuple([(one + other) / 2 for one, other in zip(quick.weights, steady.weights, strict=True)]),
        quick.centres,
        (quick.base + steady.base) / 2,
        quick.examples,
        {
            slot: ((weight + steady.slots.get(slot, _NOTHING)[0]) / 2, centre, limit)
            for slot, (weight, centre, limit) in quick.slots.items()
        },
        quick.bins or steady.bins,
    )
