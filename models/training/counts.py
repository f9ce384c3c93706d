"""What became of the examples that came to one model's trainer."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """How many of them were learned, by label, and why the others were not."""

    learned: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0})
    censored: int = 0
    late: int = 0
    repeated: int = 0
    rejected: int = 0  # not of this model, or nothing that it could learn
    early: int = 0  # parts learned before the horizon, of examples that come in parts (`models.labels.early`)
    in_vain: int = 0  # examples learned early of which then no label could be known: what was learned stays
