"""The ordered checkpoint: what has been sealed leaves the process, in the one order that survives a crash anywhere.

`run_checkpoint` is that order, and the only place where it is written down (docs/engine.md says why):

    fence → changelog → fence → effects (Redis, then Kafka outputs and dead letters) → offsets → store → acknowledge

Effects after the changelog, since a replay re-stages them from the stored outbox; offsets after the effects, since what
lies below a committed offset is never read again; the store after the changelog, since it must never be ahead of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stream_app.engine.effects import STREAM, Staged
from stream_app.engine.ports import Ports, StreamCall, Write, Writes
from stream_app.engine.sealed import Owner, SealedBatch

if TYPE_CHECKING:
    from stream_app.engine.table import Kept

MAX_ENTRIES_PER_CALL = 2_000
"""Entries in one call of the mark script; one record's entries stay together even above it."""


@dataclass(frozen=True)
class CheckpointPlan:
    """One checkpoint as plain data; `offsets` maps (topic, partition) to the first record that is not done."""

    batches: tuple[SealedBatch, ...]
    generations: frozenset[int]
    writes: Writes
    calls: tuple[StreamCall, ...]
    outputs: tuple[Staged, ...]
    offsets: Mapping[tuple[str, int], int]


def plan(batches: Sequence[SealedBatch]) -> CheckpointPlan:
    """Plan one checkpoint of all batches, given in the order in which they were sealed; raises `ValueTooLargeError`.

    Only here are values encoded: of a key that several batches have changed, once.
    """
    return CheckpointPlan(
        batches=tuple(batches),
        generations=frozenset(batch.generation for batch in batches),
        writes=_encoded(batches),
        calls=tuple(_calls(batches)),
        outputs=tuple(staged for batch in batches for staged in batch.effects if staged.effect.kind != STREAM),
        offsets={(batch.topic, batch.partition): batch.end_offset for batch in batches},
    )


def no_crash(point: str) -> None:
    """Pass the point: the crash hook of production."""


async def run_checkpoint(plan: CheckpointPlan, ports: Ports, at: Callable[[str], None] = no_crash) -> None:
    """Deliver the plan in its order and acknowledge its batches.

    `at` is told each point passed; a test may kill there. What a port or the fence raises comes out: nothing after that
    point has happened, and the caller ends the process.
    """

    async def fence() -> None:
        await ports.fence.check(plan.generations)

    at("before_changelog")
    await fence()
    changelog_offsets = await ports.changelog.append(plan.writes, fence)
    at("after_changelog")
    await fence()
    if plan.calls:
        await ports.sink.deliver(plan.calls, fence)
    at("mid_effects")
    if plan.outputs:
        await ports.outputs.produce(plan.outputs, fence)
    at("after_effects")
    for (topic, partition), next_offset in plan.offsets.items():
        ports.offsets.advance(topic, partition, next_offset)
    at("after_offsets")
    for (table, partition), writes in plan.writes.items():
        await ports.store.write(table, partition, writes, changelog_offsets[table, partition])
    at("after_store")
    for batch in plan.batches:
        batch.owner.acknowledge(batch)


def _encoded(batches: Sequence[SealedBatch]) -> dict[tuple[str, int], Mapping[bytes, Write]]:
    """Encode what is to be written, by all tables of these batches: a changelog hears of one without a change too."""
    newest: dict[tuple[str, int], dict[bytes, Kept]] = {}
    owners: dict[tuple[str, int], Owner] = {}
    for batch in batches:
        for table in batch.owner.tables:
            newest.setdefault((table, batch.partition), {}).update(batch.kept.get(table, {}))
            owners[table, batch.partition] = batch.owner
    return {(table, number): owners[table, number].encode(table, kept) for (table, number), kept in newest.items()}


def _calls(batches: Sequence[SealedBatch]) -> Iterator[StreamCall]:
    by_mark: dict[tuple[str, str, str, int], list[Staged]] = {}
    for batch in batches:
        for staged in batch.effects:
            if staged.effect.kind == STREAM:
                mark = (staged.effect.name, batch.topic, batch.topic_id, batch.partition)
                by_mark.setdefault(mark, []).append(staged)
    for mark, entries in by_mark.items():
        for part in _split(entries):
            yield StreamCall(*mark, part[-1].record.offset, tuple(part))


def _split(entries: list[Staged]) -> Iterator[list[Staged]]:
    """Cut between records only: a mark that passes half a record's entries would drop the other half."""
    part: list[Staged] = []
    for staged in entries:
        if len(part) >= MAX_ENTRIES_PER_CALL and staged.record.offset != part[-1].record.offset:
            yield part
            part = []
        part.append(staged)
    yield part
