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

from models.challengers.flat_tree import (
    DEPTH,
    LEAF,
    FlatTreeScorer,
    Node,
    Step,
    TreeOfActions,
    nodes_of,
    scored_along,
)
from models.challengers.frozen import PlainScorer
from models.challengers.levels import Levels
from models.learning.hashing import Slots
from models.learning.learner import BadSnapshotError, Snapshot, reading, sound, tame
from models.learning.scoring import log_odds_of

PULL = 20.0


class Grown:
    """What trees and forests have in common: they see the features and, of offers, the level of the action behind them.

    The level (`models.challengers.levels`) is a number, so that a split on it tells actions that are often accepted
    from those that seldom are: what an action is called says nothing of one that is new, its level does.
    """

    refused = 0

    def __init__(self, names: Sequence[str], start: float, levels: Levels | None = None) -> None:
        """Learn over features `names`; unlearned it says `start`. With `levels` it learns of actions."""
        self.names = tuple(names)
        self.examples = 0
        self._start = start
        self._levels = levels

    def _seen(self, features: Sequence[float], about: str) -> tuple[float, ...]:
        values = tame(features)
        return values if self._levels is None else (*values, self._levels.log_odds(self._levels.known(about)))

    def _width(self) -> int:
        return len(self.names) + (self._levels is not None)

    def _note(self, label: bool, about: str) -> None:
        """Count an example that was learned."""
        self.examples += 1
        if self._levels is not None:
            self._levels.learn(self._levels.place(about), label)

    def snapshot(self) -> Snapshot:
        """How much it has learned, and of which actions; what it has learned only what is hidden tells."""
        levels = {} if self._levels is None else {"levels": self._levels.snapshot()}
        return {"names": list(self.names), "examples": self.examples, **levels}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Count on from `snapshot`. Raises `BadSnapshotError` and stays as it was."""
        with reading():
            if tuple(data["names"]) != self.names:
                raise BadSnapshotError("the snapshot was taken with other features")
            examples = int(data["examples"])
            levels = None if self._levels is None else self._levels.restored(data["levels"])
            self._read(data)
        self.examples, self._levels = examples, levels

    def _read(self, data: Mapping[str, Any]) -> None:
        """Read what else there is to tell. Raises one of `DAMAGED` and changes nothing."""


class TreeLearner(Grown):
    """A Hoeffding adaptive tree (Bifet, Gavaldà 2009): a branch whose error rises is replaced by one grown anew."""

    def __init__(self, names: Sequence[str], start: float = 0.5, levels: Levels | None = None) -> None:
        """Learn over features `names`; unlearned it says `start`. With `levels` it learns of actions."""
        super().__init__(names, start, levels)
        self._told: list[Node] | None = None  # what a snapshot told, where the tree itself is not at hand
        self._tree = _grown()

    def _nodes(self) -> list[Node]:
        if self._told is not None:
            return self._told
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

    def scorer(self, version: int) -> PlainScorer:
        """Freeze a scorer of what is known now."""
        if self._levels is None:
            return FlatTreeScorer(self._nodes(), len(self.names), self.examples, version)
        levels = {name: (self._levels.log_odds(name), self._levels.examples(name)) for name in self._levels.names}
        return TreeOfActions(self._nodes(), len(self.names), levels, version)

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        if self._told is not None:
            return self.scorer(0).score(tame(features), about).value
        return scored_along(self._path(self._seen(features, about)), len(self.names), self.examples).value

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
        self._tree.learn_one(dict(enumerate(self._seen(features, about))), label)
        self._note(label, about)

    def hidden(self) -> Any:
        """Give what no data can tell: the tree with all that it watches."""
        return self._tree

    def reveal(self, hidden: Any) -> None:
        """Go on with the tree whose nodes `restore` has read. Raises `BadSnapshotError` where it is none."""
        if not isinstance(hidden, tree.HoeffdingAdaptiveTreeClassifier):
            raise BadSnapshotError("what was sealed is no tree")
        self._tree, self._told = hidden, None

    def snapshot(self) -> Snapshot:
        """Tell the nodes: what serves, though it cannot learn on."""
        return {**super().snapshot(), "nodes": [list(node) for node in self._nodes()]}

    def _read(self, data: Mapping[str, Any]) -> None:
        """Score by the nodes of `snapshot`. Raises one of `DAMAGED` and stays as it was."""
        self._told = nodes_of(data["nodes"], self._width())

    def thawed(self, plain: Mapping[str, Any]) -> PlainScorer:
        """Read a scorer that was kept as data. Raises one of `models.learning.learner.DAMAGED`."""
        nodes, width = nodes_of(plain["nodes"], self._width()), len(self.names)
        if self._levels is None:
            return FlatTreeScorer(nodes, width, int(plain["examples"]), 0)
        levels = {str(name): (sound([level])[0], int(examples)) for name, (level, examples) in plain["levels"].items()}
        return TreeOfActions(nodes, width, levels, 0)


class ForestLearner(Grown):
    """A forest of River: it is judged beside the others and cannot be served."""

    def __init__(self, names: Sequence[str], start: float, forest_of: Any, levels: Levels | None = None) -> None:
        """Learn with a fresh `forest_of()`."""
        super().__init__(names, start, levels)
        self._forest = forest_of()

    def score(self, features: Sequence[float], about: str = "", slots: Slots = ()) -> float:
        """Say the probability now."""
        if not self.examples:
            return self._start
        shares = self._forest.predict_proba_one(dict(enumerate(self._seen(features, about))))
        return float(shares.get(True, 0.0)) if shares else self._start

    def learn(self, features: Sequence[float], label: bool, about: str = "", slots: Slots = ()) -> None:
        """Learn one example."""
        self._forest.learn_one(dict(enumerate(self._seen(features, about))), label)
        self._note(label, about)

    def hidden(self) -> Any:
        """Give what no data can tell: the forest."""
        return self._forest

    def reveal(self, hidden: Any) -> None:
        """Go on with a forest. Raises `BadSnapshotError` where it is another thing."""
        if type(hidden) is not type(self._forest):
            raise BadSnapshotError("what was sealed is another thing")
        self._forest = hidden


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
