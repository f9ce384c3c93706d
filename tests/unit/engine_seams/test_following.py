"""A standby's changelog is read once recovery has emptied its queue for the last time, from where the store ends."""

import asyncio
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from stream_app.engine.consumer import EngineConsumer

FOLLOWED, OWNED = TP("app-profiles-changelog", 1), TP("app-profiles-changelog", 0)
RECORDS = [SimpleNamespace(offset=offset, timestamp=0, timestamp_type=0) for offset in (42, 43)]


class Following(EngineConsumer):
    """The consumer of a worker that owns one partition and follows another, without Kafka."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        recovery = SimpleNamespace(standby_tps={FOLLOWED}, standby_offsets={FOLLOWED: 41, OWNED: 7})
        self.app = SimpleNamespace(  # type: ignore[assignment]
            tables=SimpleNamespace(_recovery=recovery, changelog_queue=self.queue),
            create_event=lambda key, value, headers, message: (message.tp, value),
        )
        self.engine = SimpleNamespace(crash_point=lambda name: None)  # type: ignore[assignment]
        self._read_offset: dict[TP, int | None] = {}
        self._stops, self._following = 0, False
        self.sought: list[dict[TP, int]] = []
        self.while_seeking = lambda: None

    async def seek_wait(self, partitions: Any) -> None:
        self.sought.append(dict(partitions))
        self.while_seeking()


async def test_what_is_fetched_for_a_standby_before_is_dropped_and_read_again():
    consumer = Following()
    await consumer._restore(FOLLOWED, RECORDS, 1)
    assert consumer.queue.empty()
    await consumer._restore(OWNED, RECORDS, 1)
    assert consumer.queue.get_nowait()[0] == OWNED, "what is ours is restored at once"
    await consumer._follow()
    assert consumer.sought == [{FOLLOWED: 42}]
    await consumer._restore(FOLLOWED, RECORDS, 1)
    assert consumer.queue.get_nowait() == (FOLLOWED, RECORDS)


async def test_a_rebalance_while_seeking_begins_anew():
    consumer = Following()

    def rebalance() -> None:
        consumer._stops += 1

    consumer.while_seeking = rebalance
    await consumer._follow()
    assert not consumer._following
