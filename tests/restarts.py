"""Workers of tests that ended themselves and were started again, as their supervisor would have done: told at the end.

None should be on a machine that has time for them; on one that stalls, a test may be right all the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

STARTED_AGAIN = "started again"
"""The property of a test under which it notes how such a worker ended."""


def told(reports: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return a line per restart out of pytest's reports by outcome; a test has several, each with all properties."""
    return sorted(
        {f"{report.nodeid}: {words}" for some in reports.values() for report in some for words in _of(report)}
    )


def _of(report: Any) -> Iterable[str]:
    return [words for name, words in getattr(report, "user_properties", ()) if name == STARTED_AGAIN]
