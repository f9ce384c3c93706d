"""Negative controls: the engine with one protection taken away. Each must fail, or the simulation proves nothing.

A control is a subclass or a setting made here; the product has no switches for them.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stream_app.engine.batch import Batch, Decode
from stream_app.engine.checkpoint import CheckpointPlan, no_crash, run_checkpoint
from stream_app.engine.effects import BadInput, Entry, Staged, dead_letter
from stream_app.engine.epochs import CLAIM, Sifted
from stream_app.engine.outbox import Acknowledged
from stream_app.engine.partition import PartitionState
from stream_app.engine.ports import Fenced, Ports, Writes
from stream_app.engine.records import Record
from stream_app.engine.rules import Begun, Finished, TopicRule
from stream_app.engine.sole_writer import Appended, LeaseRanOutError, SoleWriter, Values, Where
from stream_app.engine.table import Kept, TableState
from tests.simulation.fold import LATENESS_MS, Deed, Fold, Said, decode
from tests.simulation.owner import RULES, Setup


@dataclass(frozen=True)
class Control:
    """One protection off, under the policy and thread that show it most.

    `known` is a seed that shows it (a change of the simulation may shift it); `within` how many seeds at most it takes.
    """

    setup: Setup
    known: int
    within: int = 100
    policy: str = "fixed"
    thread: str = "outputs"

    @property
    def seeds(self) -> Iterator[int]:
        """The seeds to try, in order."""
        return itertools.chain([self.known], range(self.within))


async def effects_first(plan: CheckpointPlan, ports: Ports, at: Callable[[str], None] = no_crash) -> None:
    """Let effects leave before the values that hold them are safe: the order of the first spike."""

    async def fence() -> None:
        await ports.fence.check(plan.generations)

    await ports.sink.deliver(plan.calls, fence)
    at("mid_effects")
    await ports.outputs.produce(plan.outputs, fence)
    at("after_effects")
    last = await ports.changelog.append(plan.writes, fence)
    at("after_changelog")
    await _offsets_and_store(plan, ports, last)


async def offsets_before_effects(plan: CheckpointPlan, ports: Ports) -> None:
    """Let offsets be committed while effects are still on their way."""

    async def fence() -> None:
        await ports.fence.check(plan.generations)

    last = await ports.changelog.append(plan.writes, fence)
    await _offsets_and_store(plan, ports, last)
    await ports.sink.deliver(plan.calls, fence)
    await ports.outputs.produce(plan.outputs, fence)


async def store_first(plan: CheckpointPlan, ports: Ports) -> None:
    """Write the local store before the changelog: Faust's order."""
    behind = {spot: ports.store._stores[spot[0]].changelog_offset for spot in plan.writes}
    for (table, partition), writes in plan.writes.items():
        await ports.store.write(table, partition, writes, behind[table, partition])
    rewrites = {
        spot: {k: w._replace(was_due_ms=w.next_due_ms) for k, w in by.items()} for spot, by in plan.writes.items()
    }
    await run_checkpoint(dataclasses.replace(plan, writes=rewrites), ports)


async def _offsets_and_store(plan: CheckpointPlan, ports: Ports, last: Any) -> None:
    for (topic, partition), offset in plan.offsets.items():
        ports.offsets.advance(topic, partition, offset)
    for (table, partition), writes in plan.writes.items():
        await ports.store.write(table, partition, writes, last[table, partition])
    for batch in plan.batches:
        batch.owner.acknowledge(batch)


class NoRestaging(PartitionState):
    """A skipped record stages nothing again."""

    def _restage(self, record: Record, kept: Kept) -> None:
        pass


class AllIsOut(Acknowledged):
    """Takes everything for delivered."""

    def covers(self, entry: Entry) -> bool:
        return True


class PrunesEarly(PartitionState):
    """Outbox entries go at the next write, delivered or not."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._acknowledged = AllIsOut({})


class ForgetsLooseEntries(PartitionState):
    """A new value does not take over what its key's records staged before it was there."""

    def _take_over(self, written: Kept, table: TableState, key: bytes) -> None:
        pass


class NoGuardOnNothing(PartitionState):
    """A record that changes nothing leaves the guard where it was."""

    def finish(self) -> Finished:
        if self._kept is not None and not self._staged and self._value in (None, self._kept.value):
            self._forget_record()
            return Finished.ON
        return super().finish()


class NoGuardAfterException(PartitionState):
    """A dead-lettered event leaves neither guard nor reason."""

    def reject(
        self, record: Record, bad: BadInput, occurred_ms: int | None = None, put_off_ms: int | None = None
    ) -> None:
        self._effects.append(Staged(record, 0, dead_letter(bad)))
        self._forget_record()


class NoGuard(PartitionState):
    """What was folded before is folded again."""

    def begin(self, record: Record, occurred_ms: int | None = None) -> Begun:
        begun = super().begin(record, occurred_ms)
        if begun is Begun.SKIPPED:
            self._record, self._table = record, self._table_of[record.topic]
            self._kept = self._table.find(record.key)
            return Begun.FOLD
        return begun


class AnyTimeCounts(PartitionState):
    """A value keeps the time of master data too, which bears the wall clock: a new owner's clock runs ahead."""

    def begin(self, record: Record, occurred_ms: int | None = None) -> Begun:
        return super().begin(record, decode(record).occurred_ms if record.topic == "C" else occurred_ms)


