"""Faust's consumer with batches instead of messages: fetch loop, commit pointer, and the way out of a rebalance.

Faust's own way costs four asyncio tasks per message and commits by gaps in a list of acked offsets. Here the unit is a
batch of one partition; the pointer moves only when a checkpoint has delivered it.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from aiokafka.errors import IllegalStateError
from aiokafka.structs import ConsumerRecord
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from stream_app.engine.engine import Engine
from stream_app.engine.fatal import Exit, die
from stream_app.engine.fetched import Hole, after_expected, in_order
from stream_app.engine.pace import Pace
from stream_app.engine.seams import coordinator, has_stopped, recovery_of, set_longest_fetch

Records = Sequence[ConsumerRecord]
FETCH_TIMEOUT = 0.2
"""Seconds; while a fetch waits, seeks and offset look-ups queue behind it in the consumer's thread."""
LONGEST_FETCH_MS = 200
"""How long a broker holds a fetch without data (Faust: 1,500): offset look-ups queue behind it on the connection."""
LATE_SECONDS = 0.1
"""Work that waits before throughput counts more than latency."""
WAIT_EMPTY_SHARE = 0.6
"""Part of the session timeout in which a revoked worker must have finished, before it ends itself."""


class EngineConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to Kafka."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        set_longest_fetch(consumer, LONGEST_FETCH_MS)
        return consumer


