"""One step of an open loop: a generator sends by schedule, a collector notes what comes out, we watch the lag."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgpack
import orjson

from stream_app.bench import collector, generator
from stream_app.bench.broker import Broker
from stream_app.bench.latency import Latency
from stream_app.bench.pauses import MS_NS, Wait
from stream_app.bench.schedule import SECOND_NS, Schedule, Sending
from stream_app.bench.sustain import LagPoint

LEAD_SECONDS = 2.0
"""From the order to the first message: the generator reads its file first."""
SAMPLE_SECONDS = 0.25
MOST_DRAIN_SECONDS = 90.0


class HarnessFailed(Exception):
    """The generator, the collector or the system under test did not do its part; the text says which and why."""


@dataclass(frozen=True)
class Step:
    """What came of one rate; `received` are the actions as they came (id, ns), all was committed at `done_ns`.

    `commits_ns` are the moments at which offsets were committed, by the broker's clock where it is on this machine.
    """

    schedule: Schedule
    sending: Sending
    lag: tuple[LagPoint, ...]
    drain_seconds: float
    done_ns: int
    received: tuple[tuple[str, int], ...]
    commits_ns: tuple[int, ...] = ()


@dataclass(frozen=True)
class Matched:
    """The actions of a step held against those expected: latencies by kind, and what is not as it should be."""

    latency: Mapping[str, Latency]
    expected: int
    seen: int
    missing: int
    twice: int
    waits: Mapping[str, Sequence[Wait]]
    """The same latencies with their times, by kind."""

    @property
    def wrong(self) -> int:
        """How many actions are not as they should be."""
        return self.missing + self.twice


def match(
    expected: Mapping[str, tuple[int, str]],
    received: Iterable[tuple[str, int]],
    schedule: Schedule,
    warm_up: int = 0,
) -> Matched:
    """Hold received actions against the expected ones: id -> (number of the message that causes it, kind).

    Latency counts from the time at which the cause was due, for messages from number `warm_up` on.
    """
    waits: dict[str, list[Wait]] = {}
    seen: set[str] = set()
    twice = 0
    for action, at_ns in received:
        if action not in expected:
            continue  # of a step before
        twice += action in seen
        seen.add(action)
        number, kind = expected[action]
        if number >= warm_up:
            waits.setdefault(kind, []).append(Wait(schedule.at_ns(number), at_ns))
    latency = {kind: Latency(wait.seen_ns - wait.due_ns for wait in some) for kind, some in waits.items()}
    return Matched(latency, len(expected), len(seen), len(expected) - len(seen), twice, waits)


class OpenLoop:
    """Sends slices of a file of messages to a system that runs, and waits until it has done them."""

    def __init__(
        self, broker: Broker, *, group: str, inputs: Iterable[str], inner: Iterable[str] = (),
        prefix: str, file: Path, home: Path, listen: Mapping[str, Any], core: int | None, linger_ms: int = 1,
    ) -> None:  # fmt: skip
        """Take the topics whose lag counts as `inputs`, those that the system writes for itself as `inner`."""
        self._broker = broker
        self._group = group
        self._inputs = [*inputs]
        self._all = [*self._inputs, *inner]
        self._prefix = prefix
        self._file = file
        self._home = home
        self._listen = listen
        self._core = core
        self._linger_ms = linger_ms

    def step(self, first: int, count: int, rate: float) -> Step:
        """Send `count` messages from number `first` at a rate (0: as fast as it goes), and collect what comes."""
        out = self._home / "seen.msgpack"
        out.unlink(missing_ok=True)
        listening = collector.Order(out=str(out), **self._listen)
        with self._process("collector", listening) as collecting:
            assert collecting.stdout is not None
            if collecting.stdout.readline() != b"ready\n":
                raise HarnessFailed(f"the collector ended: {self._words('collector')}")
            start_ns = time.monotonic_ns() + int(LEAD_SECONDS * SECOND_NS)
            sending, lag = self._send(first, count, rate, start_ns)
            drained = self.drain()
            done_ns = time.monotonic_ns()
            time.sleep(SAMPLE_SECONDS)  # what was committed has been written: let it arrive
            collecting.terminate()
            collecting.wait(30)
        received: list[tuple[str, int]] = msgpack.unpackb(out.read_bytes(), use_list=False)
        commits_ns = self._commits_ns(start_ns)
        return Step(Schedule(start_ns, rate), sending, tuple(lag), drained, done_ns, tuple(received), commits_ns)

    def _commits_ns(self, start_ns: int) -> tuple[int, ...]:
        """Return when offsets were committed since then, on our clock."""
        ahead_ns = time.time_ns() - time.monotonic_ns()
        commits_ms = self._broker.commits_ms(self._group, (start_ns + ahead_ns) // MS_NS)
        return tuple(at_ms * MS_NS - ahead_ns for at_ms in commits_ms)

    def drain(self) -> float:
        """Wait until all is committed, what it brought about included; returns the seconds. Raises HarnessFailed."""
        began = time.monotonic()
        quiet = 0
        while quiet < 2:  # what one topic leads to on another is there when the first has none left
            quiet = quiet + 1 if self._broker.lag(self._group, self._all) == 0 else 0
            if time.monotonic() - began > MOST_DRAIN_SECONDS:
                raise HarnessFailed(f"the lag was not gone after {MOST_DRAIN_SECONDS:.0f} s")
            time.sleep(0.05)
        return time.monotonic() - began

    def _send(self, first: int, count: int, rate: float, start_ns: int) -> tuple[Sending, list[LagPoint]]:
        order = generator.Order(
            self._broker.bootstrap, str(self._file), first, count, rate, start_ns, self._prefix, self._linger_ms
        )
        lag: list[LagPoint] = []
        with self._process("generator", order) as sending:
            while sending.poll() is None:
                time.sleep(SAMPLE_SECONDS)
                if time.monotonic_ns() > start_ns:
                    lag.append(LagPoint(time.monotonic(), self._broker.lag(self._group, self._inputs)))
            assert sending.stdout is not None
            told = sending.stdout.read()
        if sending.returncode:
            raise HarnessFailed(f"the generator ended: {self._words('generator')}")
        return Sending(**orjson.loads(told)), lag

    @contextmanager
    def _process(self, name: str, order: Any) -> Any:
        pinned = [] if self._core is None else ["taskset", "-c", str(self._core)]
        command = [*pinned, sys.executable, "-m", f"stream_app.bench.{name}", orjson.dumps(asdict(order)).decode()]
        with (self._home / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own modules
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=dict(os.environ)
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _words(self, name: str) -> str:
        return (self._home / f"{name}.log").read_text(errors="replace").strip().rpartition("\n")[2] or "(no word)"
