"""One batch of records on its way through the agent: which record comes next, and what happens when the agent raises.

The driver (Faust's stream, a file replay, the simulation) asks `advance()` again and again: it gets the next event for
the agent, or a `SealedBatch` for the checkpoint. When the agent raised, it calls `fail(error)` and goes on asking.

    while not batch.done:
        turn = batch.advance()
        if isinstance(turn, SealedBatch):
            ...hand it to the checkpoint; then wait until not state.waiting...
        else:
            ...give it to the agent...
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import takewhile
from typing import Any

from schemas.errors import BadMessage, BrokenInvariant, StateError
from stream_app.engine.effects import PROCESSING_ERROR, BadInput
from stream_app.engine.partition import PartitionState
from stream_app.engine.records import Position, Record
from stream_app.engine.rules import AgentMistakeError, Begun, EngineUseError, Finished
from stream_app.engine.sealed import Counts, SealedBatch

PUT_OFF_MS = 86_400_000
"""Due work that raised is asked for again a day of event time later, unless an event of its key fires it before."""

Decode = Callable[[Record], Any]
"""A record's event, or `BadInput`; must not raise and must not look at anything but the record."""

TRIES = 2
"""An event that the agent could not take this often is dead-lettered."""


class Given:
    """One decoded event as the agent gets it."""

    __slots__ = ("event", "record")

    def __init__(self, record: Record, event: Any) -> None:
        self.record = record
        self.event = event

    @property
    def received_ms(self) -> int:
        """Kafka's time stamp of the record (epoch ms)."""
        return self.record.timestamp_ms

    @property
    def position(self) -> Position:
        """Where the record lies."""
        return self.record.position

    @property
    def traceparent(self) -> str | None:
        """The W3C trace parent that came with the record, if any."""
        raw = self.record.traceparent
        return None if raw is None else raw.decode("ascii")


Turn = Given | SealedBatch


