"""Which groups of customers an example belongs to, as policy cuts them by single features."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from models.features import FEATURES
from models.policy.contest import Segment


class Segments:
    """Names the groups of an example, one per cut: `aum:small`, `age:old`."""

    def __init__(self, cuts: Iterable[Segment] = ()) -> None:
        """Cut as policy says."""
        self._cuts = [
            (FEATURES.index(cut.feature), cut.edges, [f"{cut.name}:{group}" for group in cut.groups]) for cut in cuts
        ]
        self.groups = tuple([group for _, _, groups in self._cuts for group in groups])

    def of(self, features: Sequence[float]) -> tuple[str, ...]:
        """Name the groups that these features lie in."""
        return tuple([groups[bisect_right(edges, features[place])] for place, edges, groups in self._cuts])
