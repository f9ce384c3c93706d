"""How a job says that it has its first event in hand: start-up is not what we compare."""

import os
import resource
import time
from pathlib import Path


def mark_first() -> None:
    """Write the CPU seconds spent so far and the monotonic time to the file that JOB_MARK names."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    target = Path(os.environ["JOB_MARK"])
    part = target.with_suffix(".part")
    part.write_text(f"{used.ru_utime + used.ru_stime} {time.monotonic()}")
    part.rename(target)
