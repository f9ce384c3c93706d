"""What is learned of the slots of a contact (`models.learning.hashing`); weights are as in `models.learning.pooled`."""

from collections.abc import Collection, Mapping, Sequence
from math import sqrt

from models.learning.hashing import KEYS, SLOTS, WORD_SLOTS, Slots, bin_of
from models.learning.learner import LEAST_VARIANCE, BadSnapshotError, met, sound
from models.learning.scoring import SlotTerm

OF_SLOT = 50.0  # certainty before anything was learned: a deviation of 0.14
LEAST_CERTAINTY = 1e-3  # of a snapshot that is to be believed
MOST_CERTAINTY = 1e9  # nothing is surer, however wild the values were
SLOT_LIMIT = 4.0  # a slot counts for at most so many deviations: what drifts is not run after


class Slot:
    """What is known of one slot of one action; a word counts as it is, a number by its mean and variance."""

    __slots__ = ("certainty", "count", "mean", "variance", "weight")

    def __init__(self, *row: float) -> None:
        """Go on with what `row` told; without it, begin."""
        self.count: float
        self.count, self.mean, self.variance, self.weight, self.certainty = row or (0, 0.0, 0.0, 0.0, OF_SLOT)

    def row(self) -> list[float]:
        """Tell it as data."""
        return [self.count, self.mean, self.variance, self.weight, self.certainty]

    def meet(self, slot: int, value: float) -> None:
        """Count a value; words and bins are not centred."""
        if WORD_SLOTS <= slot < SLOTS:
            self.count += 1
            self.mean, self.variance = met(self.mean, self.variance, value, int(self.count))

    def term(self, slot: int) -> SlotTerm:
        """Weigh the value itself."""
        if not WORD_SLOTS <= slot < SLOTS:
            return self.weight, 0.0, SLOT_LIMIT
        if self.variance <= LEAST_VARIANCE:
            return 0.0, self.mean, 0.0
        deviation = sqrt(self.variance)
        return self.weight / deviation, self.mean, SLOT_LIMIT * deviation

    def scaled(self, slot: int, value: float) -> float:
        """Say how many deviations off the value is, as `term` does."""
        if not WORD_SLOTS <= slot < SLOTS:
            return min(SLOT_LIMIT, max(-SLOT_LIMIT, value))
        if self.variance <= LEAST_VARIANCE:
            return 0.0
        return min(SLOT_LIMIT, max(-SLOT_LIMIT, (value - self.mean) / sqrt(self.variance)))


def slots_of(rows: Sequence[Sequence[float]]) -> dict[int, Slot]:
    """Read slots from rows. Raises one of `models.learning.learner.DAMAGED`."""
    slots = {}
    for number, *row in rows:
        slot = slots[int(number)] = Slot(*sound(row, 5))
        if slot.variance < 0.0 or slot.certainty < LEAST_CERTAINTY or not 0 <= number < KEYS:
            raise BadSnapshotError("the snapshot holds a slot that cannot be")
    return slots


def terms(slots: Mapping[int, Slot], asked: Collection[int] | None = None) -> dict[int, SlotTerm]:
    """Weigh all slots, or those that are `asked` for."""
    numbers = slots if asked is None else [number for number in asked if number in slots]
    return {number: slots[number].term(number) for number in numbers}


def with_bins(slots: Slots) -> Slots:
    """Put the bin that each number falls into behind them."""
    return (*slots, *[(bin_of(slot, value), 1.0) for slot, value in slots if slot >= WORD_SLOTS])


def known_of(of_action: dict[int, Slot], slots: Slots, *, again: bool) -> list[tuple[Slot, float]]:
    """Count the slots of a contact, unless they are met `again`, and scale their values."""
    known = []
    for number, value in slots:
        slot = of_action.get(number)
        if slot is None:
            slot = of_action[number] = Slot()
        if not again:
            slot.meet(number, value)
        known.append((slot, slot.scaled(number, value)))
    return known


def sure(certainty: float) -> float:
    """Bound a certainty."""
    return min(MOST_CERTAINTY, certainty)
