"""Whether the system pauses: by a second hump of its latencies, and by how long events wait near commits.

Times are CLOCK_MONOTONIC in nanoseconds, what is told in milliseconds.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from stream_app.bench.humps import LEAST_SHARE, SURE, Hump, humps

MS_NS = 1_000_000
NEAR_MS = 50
"""An event that was due so shortly before or after a commit was due near it."""
SLOWEST = 0.01


class Wait(NamedTuple):
    """One action: when its cause was due, and when it could be read."""

    due_ns: int
    seen_ns: int

    @property
    def ms(self) -> float:
        """How long it took (ms), a microsecond at least."""
        return max(self.seen_ns - self.due_ns, 1_000) / MS_NS


def told(waits: Collection[Wait], commits_ns: Iterable[int]) -> dict[str, Any]:
    """Return what these waits tell of pauses: humps, the share from which one would be seen, and commits."""
    found = humps(Counter(wait.ms for wait in waits).items())
    return {
        "humps": [{**hump._asdict(), "moments": moments(waits, hump)} for hump in found],
        "humps_seen_from_share": seen_from_share(len(waits)),
        "commits": beside_commits(waits, commits_ns),
    }


def seen_from_share(count: int) -> float | None:
    """Return the least share that a hump must hold to be told from noise among so many; None where none could be.

    A run of bins with k counts beside an empty one is sure from sqrt(2 k) = `SURE` on.

    >>> seen_from_share(400), seen_from_share(100_000), seen_from_share(7)
    (0.02, 0.001, None)
    """
    least = SURE**2 / 2
    return max(LEAST_SHARE, least / count) if count >= least else None


def moments(waits: Iterable[Wait], hump: Hump) -> int:
    """Return how many pauses a hump comes of: waits that overlap in time are of one."""
    count, until_ns = 0, -1
    for wait in sorted(wait for wait in waits if hump.from_ms <= wait.ms <= hump.to_ms):
        count += wait.due_ns > until_ns
        until_ns = max(until_ns, wait.seen_ns)
    return count


def beside_commits(waits: Collection[Wait], commits_ns: Iterable[int]) -> dict[str, Any] | None:
    """Hold events that were due near a commit against all others; None where one of the two are missing.

    A commit that makes events wait has a larger share of the slowest than of all.
    """
    window_ns = NEAR_MS * MS_NS
    dues = [wait.due_ns for wait in waits] or [0]
    at_ns = sorted(at for at in commits_ns if min(dues) - window_ns <= at <= max(dues) + window_ns)
    near = [wait.ms for wait in waits if _is_near(wait.due_ns, at_ns)]
    away = [wait.ms for wait in waits if not _is_near(wait.due_ns, at_ns)]
    if not near or not away:
        return None
    limit = _percentile([*near, *away], 1 - SLOWEST)
    slow_near, slow_away = (sum(ms >= limit for ms in some) for some in (near, away))
    return {
        "commits": len(at_ns),
        "near_ms": NEAR_MS,
        "share_of_all": round(len(near) / len(waits), 4),
        "slowest": slow_near + slow_away,
        "share_of_slowest": round(slow_near / (slow_near + slow_away), 4),
        "near": _figures(near),
        "away": _figures(away),
    }


def line(found: dict[str, Any]) -> str:
    """Return what `told` says in a line for people."""
    seen_from, commits = found["humps_seen_from_share"], found["commits"]
    humps_told = "; ".join(
        f"A SECOND HUMP at {hump['at_ms']:.0f} ms ({hump['from_ms']:.0f} to {hump['to_ms']:.0f}): {hump['share']:.2%} "
        f"of all, in {hump['moments']} pauses"
        for hump in found["humps"]
    )
    none = "too few for a hump to be told" if seen_from is None else f"no second hump of {seen_from:.1%} or more"
    if commits is None:
        return humps_told or none
    return (
        f"{humps_told or none}; due within {commits['near_ms']} ms of one of {commits['commits']} commits: "
        f"{commits['share_of_all']:.1%} of all, {commits['share_of_slowest']:.1%} of the {commits['slowest']} slowest, "
        f"p99 {commits['near']['p99']} ms (others {commits['away']['p99']} ms)"
    )


def _is_near(due_ns: int, at_ns: Sequence[int]) -> bool:
    after = bisect_left(at_ns, due_ns - NEAR_MS * MS_NS)
    return after < len(at_ns) and at_ns[after] <= due_ns + NEAR_MS * MS_NS


def _figures(ms: Sequence[float]) -> dict[str, float]:
    return {"n": len(ms), "p50": round(_percentile(ms, 0.5), 3), "p99": round(_percentile(ms, 0.99), 3)}


def _percentile(values: Iterable[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
