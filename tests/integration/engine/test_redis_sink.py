"""The mark script on a real server: each entry once, whatever is repeated, refused or lost on the way."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from stream_app.embedded import EmbeddedServices
from stream_app.engine.effects import Effect, Staged
from stream_app.engine.fatal import Exit
from stream_app.engine.ports import StreamCall
from stream_app.engine.records import Record
from stream_app.engine.redis_sink import MARK_SCRIPT, RedisSink, passes_with_time, script_calls
from tests.waiting import until

pytestmark = pytest.mark.integration
DAY_MS = 86_400_000

TRACE = b"00-%s-%s-01" % (b"0af7" * 8, b"b7ad" * 4)


def staged(offset: int, entry_id: str, *, trace: bytes | None = None, timed: bool = False) -> Staged:
    headers = [] if trace is None else [("traceparent", trace)]
    body = orjson.dumps({"id": entry_id, "type": "t"})
    record = Record("events", "uuid", 0, offset, b"C1", b"", headers)
    return Staged(record, 0, Effect("stream", "alerts:test:p1", "", body, timed))


def a_call(*entries: Staged, end: int | None = None) -> StreamCall:
    last = entries[-1].record.offset if end is None else end
    return StreamCall("alerts:test:p1", "events", "uuid", 0, last, tuple(entries))


async def passing() -> None:
    """A fence that lets everything pass."""


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url, decode_responses=True, retry=Retry(NoBackoff(), 0))
    yield client
    await client.aclose()


@pytest.fixture
def sink(redis: Redis, namespace: str) -> RedisSink:
    return a_sink(redis, namespace)


def a_sink(redis: Redis, namespace: str, retention_ms: int = DAY_MS) -> RedisSink:
    return RedisSink(redis, namespace=namespace, group="g", retention_ms=retention_ms)


async def ids(redis: Redis, namespace: str) -> list[str]:
    return [fields["id"] for _, fields in await redis.xrange(f"{namespace}:alerts:test:p1")]


async def test_what_is_delivered_twice_is_there_once_and_the_mark_shares_the_streams_slot(
    redis: Redis, sink: RedisSink, namespace: str
):
    await sink.deliver([a_call(staged(3, "a"), staged(3, "b"), staged(5, "c"))], passing)
    await sink.deliver([a_call(staged(3, "a"), staged(3, "b"), staged(5, "c"), staged(9, "d"))], passing)
    assert await ids(redis, namespace) == ["a", "b", "c", "d"]
    assert await redis.hgetall(f"{{{namespace}:alerts:test:p1}}:hwm") == {"g:uuid:0": "9"}


async def test_entries_carry_the_trace_of_their_event_unless_due_work_caused_them(
    redis: Redis, sink: RedisSink, namespace: str
):
    await sink.deliver([a_call(staged(1, "a", trace=TRACE), staged(2, "b", trace=TRACE, timed=True))], passing)
    entries = [fields for _, fields in await redis.xrange(f"{namespace}:alerts:test:p1")]
    assert [entry.get("traceparent") for entry in entries] == [TRACE.decode(), None]


async def test_a_forgotten_script_is_loaded_again(redis: Redis, sink: RedisSink, namespace: str):
    await sink.deliver([a_call(staged(1, "a"))], passing)
    await redis.script_flush()
    await sink.deliver([a_call(staged(2, "b"))], passing)
    assert await ids(redis, namespace) == ["a", "b"]


async def test_a_call_does_not_run_when_the_one_before_it_was_refused(redis: Redis, namespace: str):
    runs = script_calls(
        [a_call(staged(1, "a")), a_call(staged(2, "b"))], namespace=namespace, group="g", retention_ms=DAY_MS
    )
    second = runs[1]
    with pytest.raises(ResponseError, match="CHAIN"):
        await redis.eval(MARK_SCRIPT, 2, second.stream, second.mark_key, *second.arguments)
    assert await ids(redis, namespace) == []


async def test_a_long_call_is_cut_between_events_only_and_all_of_it_arrives(
    redis: Redis, sink: RedisSink, namespace: str
):
    entries = [staged(n // 3, f"e{n}") for n in range(6_000)]
    call = a_call(*entries, end=2_500)
    runs = script_calls([call], namespace=namespace, group="g", retention_ms=DAY_MS)
    assert len(runs) > 1
    ends = [run.arguments[1] for run in runs]
    assert ends == sorted(set(ends))
    assert ends[-1] == 2_500
    await sink.deliver([call], passing)
    assert await ids(redis, namespace) == [f"e{n}" for n in range(6_000)]


async def test_entries_beyond_their_age_are_trimmed(redis: Redis, namespace: str):
    sink = a_sink(redis, namespace, retention_ms=0)
    for n in range(1_000):
        await sink.deliver([a_call(staged(n, f"e{n}"))], passing)
    left = await ids(redis, namespace)
    assert len(left) < 500
    assert left[-1] == "e999"


async def test_a_key_of_another_type_ends_the_worker_with_a_clear_line(redis: Redis, namespace: str):
    ended: list[tuple[Exit, str]] = []
    sink = RedisSink(
        redis, namespace=namespace, group="g", retention_ms=1, end=lambda code, why: ended.append((code, why))
    )
    await redis.set(f"{namespace}:alerts:test:p1", "a string")
    with pytest.raises(ResponseError):
        await sink.deliver([a_call(staged(1, "a"))], passing)
    assert [code for code, _ in ended] == [Exit.BROKEN]


async def test_an_outage_is_waited_for_and_nothing_is_lost(
    services: EmbeddedServices, redis: Redis, sink: RedisSink, namespace: str
):
    services.redis.kill()
    delivering = asyncio.create_task(sink.deliver([a_call(staged(1, "a"))], passing))
    try:
        await until(lambda: sink.failing, "the sink has met the outage")
    finally:
        services.redis.start()
    await delivering
    assert not sink.failing
    assert await ids(redis, namespace) == ["a"]


def test_states_that_pass_are_told_from_refusals_for_good():
    passing_ones = [
        RedisConnectionError("refused"),
        TimeoutError(),
        OutOfMemoryError("command not allowed when used memory > 'maxmemory'"),
        ReadOnlyError("You can't write against a read only replica."),
        ResponseError("LOADING Redis is loading the dataset in memory"),
        ResponseError("NOREPLICAS Not enough good replicas to write."),
        ResponseError("BUSY Redis is busy running a script."),
        ResponseError("MISCONF Errors writing to the AOF file"),
    ]
    assert all(passes_with_time(error) for error in passing_ones)
    assert not passes_with_time(ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"))
    assert not passes_with_time(ResponseError("ERR unknown command"))
