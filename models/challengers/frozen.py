"""What the members of a contest would have said when an example was scored: their scorers of some weeks, as data.

An example is learned weeks after it was scored. Who judges a member by what it says at that moment judges a model that
nobody was served by: it has learned the labels of the neighbouring weeks, of the same customers, which say nearly the
same. So every member's scorer is frozen as examples mature, once in `every_ms` of event time, before anything of that
stretch is learned; an example is judged by the newest one that is not younger than its score. It had learned what had
matured by its moment, and no more: at most `every_ms` older than what was served.

`KEPT` are remembered. They reach `KEPT - 1` stretches back, and `spacing` sets them as far apart as the way from score
to label needs.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from models.learning.learner import DAMAGED, BadSnapshotError
from models.learning.scoring import Scorer

KEPT: Final = 7
WEEK_MS: Final = 7 * 86_400_000


class PlainScorer(Scorer, Protocol):
    """A scorer that can be told as data."""

    def plain(self) -> dict[str, Any]:
        """All that it scores by."""
        ...


@runtime_checkable
class Freezes(Protocol):
    """A learner whose scorer can be kept as data."""

    def scorer(self, version: int) -> PlainScorer:
        """Freeze a scorer of what is known now."""
        ...

    def thawed(self, plain: Mapping[str, Any]) -> PlainScorer:
        """Read what `PlainScorer.plain` told. Raises one of `models.learning.learner.DAMAGED`."""
        ...


class Moment(NamedTuple):
    """Scorers by member, with all that matured before `at_ms` learned and nothing after; and the same as data."""

    at_ms: int
    scorers: Mapping[str, Scorer]
    told: Mapping[str, Mapping[str, Any]]


def spacing(wait_ms: int) -> int:
    """How far apart moments must lie for scores whose labels come after `wait_ms`: a week, or more where that is long.

    >>> spacing(30 * 86_400_000) == WEEK_MS
    True
    """
    return max(WEEK_MS, -(-wait_ms // (KEPT - 1)))


class FrozenScorers:
    """The last `KEPT` moments; `freeze` when `is_due` says so, then ask `at` for those that an example is judged by."""

    def __init__(self, every_ms: int = WEEK_MS) -> None:
        """Begin with none."""
        self._every_ms = every_ms
        self._moments: tuple[Moment, ...] = ()

    def is_due(self, at_ms: int) -> bool:
        """Whether a new stretch begins with an example that matures then."""
        return not self._moments or at_ms // self._every_ms > self._moments[-1].at_ms // self._every_ms

    def freeze(self, at_ms: int, scorers: Mapping[str, PlainScorer]) -> None:
        """Keep the scorers of members that have learned what matured before this stretch."""
        told = {name: scorer.plain() for name, scorer in scorers.items()}
        self._moments = (*self._moments, Moment(at_ms // self._every_ms * self._every_ms, scorers, told))[-KEPT:]

    def at(self, scored_ms: int) -> Mapping[str, Scorer]:
        """Give the newest scorers that are not younger than a score; none where all are."""
        return next((moment.scorers for moment in reversed(self._moments) if moment.at_ms <= scored_ms), {})

    def drop(self, name: str) -> None:
        """Forget a member that begins anew: what it was is no longer it."""
        self._moments = tuple(
            [Moment(at_ms, _without(scorers, name), _without(told, name)) for at_ms, scorers, told in self._moments]
        )

    def snapshot(self) -> list[Any]:
        """All moments, oldest first."""
        return [[moment.at_ms, dict(moment.told)] for moment in self._moments]

    def restore(self, data: list[Any], members: Mapping[str, object]) -> None:
        """Go on from a snapshot; members that are no longer here are left out. Raises `BadSnapshotError`."""
        moments = []
        for at_ms, told in data:
            able = {name: member for name, member in members.items() if name in told and isinstance(member, Freezes)}
            try:
                scorers = {name: member.thawed(told[name]) for name, member in able.items()}
            except DAMAGED as error:
                raise BadSnapshotError(f"frozen: {error!r}") from error
            moments.append(Moment(at_ms, scorers, {name: told[name] for name in able}))
        self._moments = tuple(moments)


def _without(of_members: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {other: told for other, told in of_members.items() if other != name}
