"""Who does the reduced job, and how each is started, stopped and read."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.bench.peers import environments
from tests.bench.peers.environments import Say
from tests.bench.reduced import totals
from tests.bench.reduced.totals import Reader

Command = Callable[[Say], tuple[str, ...]]


@dataclass(frozen=True)
class Job:
    """One engine at the job."""

    command: Command
    """Makes its environment where there is none yet."""
    environ: Mapping[str, str] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    """What must be there before, with `{}` for the namespace; the alerts' topic always is."""
    share: int = 1
    """Slow engines get one event in so many, and as many customers fewer."""
    alerts: bool = True
    totals: Reader | None = None
    ends_itself: bool = False
    """Its process ends after the last event; the others are stopped when they have committed it."""
    commit_seconds: float | None = None
    """Its own default, where the row is to show that; else the common one."""


def ours(module: str) -> Command:
    """Run a module in the product's environment."""
    return lambda _say: (sys.executable, "-m", module)


def peer(name: str, module: str, *arguments: str) -> Command:
    """Run a module in a peer's environment."""
    return lambda say: (environments.python_of(name, say), "-m", f"tests.bench.peers.{module}", *arguments)


def _faust(store: str, *, tuned: bool) -> Job:
    environ = {"JOB_STORE": store, "JOB_TUNED": "1" if tuned else "0"}
    return Job(peer("faust", "faust_job", "worker"), environ, share=10, totals=totals.faust)


def _kafka_streams(cache_bytes: int) -> Job:
    return Job(environments.java_command, {"JOB_CACHE_BYTES": str(cache_bytes)}, totals=totals.kafka_streams)


def _floor(module: str, *, ends_itself: bool = False) -> Job:
    return Job(ours(f"tests.bench.peers.{module}"), alerts=False, ends_itself=ends_itself)


JOBS: Mapping[str, Job] = {
    "engine": Job(
        ours("tests.bench.reduced.engine_job"),
        topics=("{}.dead-letters", "{}-states-changelog"),
        totals=totals.engine,
    ),
    "quix": Job(peer("quix", "quix_job"), totals=totals.quix),
    "quix-5s": Job(peer("quix", "quix_job"), totals=totals.quix, commit_seconds=5.0),
    "kafka-streams": _kafka_streams(0),
    "kafka-streams-cache": _kafka_streams(64 << 20),
    "bytewax": Job(peer("bytewax", "bytewax_job"), ends_itself=True),
    "bytewax-10s": Job(peer("bytewax", "bytewax_job"), ends_itself=True, commit_seconds=10.0),
    "faust": _faust("memory://", tuned=False),
    "faust-rocksdict": _faust("rocksdb://", tuned=False),
    "faust-tuned": _faust("memory://", tuned=True),
    "faust-tuned-rocksdict": _faust("rocksdb://", tuned=True),
    "floor-aiokafka": _floor("floor_aiokafka"),
    "floor-confluent": _floor("floor_confluent"),
    "floor-decode": _floor("floor_decode", ends_itself=True),
}
