"""The trainer of the model "value": its examples are customers, told of again and again, and nothing comes true.

So no score is held against a label: what a version says of itself is how many customers it knows, and how many of them
have bought more than once. A version is published daily; its numbers are fitted anew when policy says.
"""

from collections.abc import Iterator

from models.clv.model import MODEL, ValueLearner
from models.evaluation.meters import Quality
from models.training.bookmark import Position
from models.training.published import Cadence, Published
from models.training.release import Release
from schemas.internal import ExampleRecord

_NEVER = 2**62


class Census(Release):
    """`models.training.release.Release` over rows of customers; an example without a label takes its customer out."""

    def __init__(self, learner: ValueLearner, sources: int) -> None:
        """Train `learner` from `sources` source partitions."""
        super().__init__(MODEL, learner, sources, Cadence(_NEVER))
        self._customers = learner

    def take(self, example: ExampleRecord, position: Position, offset: int) -> None:
        """Take one example; who is to be taken out is, however late he is told of."""
        late = self.counts.late
        super().take(example, position, offset)
        if self.counts.late > late and example.label is None:
            self._learn(example)

    def quality(self) -> Quality:
        """Count the customers of the sample, and those of them who have bought more than once."""
        rows = self._customers.rows.values()
        return Quality(len(rows), sum([row.repeats > 0 for row in rows]), None, None, None)

    def _learn(self, example: ExampleRecord) -> None:
        if example.label is None:
            self.counts.censored += 1
        else:
            self.counts.learned[example.label] += 1
        self._customers.learn(example.features, example.label == 1, example.customer_id)
        self._since_version += 1

    def _publish(self) -> Iterator[Published | None]:
        self._customers.fit()
        yield from super()._publish()
