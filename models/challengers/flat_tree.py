"""A tree of River as it is served: a flat table of its nodes, as data, with contributions along the way to a leaf."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.learning.hashing import Slots
from models.learning.learner import VALUE_LIMIT, BadSnapshotError
from models.learning.scoring import ODDS_LIMIT, Scored, ScorerOfActions, probability
from models.learning.starts import OTHER

DEPTH = 8
MAX_NODES = 2 ** (DEPTH + 2)
LEAF = -1
ROOT = 0

Node = tuple[int, float, int, int, float]
"""Feature (`LEAF` at a leaf), threshold, left (value <= threshold), right, log-odds."""
Step = tuple[int, float]  # the feature that led here (`LEAF` at the root) and the node's log-odds


def scored_along(path: Iterator[Step], width: int, examples: int) -> Scored:
    """Turn a way through a tree into a score with its contributions; what no feature is belongs to the base."""
    contributions = [0.0] * (width + 1)
    _, base = next(path)
    before = base
    for feature, log_odds in path:
        contributions[feature] += log_odds - before
        before = log_odds
    base += contributions.pop()
    total = sum(contributions, base)
    return Scored(probability(total), total, base, tuple(contributions), examples)


class FlatTreeScorer:
    """Scores by a table of nodes; a score costs one comparison per level."""

    __slots__ = ("_level", "_nodes", "_width", "examples", "version")

    def __init__(
        self, nodes: Sequence[Node], width: int, examples: int, version: int, level: tuple[float, ...] = ()
    ) -> None:
        """Walk `nodes` from the first on, children after their parent; `level` is seen behind the features."""
        self._nodes = tuple(nodes)
        self._width = width
        self._level = level
        self.examples = examples
        self.version = version

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Score, with its exact additive contributions."""
        return scored_along(self._path((*features, *self._level)), self._width, self.examples)

    def plain(self) -> dict[str, Any]:
        """All that it scores by, as data."""
        return {"nodes": [list(node) for node in self._nodes], "examples": self.examples}

    def _path(self, values: Sequence[float]) -> Iterator[Step]:
        feature, threshold, left, right, log_odds = self._nodes[ROOT]
        yield LEAF, log_odds
        while feature != LEAF:
            came_by = feature
            feature, threshold, left, right, log_odds = self._nodes[left if values[feature] <= threshold else right]
            yield came_by, log_odds


class TreeOfActions(ScorerOfActions[FlatTreeScorer]):
    """Scores each action by the same nodes, which see its level."""

    __slots__ = ("_levels", "_nodes")

    def __init__(
        self, nodes: Sequence[Node], width: int, levels: Mapping[str, tuple[float, int]], version: int
    ) -> None:
        """Score by `nodes` each action with its level (log-odds) and examples; `OTHER` stands for the unknown."""
        self._nodes, self._levels = nodes, levels
        trees = {
            action: FlatTreeScorer(nodes, width, examples, version, (level,))
            for action, (level, examples) in levels.items()
        }
        super().__init__(trees, {}, trees[OTHER], version)

    def plain(self) -> dict[str, Any]:
        """All that it scores by, as data."""
        levels = {action: list(told) for action, told in self._levels.items()}
        return {"nodes": [list(node) for node in self._nodes], "levels": levels}


def nodes_of(rows: Sequence[Sequence[Any]], width: int) -> list[Node]:
    """Read nodes that ask so many values. Raises one of `DAMAGED` where a walk would not end, or end nowhere."""
    nodes = [_node(*row) for row in rows]
    fit = all(_fits(place, node, len(nodes), width) for place, node in enumerate(nodes))
    if not (0 < len(nodes) <= MAX_NODES and fit):
        raise BadSnapshotError("the snapshot holds nodes that cannot be")
    return nodes


def _fits(place: int, node: Node, count: int, width: int) -> bool:
    """Whether a walk that comes here goes on downwards and ends, with numbers that are numbers."""
    feature, threshold, left, right, log_odds = node
    sound = -VALUE_LIMIT <= threshold <= VALUE_LIMIT and -ODDS_LIMIT <= log_odds <= ODDS_LIMIT
    if feature == LEAF:
        return sound
    return sound and 0 <= feature < width and place < left < count and place < right < count


def _node(feature: int, threshold: float, left: int, right: int, log_odds: float) -> Node:
    return int(feature), float(threshold), int(left), int(right), float(log_odds)
