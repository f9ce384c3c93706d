"""How each model of a contest has done over time: figures by stretches of examples, for all customers and by group.

Prequential figures of a whole life change ever more slowly, so what a picture needs is how good each was lately: every
so many examples a point is made of those since the last one. Memory is bounded: when `POINTS` are full, every second
one goes and the next are twice as far apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from models.challengers.kinds import KINDS
from models.evaluation.meters import Meter, Quality

POINTS = 32
EVERYBODY = ""  # the group of all customers
DAY_MS = 86_400_000


class Row(NamedTuple):
    """One model's figures over one stretch of examples that ended at `due_ms`, in one group of customers."""

    name: str
    segment: str
    examples: int
    positives: int
    auc: float | None
    log_loss: float | None
    ece: float | None


class Point(NamedTuple):
    """All rows of one stretch; `version` is the one that was published next, `champion` who was on duty."""

    due_ms: int
    version: int
    champion: str
    rows: tuple[Row, ...]


class TrackRecord:
    """Notes scores with their labels per model and group; `close` makes a point when enough have come."""

    def __init__(self, names: Sequence[str], groups: Sequence[str], every: int) -> None:
        """Follow the models `names` in all customers and in `groups`; a point is made every so many examples."""
        self._names, self._groups, self._first_every = tuple(names), (EVERYBODY, *groups), every
        self.points: list[Point] = []
        self._every = every
        self._begin()

    def _begin(self) -> None:
        self._since = 0
        self._meters = {(name, group): Meter() for name in self._names for group in self._groups}

    def update(self, label: bool, scores: Mapping[str, float], groups: Iterable[str]) -> None:
        """Note what each model said of one example that belongs to `groups`."""
        self._since += 1
        within = (EVERYBODY, *groups)
        for name, score in scores.items():
            for group in within:
                self._meters[name, group].update(label, score)

    def close(self, due_ms: int, version: int, champion: str) -> None:
        """Make a point of what has come since the last one, if that is enough."""
        if self._since < self._every:
            return
        noted = [(key, meter.quality()) for key, meter in self._meters.items() if meter.examples]
        rows = tuple([_row(*key, quality) for key, quality in noted])
        self.points.append(Point(due_ms, version, champion, rows))
        if len(self.points) > POINTS:
            del self.points[::2]
            self._every *= 2
        self._begin()

    def snapshot(self) -> dict[str, Any]:
        """All points, and what was noted since the last one."""
        since = [[*key, meter.snapshot()] for key, meter in self._meters.items() if meter.examples]
        return {"every": self._every, "count": self._since, "since": since, "points": _listed(self.points)}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on from a snapshot whose shape was checked; what it tells of models that are no longer here is left."""
        self._begin()
        self._every, self._since = max(self._first_every, data["every"]), data["count"]
        for name, group, noted in data["since"]:
            if (name, group) in self._meters:
                self._meters[name, group].restore(noted)
        self.points = [
            Point(d, v, champion, tuple([Row(*row) for row in rows])) for d, v, champion, rows in data["points"]
        ]


def _listed(points: Iterable[Point]) -> list[list[Any]]:
    return [[*point[:3], [list(row) for row in point.rows]] for point in points]


def _row(name: str, group: str, quality: Quality) -> Row:
    return Row(name, group, *quality[:5])


def _may_serve(name: str) -> bool:
    return name not in KINDS or KINDS[name].servable


def told(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the points of a snapshot as rows for a report, oldest first.

    Each row: due_day (ISO date, UTC), version, name, role (champion or challenger; shadow: it cannot be served, and its
    figures are of scores at maturity, which flatter), segment ("" for all customers), examples, positives, auc,
    log_loss, ece: of the examples between the point before and this one.
    """
    rows = []
    for due_ms, version, champion, figures in data["points"]:
        day = datetime.fromtimestamp(due_ms // DAY_MS * DAY_MS / 1_000, UTC).date().isoformat()
        for name, *rest in figures:
            head = {"due_day": day, "version": version, "name": name}
            role = {"role": "champion" if name == champion else "challenger" if _may_serve(name) else "shadow"}
            rows.append({**head, **role, **dict(zip(Row._fields[1:], rest, strict=True))})
    return rows
