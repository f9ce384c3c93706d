"""The one way out when an invariant is broken: a log line, then `os._exit`.

`os._exit` runs no handler and commits nothing, so to Kafka and Redis it is the same as `kill -9`, which is the case
that the crash tests cover. `sys.exit` inside an agent would leave Faust in "Stopping" with its partitions held.
"""

import logging
import os
import sys
from contextlib import suppress
from enum import IntEnum
from typing import NoReturn

log = logging.getLogger(__name__)

ENDS_ITSELF = "worker ends itself"
"""How the last line of such a worker begins."""


class Exit(IntEnum):
    """Exit codes of a worker that ends itself."""

    BROKEN = 70
    """A broken invariant: nothing that follows could be trusted."""
    STUCK = 75
    """No progress in recovery, rebalance or shutdown; a restart is the cure."""
    FENCED = 76
    """Another worker may own the partitions; whatever is in memory is theirs to redo."""


def die(code: Exit, why: str) -> NoReturn:
    """Log one line and end the process at once, without any handler."""
    log.critical("%s: exit=%d %s", ENDS_ITSELF, code, why)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
