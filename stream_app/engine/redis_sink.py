"""Effects on Redis streams: each exactly once, however often a checkpoint is tried.

A stream and its marks share a hash slot, so they are kept or lost together. The mark `{<stream>}:hwm` holds, per group,
source topic and partition, the last source offset whose effects are in the stream; entries at or below it are dropped.
This relies on the engine's order: offsets rise, and the effects of one event are never split between two calls.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from stream_app.engine.backoff import Backoff
from stream_app.engine.connection import closed_is_an_os_error
from stream_app.engine.effects import Staged
from stream_app.engine.fatal import Exit, die
from stream_app.engine.ports import Fenced, StreamCall

log = logging.getLogger(__name__)

MARK_SCRIPT = """#!lua
local mark = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '-1')
if mark < tonumber(ARGV[4]) then return redis.error_reply('CHAIN the call before this one did not run') end
local now = redis.call('TIME')
local oldest = string.format('%.0f', math.max(0, now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(ARGV[3])))
local added, i = 0, 5
while i <= #ARGV do
  local offset, width = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  if offset > mark then
    redis.call('XADD', KEYS[1], 'MINID', '~', oldest, '*', unpack(ARGV, i + 2, i + 1 + width))
    added = added + 1
  end
  i = i + 2 + width
end
if tonumber(ARGV[2]) > mark then redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end
return added
"""
"""ARGV: mark field, end offset, retention in ms, least mark, then per entry its offset, its number of words, the words.

The least mark chains calls of one pipeline for the same mark: were an earlier one refused (memory) and a later one not,
the mark would pass entries that were never added.

The `#!lua` header makes a server that is out of memory refuse the script before its first write."""

RETRY_CODES = (
    "OOM",
    "MISCONF",
    "READONLY",
    "LOADING",
    "BUSY",
    "NOREPLICAS",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MASTERDOWN",
    "UNBLOCKED",
    "CHAIN",
)
"""Answers that pass with time; redis-py drops the code from some, so its exception classes are asked as well."""
ARGUMENTS_PER_CALL = 6_000
"""Below Lua's limit on unpacked values, and short enough not to hold up other clients."""


class ScriptCall(NamedTuple):
    """One run of the mark script."""

    stream: str
    mark_key: str
    arguments: list[Any]


def words_of(staged: Staged) -> list[str | bytes]:
    """Return the fields of an entry as field, value, field, value; with the trace of the request that caused it."""
    fields: dict[str, str] = orjson.loads(staged.effect.body)
    words: list[str | bytes] = [word for field in fields.items() for word in field]
    trace = None if staged.effect.timed else staged.record.traceparent
    if trace is not None:
        words += ("traceparent", trace)
    return words


def script_calls(calls: Iterable[StreamCall], *, namespace: str, group: str, retention_ms: int) -> list[ScriptCall]:
    """Turn calls into runs of the script: long ones are cut (never within an event), those of one mark are chained."""
    runs: list[ScriptCall] = []
    least: dict[tuple[str, str], int] = {}
    for call in calls:
        stream = f"{namespace}:{call.stream}"
        mark = f"{group}:{call.topic_id}:{call.partition}"
        for end, words in _cut(call):
            arguments = [mark, end, retention_ms, least.get((stream, mark), -1), *words]
            runs.append(ScriptCall(stream, f"{{{stream}}}:hwm", arguments))
            least[stream, mark] = end
    return runs


def _cut(call: StreamCall) -> Iterator[tuple[int, list[Any]]]:
    words: list[Any] = []
    last = -1
    for staged in call.entries:
        fields = words_of(staged)
        offset = staged.record.offset
        if words and len(words) + len(fields) > ARGUMENTS_PER_CALL and offset != last:
            yield last, words
            words = []
        words += (offset, len(fields), *fields)
        last = offset
    yield call.end_offset, words


class RedisSink:
    """Appends to streams; retries what can pass, ends the process on what cannot. Port `Sink` of the core."""

    def __init__(
        self,
        redis: Redis,
        *,
        namespace: str,
        group: str,
        retention_ms: int,
        replicas: int = 0,
        backoff: Backoff | None = None,
        end: Callable[[Exit, str], Any] = die,
    ) -> None:
        self._redis = redis
        self._namespace = namespace
        self._group = group
        self._retention_ms = retention_ms
        self._replicas = replicas
        self._backoff = backoff or Backoff()
        self._end = end
        self._sha: str | None = None
        self.failing = False
        """Whether the last attempt failed; readiness reads it."""

    async def deliver(self, calls: Sequence[StreamCall], fence: Fenced) -> None:
        """Append all entries; returns only when Redis has answered for each."""
        runs = script_calls(calls, namespace=self._namespace, group=self._group, retention_ms=self._retention_ms)
        attempt = 0
        while runs:
            await fence()
            try:
                with closed_is_an_os_error():
                    await self._send(runs)
            except (RedisError, OSError, TimeoutError) as exc:
                self.failing = True
                self._sha = None  # who comes back has forgotten the script
                if not (isinstance(exc, NoScriptError) or passes_with_time(exc)):
                    self._end(Exit.BROKEN, f"Redis refuses an append for good: {exc}")
                    raise
                wait = self._backoff.wait(attempt)
                log.warning("redis: %s: %s; again in %.2f s", type(exc).__name__, exc, wait)
                attempt += 1
                await asyncio.sleep(wait)
            else:
                self.failing = False
                return

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _send(self, runs: Sequence[ScriptCall]) -> None:
        if self._sha is None:
            self._sha = str(await self._redis.script_load(MARK_SCRIPT))
        pipe = self._redis.pipeline(transaction=False)
        for stream, mark_key, arguments in runs:
            pipe.evalsha(self._sha, 2, stream, mark_key, *arguments)
        if self._replicas:
            pipe.execute_command("WAIT", self._replicas, 100)
        answers = await pipe.execute()
        if self._replicas and int(answers.pop()) < self._replicas:
            raise ResponseError(f"NOREPLICAS fewer than {self._replicas} replicas acknowledged")


def passes_with_time(error: BaseException) -> bool:
    """Tell a passing state of the server (outage, full, loading, failover) from a refusal for good."""
    if isinstance(error, RedisConnectionError | RedisTimeoutError | OSError):
        return True  # BusyLoadingError, MaxConnectionsError and friends are ConnectionErrors too
    name = type(error).__name__
    if name in ("ReadOnlyError", "OutOfMemoryError", "ClusterDownError", "TryAgainError", "MasterDownError"):
        return True
    message = str(error)
    return any(message.startswith(code) or f" {code} " in message for code in RETRY_CODES)
