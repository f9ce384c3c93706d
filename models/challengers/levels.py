"""How often each action was accepted: answers on top of what policy believes of it, the old ones half forgotten."""

from collections.abc import Mapping, Sequence
from math import log
from typing import Any, NamedTuple

from models.challengers.binned import MEMORY
from models.learning.learner import BadSnapshotError, sound
from models.learning.starts import OTHER, Starts


class Answers(NamedTuple):
    """Of one action: examples ever learned, and how many said yes and no as far as they are remembered."""

    examples: int = 0
    yes: float = 0.0
    no: float = 0.0


class Levels:
    """Counts the answers of each action."""

    def __init__(self, starts: Starts) -> None:
        """Begin with what is believed at the start."""
        self.starts = starts
        self._of: dict[str, Answers] = {}

    @property
    def actions(self) -> Mapping[str, Answers]:
        """The actions that an example was learned of."""
        return self._of

    def place(self, action: str) -> str:
        """Under which name `action` is learned."""
        return self.starts.place(action, self._of)

    @property
    def names(self) -> list[str]:
        """Name the actions that there is something to say of: learned or named by policy, and `OTHER` for the rest."""
        return sorted({*self._of, *self.starts.chances, OTHER})

    def known(self, action: str) -> str:
        """Say by which of `names` an action is scored."""
        return action if action in self._of or action in self.starts.chances else OTHER

    def examples(self, action: str) -> int:
        """Say of how many examples an action's level was learned."""
        return self._of.get(action, Answers()).examples

    def log_odds(self, action: str) -> float:
        """Give the log-odds that an action is accepted, whoever is asked."""
        answers, chance = self._of.get(action, Answers()), self.starts.chance(action)
        worth = self.starts.evidence(action)
        return log((answers.yes + worth * chance) / (answers.no + worth * (1.0 - chance)))

    def learn(self, action: str, label: bool) -> None:
        """Count an answer to an action that goes by this name."""
        examples, yes, no = self._of.get(action, Answers())
        self._of[action] = Answers(examples + 1, yes + label, no + (not label))
        if sum([answers.yes + answers.no for answers in self._of.values()]) > MEMORY:
            self._of = {name: Answers(count, yes / 2, no / 2) for name, (count, yes, no) in self._of.items()}

    def snapshot(self) -> list[list[Any]]:
        """Give all counts."""
        return [[action, *answers] for action, answers in sorted(self._of.items())]

    def restored(self, rows: Sequence[Sequence[Any]]) -> "Levels":
        """Read what `snapshot` wrote. Raises one of `models.learning.learner.DAMAGED`."""
        levels = Levels(self.starts)
        for action, examples, *counts in rows:
            yes, no = sound(counts, 2, 0.0)
            levels._of[str(action)] = Answers(int(examples), yes, no)
        if len(levels._of) > self.starts.most or any(examples < 0 for examples, _, _ in levels._of.values()):
            raise BadSnapshotError("the snapshot knows more actions than there may be, or fewer answers than none")
        return levels
