"""What a contest is held with, and by it how its challengers begin, are sealed and come back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.challengers.calibrated import Hidden
from models.challengers.frozen import WEEK_MS
from models.challengers.kinds import CHAMPION, KINDS, Start
from models.contest.sealing import Seal
from models.learning.learner import BadSnapshotError, Learner
from models.policy.contest import ContestRules, Segment

MAX_HIDDEN = 8_000_000  # bytes of one challenger's sealed state in a version; whoever grows beyond it begins anew


@dataclass(frozen=True, slots=True)
class Setup:
    """What a contest is held with: names of challengers, what the unlearned say, groups, rules, and the key.

    `restarts`: the process may end and go on from a snapshot, so that what no data can tell must be sealed.
    `freeze_ms`: from one moment at which scorers are kept to the next, in event time.
    """

    challengers: tuple[str, ...] = ()
    start: Start = 0.5
    segments: tuple[Segment, ...] = ()
    rules: ContestRules = field(default_factory=ContestRules)
    floor_examples: int = 0
    seal: Seal | None = None
    restarts: bool = True
    freeze_ms: int = WEEK_MS

    def begin(self, name: str) -> Learner:
        """Make a challenger that has learned nothing."""
        learner: Learner = KINDS[name].begin(self.start)
        return learner

    def may_serve(self, name: str, member: Learner) -> bool:
        """Whether a member can be put on duty: it has a scorer, and a restart would not lose what it knows."""
        kept = not isinstance(member, Hidden) or self.seal is not None or not self.restarts
        return name == CHAMPION or (KINDS[name].servable and kept)

    def closed(self, place: str, member: Learner) -> bytes | None:
        """Pickle and sign what no data can tell of a member; None where that is nothing, or there is no key.

        Raises `OverflowError` above `MAX_HIDDEN` bytes, and whatever it is that makes a state no pickle.
        """
        if self.seal is None or not isinstance(member, Hidden):
            return None
        closed = self.seal.close(place, member.hidden())
        if len(closed) > MAX_HIDDEN:
            raise OverflowError(f"{len(closed)} bytes")
        return closed

    def brought_back(self, place: str, member: Learner, told: Mapping[str, Any] | None, sealed: bytes | None) -> bool:
        """Let a member become what a snapshot tells; False where that is not enough to go on.

        Raises `BadSnapshotError` where all is told and damaged.
        """
        if told is None:
            return False
        if not isinstance(member, Hidden):
            member.restore(told)
            return True
        if self.seal is None or sealed is None:
            return False
        try:
            hidden = self.seal.open(place, sealed)
            member.restore(told)
            member.reveal(hidden)
        except BadSnapshotError:
            return False
        return True


ALONE = Setup()
