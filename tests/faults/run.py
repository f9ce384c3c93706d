"""One run of one scenario: a deployment of its own, what the scenario does to it, quiet, and the judgement."""

import asyncio
import random
import secrets
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.faults.crew import AT_POINT, START_SECONDS, Crew
from tests.faults.flow import Flow, producer_to
from tests.faults.judge import Evidence, expectation, judge, keep, prefixes
from tests.faults.stage import Stage
from tests.faults.subject import CLAIM, EXIT, STUCK, Finding, Subject
from tests.faults.truth import Truth
from tests.faults.watch import Watch
from tests.waiting import until

CODA = 60
"""Inputs that show that whoever is left owns and works on every partition."""
CLEAN = (0, -signal.SIGTERM)
"""Exit codes of a stop: the second one when the signal comes before Python has begun to listen."""
QUIET_SECONDS = 300.0
PATIENCE_SECONDS = 300.0
TIMER_SECONDS = 10.0


@dataclass
class Run:
    """What a scenario works with."""

    subject: Subject
    stage: Stage
    crew: Crew
    flow: Flow
    truth: Truth
    watch: Watch
    chance: random.Random
    kills_wanted: int
    minutes: float
    """How long it is to go on, where the scenario takes a length."""
    claims: list[Finding] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def claim(self, holds: bool, what: str) -> None:
        """State something that must hold besides the equalities."""
        if not holds:
            self.claims.append(Finding(CLAIM, what))

    async def start(self, name: str = "w1", **options: str) -> None:
        """Start a worker as a static member: its restart need not wait for the dead one's session."""
        await self.crew.start(name, **{**self.subject.restart_options(name), **options})

    async def works(self, more: int = 20) -> None:
        """Wait until so many more alerts are out."""
        seen = await self.watch.alert_count()

        async def more_are_out() -> bool:
            return await self.watch.alert_count() >= seen + more

        await until(more_are_out, f"{more} more alerts are out", START_SECONDS)

    async def start_by_proxy(self, name: str = "w1") -> None:
        """Start a worker that reaches Kafka and Redis through the proxies only."""
        await self.crew.start(name, self.stage.proxied, **self.subject.restart_options(name))

    async def recovered(self, since: float) -> float:
        """The same as `got_on`, and count it as the time that a kill cost."""
        took = await self.got_on(since)
        self.recoveries.append(took)
        return took

    async def got_on(self, since: float) -> float:
        """Wait until every partition has got on since a fault (monotonic seconds); returns how long that took."""
        before = await self.watch.marks()

        async def all_got_on() -> bool:
            marks = await self.watch.marks()
            return all(marks[n] > before[n] for n in range(self.subject.partitions))

        await until(all_got_on, "every partition gets on", PATIENCE_SECONDS, every=0.02)
        return time.monotonic() - since

    async def in_recovery(self) -> None:
        """Wait until a worker has opened its stores, and so is about to read the changelog."""
        homes = self.crew.data

        def opened() -> bool:
            return any(homes.rglob(f"{self.subject.table}-*.db"))

        await until(opened, "a store is open", START_SECONDS)

    async def lag_above(self, records: int) -> None:
        """Wait until so many records wait."""

        async def waiting() -> bool:
            return (await self.watch.lag() or 0) > records

        await until(waiting, f"more than {records} records wait", START_SECONDS)

    async def quiet(self) -> None:
        """Wait until everything is committed, and what timers owe is there."""

        async def no_lag() -> bool:
            return await self.watch.lag() == 0

        await until(no_lag, "everything is committed", QUIET_SECONDS)


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    scenario: str
    seed: int
    produced: int
    kills: int
    restarts: int
    exits: Mapping[int, int]
    recoveries: list[float]
    findings: list[Finding]
    seconds: float
    figures: Mapping[str, Any]

    def count(self, *kinds: str) -> int:
        """How many events or alerts the findings of these kinds concern."""
        return sum(finding.count for finding in self.findings if finding.kind in kinds)


