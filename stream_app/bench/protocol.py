"""What `rapport bench` does with the whole job: backlogs for its cost, then open loops for its latency."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from stream_app.bench import pauses, sustain
from stream_app.bench.bank import Say
from stream_app.bench.latency import Latency
from stream_app.bench.open_loop import HarnessFailed, Matched, Step
from stream_app.bench.recorded import Recorded
from stream_app.bench.sustain import WARM_SHARE, Ladder
from stream_app.bench.whole import Account, whole_job
from stream_app.settings import Settings

TRIES = 2
PER = 100_000

Document = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What to measure; times in seconds, rates in events a second."""

    backlog: int
    rounds: int
    rates: Sequence[float]
    shares: Sequence[float]
    """Rates as shares of the sustainable throughput (without a ladder: of the backlog's)."""
    seconds: float
    warm_up: float
    ladder: bool
    objective_ms: float
    pinned: bool


class Bench:
    """One bench of the whole job: where it runs, what it sends, what it measures."""

    def __init__(self, settings: Settings, recorded: Recorded, home: Path, plan: Plan, say: Say) -> None:
        self._settings = settings
        self._recorded = recorded
        self._home = home
        self._plan = plan
        self._say = say
        self._runs = 0

    def _job(self) -> Any:
        """Return a job with names of its own."""
        self._runs += 1
        name = f"{self._settings.namespace}-{self._runs}"
        home = self._home / name
        home.mkdir(parents=True)
        changed = {"namespace": name, "input_namespace": f"{name}-in", "app_id": name, "partitions": 1}
        settings = self._settings.model_copy(update={**changed, "data_dir": home / "data"})
        return whole_job(settings, self._recorded, home, pinned=self._plan.pinned, say=self._say)

    def measure(self) -> Document:
        """Measure all; `right` tells whether every event and action was accounted for."""
        costs = [self.cost() for _ in range(self._plan.rounds)]
        document: Document = {"cost": costs}
        accounts = [cost["account"] for cost in costs]
        if self._plan.rates or self._plan.shares:
            rates = sorted(cost["events_per_second"] for cost in costs)
            latency = document["latency"] = self.latency(rates[len(rates) // 2])
            accounts.append(latency["account"])
        return {**document, "right": all(account["right"] for account in accounts)}

    def cost(self) -> Document:
        """Measure a backlog: events a second by the clock, the worker's CPU seconds from its first event to exit."""
        with self._job() as job:
            before = job.worker.cpu_seconds()
            self._say(f"Bench: a backlog of {self._plan.backlog:,} events")
            burst = job.burst(self._plan.backlog)
            account = job.account()
            used = job.stop()
        return {
            "events": burst.events,
            "events_per_second": round(burst.events_per_second, 1),
            "cpu_seconds_per_100k": round((used.cpu_seconds - before) / burst.events * PER, 3),
            "memory_mb": round(used.memory_mb),
            "account": accounted(account),
        }

    def latency(self, base: float) -> Document:
        """Measure open loops at fixed rates, and at shares of what is sustainable (without a ladder: of `base`)."""
        plan = self._plan
        with self._job() as job:
            loops = Loops(job, plan, self._say)
            loops.warm_up(min(plan.rates, default=base / 4))
            steps = [loops.timed(rate) for rate in plan.rates]
            ladder: Document = {"sustainable": base, "found": False, "rungs": []}
            if plan.ladder:
                ladder = loops.climbed(base)
            base = ladder["sustainable"]
            steps += [{**loops.timed(base * share), "share_of_sustainable": share} for share in plan.shares]
            account = job.account()
            job.stop()
        made = [step for step in steps if "left_out" not in step]
        left_out = [step for step in steps if "left_out" in step]
        return {"steps": made, "left_out": left_out, **ladder, "account": accounted(account)}


class Job(Protocol):
    """What is fed at a rate: `stream_app.bench.whole.WholeJob`."""

    @property
    def left(self) -> int:
        """How many events have not been sent yet."""
        ...

    def step(self, rate: float, events: int, warm_share: float) -> tuple[Step, Matched]:
        """Send the next events at a rate; raises HarnessFailed."""
        ...


class Loops:
    """Open loops on a job that runs, one rate after the other, while events are left."""

    def __init__(self, job: Job, plan: Plan, say: Say) -> None:
        self._job = job
        self._plan = plan
        self._say = say

    def warm_up(self, rate: float) -> None:
        """Let broker, worker and connections settle; what comes out counts in the account, not in a latency."""
        self._say(f"Bench: {self._plan.warm_up:.0f} s to warm up")
        self._job.step(rate, min(int(rate * self._plan.warm_up), self._job.left), 0.0)

    def timed(self, rate: float) -> Document:
        """Measure one rate for as long as events are left; for those of less than a second it is left out."""
        events = min(int(rate * self._plan.seconds), self._job.left)
        if events < rate:
            why = f"{events:,} events are left: make more (--events)"
            self._say(f"Bench: {rate:,.0f} events a second are left out: {why}")
            return {"rate": rate, "left_out": why}
        self._say(f"Bench: {rate:,.0f} events a second for {events / rate:.0f} s")
        return told(*self._on_schedule(rate, events))

    def climbed(self, base: float) -> Document:
        """Look for the sustainable throughput, from a quarter of the backlog's rate on; not `found`: half that rate."""
        ladder = Ladder([rung for rung in sustain.RUNGS if rung >= base / 4])
        rungs: list[Document] = []
        while (rate := ladder.next_rate()) is not None:
            if rate * self._plan.seconds > self._job.left // 2:
                self._say(f"Bench: too few events are left to try {rate:,.0f} a second")
                break
            try:
                rung = self._rung(rate)
            except HarnessFailed as failed:
                ladder.tell(rate, passed=False)
                rungs.append({"rate": rate, "sustained": False, "why": str(failed)})
                break  # what is on its way would spoil the next one
            if rung["void"]:
                self._say(f"Bench: the generator is the limit at {rate:,.0f} a second")
                break
            ladder.tell(rate, passed=rung["sustained"])
            rungs.append(rung)
            self._say(f"Bench: {rate:,.0f} events a second: {rung['why'] or 'sustained'}")
        found = ladder.passed > 0.0
        told_of = {"found": found, "failed_at": ladder.failed, "rungs": rungs}
        return {"sustainable": ladder.passed if found else base / 2, **told_of}

    def _rung(self, rate: float) -> Document:
        seconds = self._plan.seconds
        step, found = self._on_schedule(rate, int(rate * seconds))
        made = told(step, found)
        verdict = sustain.judge(
            rate=rate,
            lag=sustain.settled(step.lag, seconds),
            p99_ms=made["latency_ms"]["all"]["p99"],
            objective_ms=self._plan.objective_ms,
            drain_seconds=step.drain_seconds,
            wrong=found.wrong,
        )
        return {**made, "sustained": verdict.passed, "why": verdict.why}

    def _on_schedule(self, rate: float, events: int) -> tuple[Step, Matched]:
        """Make one step; others where the generator did not keep its schedule, which a busy machine brings about."""
        for tried in range(1, TRIES + 1):
            step, found = self._job.step(rate, events, WARM_SHARE)
            if not (void := step.sending.void):
                break
            self._say(f"Bench: void: {void}")
            if tried < TRIES and events > self._job.left:
                self._say("Bench: too few events are left for another try")
                break
        return step, found


def told(step: Step, found: Matched) -> Document:
    """Return a step as a document: latency by kind of action and of all together, raw histograms beside."""
    every = Latency()
    for one in found.latency.values():
        every.add(one)
    kinds = {**found.latency, "all": every}
    return {
        "rate": round(step.schedule.rate, 1),
        "latency_ms": {kind: latency.figures() for kind, latency in sorted(kinds.items())},
        "actions_expected": found.expected,
        "actions_seen": found.seen,
        "twice": found.twice,
        "pauses": pauses.told([wait for some in found.waits.values() for wait in some], step.commits_ns),
        "drain_seconds": round(step.drain_seconds, 2),
        "void": step.sending.void,
        "sending": asdict(step.sending),
        "histograms": {kind: latency.encode() for kind, latency in sorted(kinds.items())},
    }


def accounted(account: Account) -> Document:
    """Return an account as a document."""
    return {**asdict(account), "right": account.right}


def lines(document: Mapping[str, Any]) -> list[str]:
    """Return what was measured in lines for people."""
    made = [
        f"backlog of {cost['events']:,}: {cost['events_per_second']:,.0f} events/s, "
        f"{cost['cpu_seconds_per_100k']:.2f} CPU s per 100,000, {cost['memory_mb']} MB; {_seen(cost['account'])}"
        for cost in document["cost"]
    ]
    latency = document.get("latency")
    for step in latency["steps"] if latency else ():
        figures = step["latency_ms"].get("alert") or step["latency_ms"]["all"]
        made.append(
            f"{step['rate']:,.0f} events/s: alerts p50 {figures.get('p50')} ms, p99 {figures.get('p99')} ms, "
            f"p99.9 {figures.get('p99_9')} ms, max {figures.get('max')} ms (n {figures.get('n')}); "
            f"{step['actions_seen']:,} of {step['actions_expected']:,} actions seen"
            + (f"; VOID: {step['void']}" if step["void"] else "")
        )
        made.append(f"  {step['latency_ms']['all']['n']} actions of all kinds: {pauses.line(step['pauses'])}")
    if latency:
        made += [f"{step['rate']:,.0f} events/s: not measured: {step['left_out']}" for step in latency["left_out"]]
        by = "sustainable" if latency["found"] else "taken for sustainable, which was not measured"
        made.append(f"{by}: {latency['sustainable']:,.0f} events/s; {_seen(latency['account'])}")
    return made


def _seen(account: Mapping[str, Any]) -> str:
    verdict = "all accounted for" if account["right"] else f"NOT accounted for: {dict(account)}"
    return f"{account['actions_seen']:,} of {account['actions_expected']:,} actions seen; {verdict}"
