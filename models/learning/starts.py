"""What policy believes of each action before anything was learned of it, and under which name it is learned."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

STARTING_PROPENSITY: Final = 0.1  # of an action that policy says nothing about
EVIDENCE: Final = 50.0  # how many answers that is worth, likewise
MAX_ACTIONS: Final = 200  # as many as the catalogue may hold; examples of further ones are learned together, as OTHER
OTHER: Final = "other"
_NOTHING: Mapping[str, float] = MappingProxyType({})


class Starts(NamedTuple):
    """Starting propensities by action, and how many answers each is worth (policy); at most so many actions."""

    chances: Mapping[str, float] = _NOTHING
    answers: Mapping[str, float] = _NOTHING
    most: int = MAX_ACTIONS

    @property
    def mean(self) -> float:
        """What is believed of any action."""
        return sum(self.chances.values()) / len(self.chances) if self.chances else STARTING_PROPENSITY

    def chance(self, action: str) -> float:
        """Say what is believed of an action before anything was learned of it."""
        return self.chances.get(action, STARTING_PROPENSITY)

    def evidence(self, action: str) -> float:
        """Say how many answers that is worth."""
        return self.answers.get(action, EVIDENCE)

    def place(self, action: str, learned: Collection[str]) -> str:
        """Under which name `action` is learned, where those `learned` are known already."""
        return action if action in learned or len(learned) < self.most - 1 else OTHER
