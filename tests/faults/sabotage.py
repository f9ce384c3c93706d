"""Negative controls: what a worker of the tests can do without one protection. The product has no such switches.

Each must be seen to fail (`scenarios.controls`), or the harness proves nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stream_app.engine import checkpointer, engine, producer
from stream_app.engine.fence import Fence
from stream_app.engine.partition import PartitionState
from stream_app.engine.ports import Fenced
from stream_app.engine.sole_writer import SoleWriter, Where
from tests.simulation import controls


def partitions_are(kind: type[PartitionState]) -> Callable[[], None]:
    """Make all partition states of the worker of this kind."""

    def sabotage() -> None:
        engine.PartitionState = kind  # type: ignore[misc]

    return sabotage


def without_fence() -> None:
    """Neither lease nor generation is asked before anything leaves."""

    async def check(self: Fence, generations: Iterable[int]) -> None:
        pass

    async def outlasts(self: Fence, pending: "asyncio.Future[Any]") -> bool:
        await asyncio.wait({pending})
        return True

    Fence.holds = property(lambda self: True)  # type: ignore[assignment,method-assign]
    Fence.check = check  # type: ignore[method-assign]
    Fence.outlasts = outlasts  # type: ignore[method-assign]


def without_second_writers_kept_out() -> None:
    """No fence, and no epochs in the changelog that would tell an overtaken owner's values."""

    async def no_repairs(self: SoleWriter, where: Where, end: int, fence: Fenced) -> dict[bytes, bytes | None]:
        return {}

    without_fence()
    SoleWriter._repairs = no_repairs  # type: ignore[method-assign]
    producer.headers_of = lambda epoch: []


def put_effects_first() -> None:
    """Let effects leave before the values that remember them."""
    checkpointer.run_checkpoint = controls.effects_first


SABOTAGES: Mapping[str, Callable[[], None]] = {
    "guard_off": partitions_are(controls.NoGuard),
    "nothing_unguarded": partitions_are(controls.NoGuardOnNothing),
    "no_restaging": partitions_are(controls.NoRestaging),
    "pruned_early": partitions_are(controls.PrunesEarly),
    "fence_off": without_fence,
    "fence_and_epochs_off": without_second_writers_kept_out,
    "effects_first": put_effects_first,
}
"""A protection that is taken away, by the name that TALLY_SABOTAGE gives it."""