class UndoesNothing(PartitionState):
    """What a failing event staged stays staged."""

    def undo(self) -> None:
        staged, record = self._staged, self._record
        self._effects.extend(Staged(record, n, effect) for n, effect in enumerate(staged))
        super().undo()


class GuardBeforeDecoding(Batch):
    """Bytes that cannot be decoded are skipped behind the guard of a later record of their key."""

    def __init__(self, state: PartitionState, records: Sequence[Record], generation: int, decode: Decode) -> None:
        def after_the_guard(record: Record) -> Any:
            event = decode(record)
            kept = state._table_of[record.topic].find(record.key)
            guarded = kept is not None and record.offset <= kept.guard.get(record.topic_id, -1)
            return Deed("skipped", 0, 0) if guarded and isinstance(event, BadInput) else event

        super().__init__(state, records, generation, after_the_guard)


class FiresLate(Fold):
    """Due work waits a lateness, on the state as it is then."""

    def due_up_to(self, event: Deed) -> int:
        return event.occurred_ms - LATENESS_MS


class IdsFromTrigger(Fold):
    """What due work causes is named after the record that happened to fire it."""

    def timed_id(self, key: str, cause: str, due_ms: int, trigger: str, n: int) -> str:
        return f"{key}:{trigger}:{n}"


class RemembersIds(Fold):
    """Readers of our own outputs tell repeats by a bounded list of ids."""

    def linked(self, old: Any, key: str, event: Said) -> Any:
        if old is not None and event.id in old["said"][-2:]:
            return old, []
        return super().linked(old, key, event)


class LooksAtNoHole(SoleWriter):
    """What others write behind our own values stays there."""

    async def _repairs(self, where: Where, end: int, fence: Fenced) -> dict[bytes, bytes | None]:
        self._tenures[where].next_offset = max(end, self._tenures[where].next_offset)
        return {}


class ClaimsNothing(SoleWriter):
    """A changelog hears of an owner only when he has something to write."""

    async def append(self, writes: Writes, fence: Fenced) -> Mapping[Where, int]:
        for where, by_key in writes.items():
            self._tenure(where).claimed = not by_key
        return await super().append(writes, fence)


class SendsAgainUnfenced(SoleWriter):
    """After a lease that ran out, values go out again without a look at who owns the partition now."""

    async def _append(self, values: Mapping[Where, Values], fence: Fenced) -> Mapping[Where, Sequence[Appended]]:
        try:
            return await self._log.append(values, self._epochs(values), fence)
        except LeaseRanOutError:
            return await super()._append(values, _no_fence)

    def _epochs(self, values: Mapping[Where, Values]) -> Mapping[Where, int]:
        return {where: self._tenures[where].epoch for where in values}


async def _no_fence() -> None:
    pass


def last_one_counts(records: Iterable[tuple[bytes, bytes | None, int]], highest: int) -> Sifted:
    """Take the newest record of a key, whoever wrote it."""
    values: dict[bytes, bytes | None] = {}
    for key, value, epoch in records:
        if key != CLAIM:
            values[key] = value
        highest = max(highest, epoch)
    return Sifted(values, highest, frozenset())


def _rules(**changed: TopicRule) -> dict[str, TopicRule]:
    return {**RULES, **changed}


CONTROLS = {
    "effects first": Control(Setup(checkpoint=effects_first), 3, policy="changing"),
    "offsets before effects": Control(Setup(checkpoint=offsets_before_effects), 0),
    "store before changelog": Control(Setup(checkpoint=store_first), 9, 500),
    "no staging again": Control(Setup(state=NoRestaging), 0),
    "entries pruned before acknowledged": Control(Setup(state=PrunesEarly), 0),
    "a new value hides effects": Control(Setup(state=ForgetsLooseEntries), 919, 3_000, thread="claims"),
    "no guard": Control(Setup(state=NoGuard), 3),
    "no guard on records that change nothing": Control(Setup(state=NoGuardOnNothing), 53, 1_500, "changing"),
    "no guard after an exception": Control(Setup(state=NoGuardAfterException), 0, policy="changing"),
    "no fence": Control(Setup(fenced=False), 5),
    "holes are not looked at": Control(Setup(writer=LooksAtNoHole), 3),
    "a restore asks for no epochs": Control(Setup(sift=last_one_counts), 16, 1_000),
    "an owner claims nothing": Control(Setup(writer=ClaimsNothing), 3421, 4_000, "changing"),
    "sent again without the fence": Control(Setup(writer=SendsAgainUnfenced), 635, 3_000),
    "a failing event is not undone": Control(Setup(state=UndoesNothing), 8),
    "guard before decoding": Control(Setup(batch=GuardBeforeDecoding), 97, 500, "changing"),
    "readers lean on remembered ids": Control(
        Setup(fold=RemembersIds, rules=_rules(ML=TopicRule("customers"))), 136, 500
    ),
    "linked mentions told by partition": Control(
        Setup(rules=_rules(ML=TopicRule("customers", repeats="by_partition"))), 980, 3_000, "changing", "claims"
    ),
    "mood takes repeats": Control(Setup(rules=_rules(MOOD=TopicRule("mood"))), 4),
    "clock counts undelivered batches": Control(Setup(clock_counts_undelivered=True), 3, 500, "changing"),
    "due work fired a lateness late": Control(Setup(fold=FiresLate), 95, 1_000, thread="timers"),
    "master data moves the clock of a new owner": Control(Setup(state=AnyTimeCounts), 3, 500, thread="timers"),
    "ids from the triggering event": Control(Setup(fold=IdsFromTrigger), 0),
}
