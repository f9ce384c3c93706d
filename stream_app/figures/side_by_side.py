"""Banks of a group of figures, played side by side: they know nothing of each other, and one takes minutes."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Seed = TypeVar("Seed")
Found = TypeVar("Found")


def side_by_side(work: Callable[[Seed], Found], seeds: Iterable[Seed]) -> list[Found]:
    """Do the work for each seed in processes of their own, one a core; returns what was found in the seeds' order.

    `work` is a function of a module. Libraries get one thread each: several that share a core wait for each other.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # read when a library is loaded, hence before the processes begin
    try:
        # Not forked: a library's threads do not come along, and it would wait for them.
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            return list(pool.map(work, seeds))
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