class Batch:
    """A run of records of one topic and partition, in offset order, and how far the agent is in it."""

    def __init__(self, state: PartitionState, records: Sequence[Record], generation: int, decode: Decode) -> None:
        if not records:
            raise EngineUseError("a batch holds at least one record")
        first = records[0]
        self.topic, self.topic_id, self.partition = first.topic, first.topic_id, first.partition
        self.generation = generation
        self.done = False
        self._state = state
        self._records = records
        self._decode = decode
        self.end_offset = first.offset
        """The first offset that is not done yet."""
        self._given: Given | None = None  # with the agent
        self._error: BaseException | None = None  # what the agent raised on it
        self._open = False
        self._cut = False
        self._left = False
        self._counts = Counts()
        self._highest_ms: int | None = None
        self._turns = self._run()

    @property
    def first_ms(self) -> int:
        """Event time of the first record (epoch ms), or its time stamp where it tells none; decides who goes first."""
        first = self._records[0]
        told = getattr(self._decode(first), "occurred_ms", None)
        return first.timestamp_ms if told is None else told

    def advance(self) -> Turn:
        """Finish the event that was given last, if any, and return the next one, or the batch sealed up to here.

        Raises `EngineUseError` when the batch is done, another is under way, or the partition number is waiting.
        """
        if not self._open:
            if self.done:
                raise EngineUseError("the batch is done")
            if self._state.waiting:
                raise EngineUseError(f"partition number {self.partition} waits for a checkpoint")
            self._state.open(self.topic_id)
            self._open = True
        return next(self._turns)

    def cut(self) -> None:
        """Seal what is done once the record under way is; the rest is sealed later.

        A part on which the agent failed is not cut: whether too much fails is asked before any of it leaves.
        """
        self._cut = True

    def leave(self) -> None:
        """Seal what is done once the record under way is, and take up no more: the rest is read again by its owner."""
        self._left = True

    def fail(self, error: BaseException) -> None:
        """Undo the event given last, on which the agent raised; the second time, dead-letter it.

        A `BadMessage` is the agent's own verdict on the record: it goes to the dead letters at once, with its reason.
        `BrokenInvariant` and `StateError` come out again: they are our fault, and no event must pay for it.
        """
        if self._given is None:
            raise EngineUseError("no event is with the agent")
        self._given = None
        self._state.undo()
        if isinstance(error, BrokenInvariant | StateError):
            raise error
        self._error = error

    def abandon(self) -> None:
        """Forget the part that is not sealed yet: a rebalance took it away."""
        if self._open:
            self._state.abandon()
        self._open = False
        self._given = None
        self.done = True

    def _run(self) -> Iterator[Turn]:
        """Take the records one by one; each `yield` goes to the agent, or to the checkpoint, and back."""
        state, decode, last = self._state, self._decode, self._records[-1]
        moves_clock = state.topics[self.topic].moves_clock
        for record in takewhile(lambda _: not self._left, self._records):
            event = decode(record)
            # Before the guard: a bad record leaves none, and a later one of its key must not hide its letter.
            if type(event) is BadInput:
                state.letter(record, event)
                self._counts.undecodable += 1
                self.end_offset = record.offset + 1
                continue
            # What the agent will refuse may tell no time.
            told: int | None = getattr(event, "occurred_ms", None) if moves_clock else None
            ended: Finished | None = Finished.ON
            begun = state.begin(record, told)
            if begun is Begun.FOLD:
                self._given = given = Given(record, event)
                yield given
                ended = self._finish()
                if ended is not Finished.ON and ended is not Finished.SEAL:
                    ended = yield from self._once_more(record, told, ended)
                if ended is not None:
                    self._counts.folded += 1
            elif begun is Begun.SKIPPED:
                self._counts.skipped += 1
            else:
                self._counts.repeated += 1
            self.end_offset = record.offset + 1
            if told is not None and (self._highest_ms is None or told > self._highest_ms):
                self._highest_ms = told
            if ended is Finished.SEAL:
                yield self._seal(wait=True)
            elif self._cut and not self._counts.rejected and record is not last:
                yield self._seal(wait=False)
        yield self._seal(wait=False)

    def _once_more(
        self, record: Record, told: int | None, ended: Finished | None
    ) -> Generator[Turn, None, Finished | None]:
        """Give a record again that found no room, or on which the agent failed; None when it is dead-lettered."""
        tries = 0
        while True:
            event = self._decode(record)
            if ended is Finished.AGAIN:
                yield self._seal(wait=True)
            else:
                tries += 1
                bad = _letter_for(self._error, tries)
                if bad is not None:
                    self._state.reject(record, bad, told, _put_off_to(event))
                    self._counts.rejected += 1
                    return None
            self._state.begin(record, told)
            self._given = given = Given(record, event)
            yield given
            ended = self._finish()
            if ended is Finished.ON or ended is Finished.SEAL:
                return ended

    def _finish(self) -> Finished | None:
        """Finish the event that is with the agent; None when that failed, or the agent did."""
        if self._given is None:
            return None
        self._given = None
        try:
            return self._state.finish()
        except AgentMistakeError as mistake:
            self._state.undo()
            self._error = mistake
            return None

    def _seal(self, *, wait: bool) -> SealedBatch:
        sealed = SealedBatch(
            self._state,
            self.topic,
            self.topic_id,
            self.partition,
            self.generation,
            self.end_offset,
            self._highest_ms,
            self._counts,
        )
        self._state.seal(sealed, wait=wait)
        self._open = self._cut = False
        self.done = self._left or self.end_offset > self._records[-1].offset
        if self.done:
            self._turns = iter(())  # it waits in its last `yield` for ever, and holds us: garbage by the batch
        self._counts, self._highest_ms = Counts(), None
        return sealed


def _letter_for(error: BaseException | None, tries: int) -> BadInput | None:
    """Return the letter in which a record ends, None while it is to be tried again."""
    if isinstance(error, BadMessage):
        return BadInput(error.reason, error.detail)
    if tries >= TRIES:
        return BadInput(PROCESSING_ERROR, type(error).__name__)  # its message may quote the payload
    return None


def _put_off_to(event: Any) -> int | None:
    """Until when due work waits that raised under a timer (epoch ms).

    A timer holds nothing from outside: what raises is the work, and it would raise for ever. Left first in the index by
    due time it would hold up whatever waits for all earlier work, as training does.
    """
    until_ms: int | None = getattr(event, "until_ms", None)
    return None if until_ms is None else until_ms + PUT_OFF_MS