async def execute(
    name: str,
    make_subject: Callable[[str], Subject],
    body: Callable[[Run], Awaitable[None]],
    *,
    stage: Stage,
    home: Path,
    seed: int,
    kills: int,
    minutes: float = 0.0,
) -> Outcome:
    """Run a scenario with one seed. The home directory goes when all was well, and stays with its logs otherwise."""
    began = time.monotonic()
    stage.whole()
    await asyncio.to_thread(home.mkdir, parents=True)
    async with _opened(make_subject(f"f-{secrets.token_hex(5)}"), stage, home, seed, kills, minutes) as run:
        try:
            await body(run)
            findings = await _conclude(run)
        except TimeoutError as late:
            findings = [Finding(STUCK, str(late))]
        findings += run.claims
    if not findings and not run.crew.exits:
        shutil.rmtree(home, ignore_errors=True)
    return Outcome(
        name,
        seed,
        len(run.truth.inputs),
        run.crew.kills,
        run.crew.restarts,
        dict(run.crew.exits),
        run.recoveries,
        findings,
        time.monotonic() - began,
        run.figures,
    )


@asynccontextmanager
async def _opened(
    subject: Subject, stage: Stage, home: Path, seed: int, kills: int, minutes: float
) -> AsyncIterator[Run]:
    to = stage.direct
    await _create(subject, to.kafka_bootstrap)
    truth = Truth(home / "truth.jsonl")
    crew = Crew(subject, home / "workers", to)
    async with producer_to(to.kafka_bootstrap) as producer, Watch(subject, to) as watch:
        flow = Flow(producer, subject.input_namespace, truth, subject.inputs(seed), subject.pace_share)
        run = Run(subject, stage, crew, flow, truth, watch, random.Random(seed), kills, minutes)
        try:
            yield run
        finally:
            stage.whole()
            await crew.close()
            await flow.end()
            truth.close()


async def _create(subject: Subject, bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = [NewTopic(name, count, 1, topic_configs=dict(how)) for name, (count, how) in subject.topics.items()]
        answer = await admin.create_topics(topics)
        assert all(error[1] == 0 for error in answer.topic_errors), answer
    finally:
        await admin.close()


async def _conclude(run: Run) -> list[Finding]:
    """Let it come to rest, judge; then let a fresh worker rebuild everything and go on, and judge again."""
    subject, crew = run.subject, run.crew
    await run.flow.end()
    run.stage.whole()
    if not crew.alive:
        await run.start()
    *others, last = crew.alive
    codes = [await crew.stop(name) for name in others]
    options = crew.members[last].options
    first = await _rest(run, last)
    if first:
        return first  # what is wrong already needs no second look, and a control must fail quickly
    await crew.start("fresh", known_as=last, **{name: value for name, value in options.items() if name not in AT_POINT})
    second = await _rest(run, "fresh")
    evidence = await Evidence.collect(subject, run.stage.direct)
    homes = [path for path in crew.data.iterdir() if path.is_dir()]
    findings = second + await asyncio.to_thread(prefixes, subject, homes, evidence.records[subject.changelog])
    return findings + [Finding(EXIT, f"a stop ended with {code}") for code in codes if code not in CLEAN]


async def _rest(run: Run, name: str) -> list[Finding]:
    """Show that the worker owns everything, wait for quiet, stop it, and judge what it leaves behind."""
    await run.flow.send(CODA)
    await run.quiet()
    evidence = await Evidence.collect(run.subject, run.stage.direct)
    expected = await asyncio.to_thread(expectation, run.subject, run.truth, evidence)  # the proxies must go on

    async def all_are_out() -> bool:
        return expected.timed <= await run.watch.alert_ids()

    with suppress(TimeoutError):  # the judgement says which are missing
        await until(all_are_out, "what timers owe is out", TIMER_SECONDS)
    await run.quiet()
    code = await run.crew.stop(name)
    evidence = await Evidence.collect(run.subject, run.stage.direct)
    home = run.crew.data / name
    findings = await asyncio.to_thread(judge, run.subject, run.truth, evidence, expected, home)
    if findings:
        await asyncio.to_thread(keep, run.subject, evidence, run.crew.data.parent / "evidence.txt")
    return findings + ([Finding(EXIT, f"the last stop of {name} ended with {code}")] if code not in CLEAN else [])
