"""Trees as challengers: River grows them in the trainer; what is served of one is a flat table of its nodes, as data.

A leaf says the share of its positives, drawn towards its parent's as if it had seen `PULL` more examples like it, and
so up to the root: a pure leaf of three does not speak of certainty. Along the way from the root each split changes the
log-odds from one node's to the next's, and this is what its feature contributes (Saabas 2014): the contributions sum
to the score.

Forests (adaptive random forest, Gomes et al. 2017; aggregated Mondrian forest, Mourtada et al. 2021) stay in the
shadow: an average over many trees is no sum of such steps, and they cost the trainer some 600 µs an example.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from river import forest, tree

from models.hashing import Slots
from models.learner import DAMAGED, VALUE_LIMIT, BadSnapshotError, Snapshot, tame
from models.scoring import ODDS_LIMIT, Scored, log_odds_of, probability

PULL = 20.0
DEPTH = 8
MAX_NODES = 2 ** (DEPTH + 2)
LEAF = -1
ROOT = 0

Node = tuple[int, float, int, int, float]
"""Feature (`LEAF` at a leaf), threshold, left (value <= threshold), right, log-odds."""
Step = tuple[int, float]  # the feature that led here (`LEAF` at the root) and the node's log-odds


def _scored(path: Iterator[Step], width: int, examples: int) -> Scored:
    """Turn a way through a tree into a score with its contributions."""
    contributions = [0.0] * width
    _, base = next(path)
    before = base
    for feature, log_odds in path:
        contributions[feature] += log_odds - before
        before = log_odds
    total = sum(contributions, base)
    return Scored(probability(total), total, base, tuple(contributions), examples)


class FlatTreeScorer:
    """Scores by a table of nodes; a score costs one comparison per level."""

    __slots__ = ("_nodes", "_width", "examples", "version")

    def __init__(self, nodes: Sequence[Node], width: int, examples: int, version: int) -> None:
        """Walk `nodes` from the first on; children come after their parent."""
        self._nodes = tuple(nodes)
        self._width = width
        self.examples = examples
        self.version = version

    def score(self, features: Sequence[float], action: str = "", slots: Slots = ()) -> Scored:
        """Score, with its exact additive contributions."""
        return _scored(self._path(features), self._width, self.examples)

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


class TreeLearner:
    """A Hoeffding adaptive tree (Bifet, Gavaldà 2009): a branch whose error rises is replaced by one grown anew."""

    refused = 0

    def __init__(self, names: Sequence[str], start: float = 0.5) -> None:
        """Learn over features `names`; unlearned it says `start`."""
        self.names = tuple(names)
        self.examples = 0
        self._start = start
        self._read: list[Node] | None = None  # what a snapshot told, where the tree itself is not at hand
        self._tree = _grown()

    def _nodes(self) -> list[Node]:
        if self._read is not None:
            return self._read
        nodes: list[Node] = []
        self._flatten(self._tree._root, self._start, nodes)  # noqa: SLF001 - River shows its nodes in no other way
        return nodes

    def _flatten(self, node: Any, above: float, nodes: list[Node]) -> int:
        """Append a node and all below it; returns its place."""
        share, place = _share(node, above), len(nodes)
        nodes.append((LEAF, 0.0, 0, 0, log_odds_of(share)))
        if hasattr(node, "children"):
            left, right = [self._flatten(child, share, nodes) for child in node.children]
            nodes[place] = (node.feature, float(node.threshold), left, right, log_odds_of(share))
        return place

    def scorer(self, version: int) -> FlatTreeScorer:
        """Freeze a scorer of what is known now."""
        return FlatTreeScorer(self._nodes(), len(self.names), self.examples, version)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        if self._read is not None:
            return self.scorer(0).score(tame(features)).value
        return _scored(self._path(tame(features)), len(self.names), self.examples).value

    def _path(self, values: Sequence[float]) -> Iterator[Step]:
        node: Any = self._tree._root  # noqa: SLF001 - as above
        share = _share(node, self._start)
        yield LEAF, log_odds_of(share)
        while hasattr(node, "children"):
            feature = node.feature
            node = node.children[values[feature] > node.threshold]
            share = _share(node, share)
            yield feature, log_odds_of(share)

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one example."""
        # Numbers for names: equal texts may be one object or two, and a pickle tells.
        self._tree.learn_one(dict(enumerate(tame(features))), label)
        self.examples += 1

    def hidden(self) -> Any:
        """Give what no data can tell: the tree with all that it watches."""
        return self._tree

    def reveal(self, hidden: Any) -> None:
        """Go on with the tree whose nodes `restore` has read. Raises `BadSnapshotError` where it is none."""
        if not isinstance(hidden, tree.HoeffdingAdaptiveTreeClassifier):
            raise BadSnapshotError("what was sealed is no tree")
        self._tree, self._read = hidden, None

    def snapshot(self) -> Snapshot:
        """Tell the nodes: what serves, though it cannot learn on."""
        return {"names": list(self.names), "examples": self.examples, "nodes": [list(node) for node in self._nodes()]}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Score by the nodes of `snapshot`. Raises `BadSnapshotError` and stays as it was."""
        try:
            if tuple(data["names"]) != self.names:
                raise BadSnapshotError("the snapshot was taken with other features")
            examples, nodes = int(data["examples"]), self._checked(data["nodes"])
        except DAMAGED as error:
            raise BadSnapshotError(f"the snapshot is damaged: {error!r}") from error
        self.examples, self._read = examples, nodes

    def thawed(self, plain: Mapping[str, Any]) -> FlatTreeScorer:
        """Read a scorer that was kept as data. Raises one of `models.learner.DAMAGED`."""
        return FlatTreeScorer(self._checked(plain["nodes"]), len(self.names), int(plain["examples"]), 0)

    def _checked(self, rows: Sequence[Sequence[Any]]) -> list[Node]:
        """Read nodes. Raises one of `DAMAGED` where a walk through them would not end, or end nowhere."""
        nodes = [_node(*row) for row in rows]
        fit = all(self._fits(place, node, len(nodes)) for place, node in enumerate(nodes))
        if not (0 < len(nodes) <= MAX_NODES and fit):
            raise BadSnapshotError("the snapshot holds nodes that cannot be")
        return nodes

    def _fits(self, place: int, node: Node, count: int) -> bool:
        """Whether a walk that comes here goes on downwards and ends, with numbers that are numbers."""
        feature, threshold, left, right, log_odds = node
        sound = -VALUE_LIMIT <= threshold <= VALUE_LIMIT and -ODDS_LIMIT <= log_odds <= ODDS_LIMIT
        if feature == LEAF:
            return sound
        return sound and 0 <= feature < len(self.names) and place < left < count and place < right < count


class ForestLearner:
    """A forest of River: it is judged beside the others and cannot be served."""

    refused = 0

    def __init__(self, names: Sequence[str], start: float, forest_of: Any) -> None:
        """Learn with a fresh `forest_of()`."""
        self.names = tuple(names)
        self.examples = 0
        self._start = start
        self._forest = forest_of()

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        if not self.examples:
            return self._start
        shares = self._forest.predict_proba_one(dict(enumerate(tame(features))))
        return float(shares.get(True, 0.0)) if shares else self._start

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one example."""
        self._forest.learn_one(dict(enumerate(tame(features))), label)
        self.examples += 1

    def hidden(self) -> Any:
        """Give what no data can tell: the forest."""
        return self._forest

    def reveal(self, hidden: Any) -> None:
        """Go on with a forest. Raises `BadSnapshotError` where it is another thing."""
        if type(hidden) is not type(self._forest):
            raise BadSnapshotError("what was sealed is another thing")
        self._forest = hidden

    def snapshot(self) -> Snapshot:
        """How much it has learned; what it has learned only `hidden` tells."""
        return {"names": list(self.names), "examples": self.examples}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Count on from `snapshot`. Raises `BadSnapshotError` and stays as it was."""
        try:
            if tuple(data["names"]) != self.names:
                raise BadSnapshotError("the snapshot was taken with other features")
            self.examples = int(data["examples"])
        except DAMAGED as error:
            raise BadSnapshotError(f"the snapshot is damaged: {error!r}") from error


def _grown() -> Any:
    """Plant a tree; without sampling it needs no chance, whose state would be two thirds of its pickle."""
    planted = tree.HoeffdingAdaptiveTreeClassifier(
        grace_period=200, max_depth=DEPTH, delta=1e-3, leaf_prediction="mc", bootstrap_sampling=False
    )
    planted._rng = None  # type: ignore[assignment] # noqa: SLF001
    return planted


def adaptive_random_forest() -> Any:
    """Plant an adaptive random forest of ten trees."""
    return forest.ARFClassifier(n_models=10, seed=1)


def aggregated_mondrian_forest() -> Any:
    """Plant an aggregated Mondrian forest of ten trees."""
    return forest.AMFClassifier(n_estimators=10, use_aggregation=True, seed=1)


def _share(node: Any, above: float) -> float:
    stats = {} if node is None else node.stats
    positives = float(stats.get(True, 0.0))
    return (positives + PULL * above) / (positives + float(stats.get(False, 0.0)) + PULL)


def _node(feature: int, threshold: float, left: int, right: int, log_odds: float) -> Node:
    return int(feature), float(threshold), int(left), int(right), float(log_odds)
