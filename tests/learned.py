"""What a trainer comes to after the examples that it was told, as bytes: for tests of what must come out the same."""

from collections.abc import Iterable, Sequence

import msgpack

from models.policy import Policy
from models.training.bookmark import Position
from models.training.learners import new_release
from schemas.internal import ExampleRecord, Punctuation

Told = Sequence[tuple[ExampleRecord, Position]]
"""Examples in the order in which they came, each with the record that brought it about."""


def by_themselves(examples: Iterable[ExampleRecord]) -> Told:
    """Each as if it came once and from a record of its own."""
    return [(example, Position("once", place, 0)) for place, example in enumerate(examples)]


def learned(told: Told, model: str, policy: Policy) -> bytes:
    """The model's bytes, challengers included, after all these examples in their order."""
    release = new_release(model, policy, 1, restarts=False)
    for offset, (example, position) in enumerate(told):
        release.take(example, position, offset)
    end_ms = max(example.due_ms for example, _ in told) + 1
    list(release.promise(Punctuation(model=model, source_partition=0, below_ms=end_ms), len(told)))
    assert release.waiting == 0
    return msgpack.packb(release.state())
