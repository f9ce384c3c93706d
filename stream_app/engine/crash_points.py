"""Named places at which a test may kill or pause the worker; they do nothing unless the environment asks for it.

`RAPPORT_CRASH_AT=after_effects:137` kills the process (SIGKILL) the 137th time that it passes `after_effects`;
`RAPPORT_PAUSE_AT=before_changelog:3` stops it there (SIGSTOP), as a machine does that hangs.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

OF_A_CHECKPOINT = (
    "before_changelog",
    "mid_changelog",
    "after_changelog",
    "mid_effects",
    "after_effects",
    "after_offsets",
    "after_store",
    "after_commit",
)
OF_A_START = ("rebalance", "recovery", "restored")
POINTS = (*OF_A_CHECKPOINT, *OF_A_START, "revoke")


class CrashPoints:
    """Counts passages of a named point and sends the process a signal at the given one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._points = [
            point
            for variable, number in (("RAPPORT_CRASH_AT", signal.SIGKILL), ("RAPPORT_PAUSE_AT", signal.SIGSTOP))
            if (point := _point(variable, environ.get(variable, ""), number)) is not None
        ]

    def __call__(self, name: str) -> None:
        """Pass the point `name`."""
        for point in self._points:
            if point.name == name:
                point.left -= 1
                if point.left == 0:
                    os.kill(os.getpid(), point.signal)


@dataclass
class _Point:
    name: str
    left: int
    signal: signal.Signals


def _point(variable: str, spec: str, number: signal.Signals) -> _Point | None:
    name, _, count = spec.partition(":")
    if not name:
        return None
    if name not in POINTS:
        raise ValueError(f"{variable}: {name!r} is none of {', '.join(POINTS)}")
    return _Point(name, int(count or "1"), number)
