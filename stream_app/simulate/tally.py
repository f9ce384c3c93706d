"""Counts lines by topic and by what is wrong with them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from stream_app.simulate.brokenness import REASONS
from stream_app.simulate.lines import Line


@dataclass(slots=True)
class Tally:
    """Lines by (topic, state), where state is good (first copies), duplicate or broken; faults by (fault, topic).

    The faults are late, out_of_order, duplicate, duplicate_changed, and broken by its kind.
    """

    lines: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)

    def count(self, line: Line) -> None:
        """Count one line."""
        fault, _, kind = line.fault.partition(":")
        state = "broken" if kind else "duplicate" if fault.startswith("duplicate") else "good"
        self.lines[line.topic, state] += 1
        if kind:
            self.broken[kind] += 1
        elif fault:
            self.faults[fault, line.topic] += 1

    @property
    def total(self) -> int:
        """Return how many lines were counted."""
        return sum(self.lines.values())

    def summary(self) -> dict[str, Any]:
        """Return the counts as plain values for JSON; each kind of brokenness with its dead letter reason."""
        return {
            "total": self.total,
            "lines": _nested(self.lines),
            "faults": _nested(self.faults),
            "broken": {kind: {"reason": REASONS[kind], "count": n} for kind, n in sorted(self.broken.items())},
        }


def _nested(counter: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (outer, inner), count in sorted(counter.items()):
        nested.setdefault(outer, {})[inner] = count
    return nested
