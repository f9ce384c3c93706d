"""The engine of one worker: which partition numbers it owns, which batch is under way, and what leads in and out.

Faust's consumer, streams and agents call in here; the pure core (`partition`, `batch`, `checkpoint`) does the work.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP

from stream_app.engine.assignment import Assignment, Refusal, inspect, refuse_impossible
from stream_app.engine.checkpointer import CheckpointDone, Checkpointer
from stream_app.engine.clocks import Clocks, TimerRule
from stream_app.engine.crash_points import CrashPoints
from stream_app.engine.fatal import Exit, die
from stream_app.engine.fence import Fence, watch_heartbeats
from stream_app.engine.fetched import EngineBatch
from stream_app.engine.garbage import collect_all
from stream_app.engine.partition import Current, PartitionState
from stream_app.engine.ports import Ports
from stream_app.engine.quality import ErrorRate
from stream_app.engine.rules import TableSource
from stream_app.engine.sealed import SealedBatch
from stream_app.engine.seams import kafka_consumer
from stream_app.engine.state_table import StateTable
from stream_app.engine.table import CACHE_SIZE
from stream_app.engine.topics import EventTopic, Registry

log = logging.getLogger(__name__)


@dataclass
class Work:
    """One batch handed to an agent; `finished` tells whether it was sealed (True) or dropped (False)."""

    batch: EngineBatch
    finished: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    slice_ends: float = 0.0
    """When others are to have their turns (`time.perf_counter`); an agent that begins anew goes on in its slice."""

    def finish(self, *, sealed: bool) -> None:
        """Let the fetch loop go on."""
        if not self.finished.done():
            self.finished.set_result(sealed)


class Engine:
    """Everything that lives as long as the worker; partitions come and go."""

    def __init__(
        self,
        *,
        registry: Registry,
        ports: Ports,
        fence: Fence,
        crash_point: CrashPoints,
        batch_records: int,
        in_flight_records: int,
        cached_values: int = CACHE_SIZE,
    ) -> None:
        self.registry = registry
        self.fence = fence
        self.crash_point = crash_point
        self.batch_records = batch_records
        self._cached_values = cached_values
        self.checkpointer = Checkpointer(ports, crash_point, in_flight_records)
        self.checkpointer.listen(self._on_checkpoint)
        self.tables: dict[str, StateTable] = {}
        self.clocks = Clocks()
        self.work: Work | None = None
        self.records_lost: Counter[str] = Counter()
        """Records by topic that were deleted before we read them."""
        self._states: dict[tuple[str, int], PartitionState] = {}
        self._errors = ErrorRate()
        self.current = Current()

    # -- registration -------------------------------------------------------------------------------------------------

    def add_table(self, table: StateTable) -> None:
        """Register a table."""
        self.tables[table.name] = table

    def add_timers(self, rule: TimerRule) -> None:
        """Register whose due work is to be woken by timers."""
        self.clocks.add_rule(rule)

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the checkpoint task; a second call does nothing."""
        self.registry.check_agents()
        self.checkpointer.start()

    def on_joined(self, coordinator: Any) -> None:
        """Note a new generation: the lease begins."""
        watch_heartbeats(coordinator, self.fence)
        self.fence.renew()

    # -- partitions ---------------------------------------------------------------------------------------------------

    async def inspect(self, thread: Any, tps: Iterable[TP], committed: Mapping[TP, int | None]) -> Assignment:
        """Ask Kafka about the assigned partitions; ends the process on what must not be."""
        changelogs = {name: table.changelog_topic.get_topic_name() for name, table in self.tables.items()}
        names = [*(topic.name for topic in self.registry.topics), *changelogs.values()]
        assignment: Assignment = await thread.call_thread(inspect, kafka_consumer(thread), tps, committed, names)
        try:
            refuse_impossible(assignment, self.registry, changelogs)
        except Refusal as refusal:
            die(Exit.BROKEN, str(refusal))
        return assignment

    def take_over(self, assignment: Assignment) -> None:
        """Make the state of each assigned partition number, now that its tables are restored."""
        self._states.clear()
        self.clocks.clear()
        self._report_lost(assignment.lost)
        for topic in self.registry.topics:
            topic.topic_id = assignment.topics[topic.name].topic_id
        for table in self.tables.values():
            topics = self.registry.of_table(table.name)
            names = {topic.name for topic in topics}
            numbers = sorted({tp.partition for tp in assignment.start if tp.topic in names})
            for number in numbers:
                self._begin_number(
                    table, number, topics, assignment, cached=max(1, self._cached_values // len(numbers))
                )

    def _begin_number(
        self, table: StateTable, number: int, topics: Iterable[EventTopic], assignment: Assignment, *, cached: int
    ) -> None:
        """Make the state of one partition number of a table, and set its clock to where its store has been."""
        store = table.store.partition(number)
        committed = {
            topic.topic_id: assignment.committed[TP(topic.name, number)]
            for topic in topics
            if topic.topic_id is not None and TP(topic.name, number) in assignment.committed
        }
        rules = {topic.name: topic.rule for topic in topics}
        source = {table.name: TableSource(table.codec, store.get, cached, table.stubs)}
        self._states[table.name, number] = PartitionState(number, source, rules, committed)
        starts = {name: assignment.start.get(TP(name, number), 0) for name, rule in rules.items() if rule.moves_clock}
        self.clocks.begin(table.name, number, starts, store.highest_ms)

    def _report_lost(self, lost: Mapping[TP, int]) -> None:
        for tp, records in lost.items():
            self.records_lost[tp.topic] += records
            log.error("%s-%d: %d records were deleted before they were read: retention is too short", *tp, records)

    def release(self) -> None:
        """Forget all partitions: they are another worker's, or will be restored anew."""
        if self.under_way:
            die(Exit.FENCED, "partitions were revoked with batches under way")
        self._states.clear()
        self.clocks.clear()
        collect_all()  # nobody waits, nothing is cached: the moment for what grew old

    @property
    def under_way(self) -> bool:
        """Whether a batch is with an agent, or on its way out."""
        return self.work is not None or not self.checkpointer.idle

    @property
    def owned(self) -> list[tuple[str, int]]:
        """The (table, partition number) pairs of this worker."""
        return list(self._states)

    def source(self, tp: TP) -> tuple[EventTopic, PartitionState]:
        """Return topic and state for an event partition."""
        topic = self.registry.get(tp.topic)
        assert topic is not None
        return topic, self._states[topic.rule.table, tp.partition]

    # -- batches: the fetch loop's side -------------------------------------------------------------------------------

    async def wait_for_room(self) -> None:
        """Wait while too many records are under way."""
        if not self.checkpointer.has_room:
            await self.checkpointer.wait_until(lambda: self.checkpointer.has_room)

    async def hand_over(self, batch: EngineBatch) -> bool:
        """Give a batch to its topic's agent and wait; False when a rebalance came before it was begun."""
        work = Work(batch)
        batch.source.mailbox.put(work)
        return await asyncio.shield(work.finished)  # a stop cancels the fetch loop, and then waits for this batch

    def withdraw(self) -> None:
        """Take back what no agent has begun; of the batch under way only the record is finished that an agent has."""
        if self.work is not None:
            self.work.batch.leave()
        for topic in self.registry.topics:
            work = topic.mailbox.withdraw()
            if work is not None:
                work.finish(sealed=False)

    async def wait_quiet(self) -> None:
        """Return when the batch under way is sealed and all checkpoints are delivered."""
        if self.work is not None:
            await asyncio.wait({self.work.finished})
        await self.checkpointer.wait_idle()

    # -- batches: the stream's side -----------------------------------------------------------------------------------

    def begin(self, work: Work) -> None:
        """Note that the agent has taken the batch."""
        self.work = work
        self.current.begin(work.batch.state)

    def end(self) -> None:
        """Note that the batch is sealed."""
        if self.work is not None:
            self.work.finish(sealed=True)
        self.work = None
        self.current.end()

    def seal(self, sealed: SealedBatch) -> None:
        """Take a sealed batch to the checkpoint; ends the process when the agents fail too often."""
        self._errors.add_batch(sealed)
        if (verdict := self._errors.verdict) is not None:
            die(Exit.BROKEN, verdict)
        self.checkpointer.add(sealed)

    async def wait_acknowledged(self, state: PartitionState) -> None:
        """Wait until the partition number may go on after a long outbox."""
        await self.checkpointer.wait_until(lambda: not state.waiting)

    def _on_checkpoint(self, done: CheckpointDone) -> None:
        for batch in done.plan.batches:
            topic = self.registry.get(batch.topic)
            if topic is not None:
                self.clocks.deliver(topic.rule.table, batch)


def now_ms() -> int:
    """Return the wall clock for record time stamps and latencies; no decision reads it."""
    return int(time.time() * 1000)