class EngineConsumer(driver.Consumer):
    """The consumer of a worker; `engine` is set by the transport."""

    engine: Engine

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.engine = self.app.engine  # type: ignore[attr-defined]
        self._done: dict[TP, int] = {}
        self._expected: dict[TP, int] = {}
        self._holes: dict[TP, Hole] = {}
        self._positioned = False
        self._resumed = False
        self._following = False
        self._stops = 0
        self._pace = Pace()

    def _new_consumer_thread(self) -> EngineConsumerThread:
        return EngineConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- commit pointer -----------------------------------------------------------------------------------------------

    def advance(self, topic: str, partition: int, next_offset: int) -> None:
        """Make everything below `next_offset` committable; called by checkpoints only. Port `Offsets` of the core."""
        self._done[TP(topic, partition)] = next_offset

    @property
    def done(self) -> Mapping[TP, int]:
        """First offset not done yet, per assigned event partition."""
        return self._done

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        for tp in self._done:
            if topics is None or tp in topics or tp.topic in topics:
                yield tp
        for tp in super()._filter_tps_with_pending_acks(topics):
            if tp not in self._done:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        return self._done[tp] if tp in self._done else super()._new_offset(tp)

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        before = {tp: self._committed_offset[tp] for tp in offsets}
        committed = await super()._commit_offsets(offsets, start_new_transaction)
        if not committed:  # Faust remembers them as committed all the same
            self._committed_offset.update({tp: offset for tp, offset in before.items() if tp in self._committed_offset})
        self.engine.crash_point("after_commit")
        return committed

    # -- rebalance ----------------------------------------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Take up the lease of the new generation."""
        self.engine.crash_point("rebalance")
        self.engine.on_joined(coordinator(self._thread))
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish what is under way (Faust waits for `wait_empty` and commits), then forget the partitions."""
        self.engine.crash_point("revoke")
        await super().on_partitions_revoked(revoked)
        self.engine.release()
        for tp in revoked:
            self._done.pop(tp, None)
            self._expected.pop(tp, None)
            self._holes.pop(tp, None)

    def stop_flow(self) -> None:
        """Begin no more batches; one that no agent has taken yet is dropped and read again."""
        super().stop_flow()
        self._positioned = self._resumed = self._following = False
        self._stops += 1
        self.engine.withdraw()

    def resume_flow(self) -> None:
        """Let fetching begin; recovery calls it several times, the last time after `perform_seek`."""
        super().resume_flow()
        self._resumed = self._positioned

    async def wait_empty(self) -> None:
        """Wait until all that was begun is delivered; end the process when that takes too long to stay a member."""
        deadline = self.app.conf.broker_session_timeout * WAIT_EMPTY_SHARE
        try:
            await asyncio.wait_for(self.engine.wait_quiet(), deadline)
        except TimeoutError:
            die(Exit.FENCED, f"checkpoints under way were not delivered within {deadline:.1f} s of a revocation")
        await super().wait_empty()

    async def perform_seek(self) -> None:
        """Go to the committed offsets (recovery calls this last), and from here on hand out batches.

        Fetching goes on meanwhile: what came before the last step is dropped, so the very last step is another seek. It
        also covers partitions without a committed offset, which Faust leaves wherever an earlier fetch has put them.
        """
        stops = self._stops
        await super().perform_seek()
        tps = [tp for tp in self.assignment() if self.engine.registry.get(tp.topic) is not None]
        committed = {tp: self._committed_offset.get(tp) for tp in tps}
        assignment = await self.engine.inspect(self._thread, tps, committed)
        if stops != self._stops:
            return
        self._expected = dict(assignment.start)
        self._done = dict(assignment.start)
        self._holes.clear()
        self.engine.crash_point("restored")
        self.engine.take_over(assignment)
        self._positioned = True
        await self.seek_wait(assignment.start)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Leave this to the watchdog: Faust would look for per-message sensors that batches do not feed."""

    async def _follow(self) -> None:
        """Read the changelogs of our standbys from where their stores end.

        Faust reads them before its last `resume` already, which empties the queue between us and recovery: what was in
        it would be missing in the stores, for good.
        """
        stops, recovery = self._stops, recovery_of(self.app)
        offsets = {tp: recovery.standby_offsets[tp] + 1 for tp in recovery.standby_tps}
        with suppress(IllegalStateError):  # taken away meanwhile
            await self.seek_wait(offsets)
            self._following = stops == self._stops

    # -- fetch loop ---------------------------------------------------------------------------------------------------

    async def _drain_messages(self, fetcher: Any) -> None:
        self.engine.start()
        try:
            while not (has_stopped(self) or has_stopped(fetcher)):
                await asyncio.sleep(0)
                if self._resumed and not self._following:
                    await self._follow()
                records, _ = await self._wait_next_records(FETCH_TIMEOUT)
                if records is None or self.should_stop:
                    return
                if records and self.flow_active:
                    await self._dispatch({TP(tp.topic, tp.partition): got for tp, got in records.items()})
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except Exception as exc:
            self.log.exception("fetch loop")
            die(Exit.BROKEN, f"fetch loop: {exc!r}")

    async def _dispatch(self, fetched: Mapping[TP, Records]) -> None:
        generation = self.app.consumer_generation_id
        changelogs = self.app.tables.changelog_topics
        events: dict[TP, Records] = {}
        for tp, records in fetched.items():
            if not self._current(generation):
                return
            if tp.topic in changelogs:
                await self._restore(tp, records, generation)
            elif self.engine.registry.get(tp.topic) is not None:
                events[tp] = records
            else:
                await self._one_by_one(tp, records, generation)
        if events and self._positioned:
            checkpointer = self.engine.checkpointer
            checkpointer.seconds_behind = self._seconds_behind({tp: got[0].offset for tp, got in events.items()})
            await self._hand_out(events, generation)
            checkpointer.seconds_behind = self._seconds_behind({tp: got[-1].offset + 1 for tp, got in events.items()})

    def _seconds_behind(self, begin: Mapping[TP, int]) -> float:
        """Return how long all that lies from these offsets on will take; 0 where it is little."""
        waiting: int = sum([max(0, (self.highwater(tp) or 0) - offset) for tp, offset in begin.items()])
        seconds = self._pace.seconds_for(waiting)
        return seconds if seconds > LATE_SECONDS else 0.0

    def _current(self, generation: int) -> bool:
        return self.flow_active and self.app.consumer_generation_id == generation

    async def _restore(self, tp: TP, records: Records, generation: int) -> None:
        if not self._following and tp in recovery_of(self.app).standby_tps:
            return
        self.engine.crash_point("recovery")
        message = self._message(tp, records, generation)
        event = self.app.create_event(None, records, None, message)
        await self._changelog_queue.put(event)
        self._read_offset[tp] = message.offset  # the records are the store's now, which lets go of them

    @property
    def _changelog_queue(self) -> Any:
        return cast("Any", self.app.tables).changelog_queue

    async def _one_by_one(self, tp: TP, records: Records, generation: int) -> None:
        for record in records:
            if not self._current(generation):
                return
            await self.callback(self._to_message(tp, record))
            self._read_offset[tp] = record.offset

    async def _hand_out(self, events: Mapping[TP, Records], generation: int) -> None:
        """Give each fetched batch to its agent and wait until it is sealed: one at a time over all topics."""
        fresh: dict[TP, Records] = {}
        for tp, records in events.items():
            ready = await self._without_holes(tp, records)
            if ready:
                fresh[tp] = ready
        for tp, batch in in_order(fresh, generation, self.engine):
            await self.engine.wait_for_room()
            if not (self._positioned and self._current(generation)):
                return
            began = time.monotonic()
            if not await self.engine.hand_over(batch):
                return
            self._pace.note(len(batch), time.monotonic() - began)
            self._expected[tp] = batch.end_offset
            self._read_offset[tp] = batch.end_offset - 1

    async def _without_holes(self, tp: TP, records: Records) -> Records:
        """Drop what was read before; look twice at a hole, which may be a fetch that a seek has overtaken."""
        kept, hole = after_expected(records, self._expected.get(tp), self._holes.get(tp))
        if hole is None:
            return kept
        self._holes[tp] = hole
        self.log.warning("%s-%d: expected offset %d, got %d; looking again", *tp, *hole)
        await self.seek_wait({tp: hole.expected})
        return ()

    def _message(self, tp: TP, records: Records, generation: int) -> ConsumerMessage:
        """Make the one message that stands for a changelog batch; recovery counts by its offset, the batch's last."""
        last = records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            None,
            None,
            cast("Any", records),
            None,
            0,
            0,
            tp,
            generation_id=generation,
        )
