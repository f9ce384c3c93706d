"""Named places at which a test may kill the worker; they do nothing unless `RAPPORT_CRASH_AT` is set.

`RAPPORT_CRASH_AT=after_effects:137` kills the process (SIGKILL) the 137th time that it passes `after_effects`.
"""

import os
import signal
from collections.abc import Mapping

POINTS = (
    "mid_changelog",
    "after_changelog",
    "mid_effects",
    "after_effects",
    "after_offsets",
    "after_store",
    "after_commit",
    "revoke",
    "recovery",
)


class CrashPoints:
    """Counts passages of one named point and kills the process at the given one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        spec = environ.get("RAPPORT_CRASH_AT", "")
        self._name, _, count = spec.partition(":")
        if self._name and self._name not in POINTS:
            raise ValueError(f"RAPPORT_CRASH_AT: {self._name!r} is none of {', '.join(POINTS)}")
        self._left = int(count or "1") if self._name else 0

    def __call__(self, name: str) -> None:
        """Pass the point `name`."""
        if name != self._name:
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
