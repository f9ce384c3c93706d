"""What a million customers cost: `make bench ARGS="customers --full"` (`python -m tests.bench.many_customers`).

Two workers do the product's whole job, each on a bank of its own, restored from a changelog of real profiles: one of
10,000 customers, and one of many. In turn come three backlogs: of the small bank, its customers one as likely as the
other; of the large one, as Zipf has it; of the large one, one as likely as the other. So a share is of neighbours in
time. CPU counts until a worker has nothing more to do, time work and compaction included; the rate up to the last
commit. Every event is accounted for, and some customers, the hottest among them, are held against the pure fold: their
actions and their profiles.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson

from models.policy import load_policy
from schemas.profile_codec import decode
from stream_app.bench import figures, machine
from stream_app.bench.open_loop import HarnessFailed
from stream_app.bench.process import cpu_seconds_of, ended_by_sigterm, resident_mb
from stream_app.bench.whole import Account, WholeJob
from stream_app.embedded import EmbeddedServices
from stream_app.engine import stored
from stream_app.engine.local_store import LocalStore
from stream_app.settings import Settings
from stream_app.simulate import Options
from stream_app.topics import full_names
from tests.bench.many_summary import BYTES_PER_MB, Block, Found, Memory, document, figures_of, told
from tests.bench.population import Bank, Sent, context_of, key_of, play, sent, uniform, zipf

SMALL, MANY = 10_000, 1_000_000
EXPONENT = 1.0
ONE_IN = 10
"""One customer in so many is held against the pure fold."""
RESTORED_SECONDS = 900.0
SETTLED_SECONDS, LOOK_SECONDS, IDLE_SHARE = 600.0, 2.0, 0.1
SERVICES = ("kafka", "redis")
BANKS = ("small", "many")


class Town:
    """One worker, the bank that it serves, and what was found on it."""

    def __init__(self, job: WholeJob, given: Sent, services: EmbeddedServices, home: Path) -> None:
        self.job = job
        self.given = given
        self.home = home
        self._services = services

    def open(self, bank: Bank) -> None:
        """Write the changelog, start the worker, and return when it has restored all and is idle."""
        self.job.make_topics()
        self.job.broker.write(f"{self.job.settings.app_id}-profiles-changelog", bank.values(self.given.customers))
        self.job.start_workers(RESTORED_SECONDS)
        self.settle()

    def memory(self) -> Memory:
        """Look at what the worker has in memory now."""
        return Memory(int(self.job.counts().sum("crm_profiles")), resident_mb(self.job.worker.pid))

    def disk_mb(self) -> float:
        """Return what the local store takes, of a worker that has ended: only then all of it lies there."""
        found = [path.stat().st_size for path in (self.home / "data").rglob("*") if path.is_file()]
        return sum(found) / BYTES_PER_MB

    def settle(self) -> None:
        """Wait until the worker has nothing to do any more: no time work, no compaction."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while time.monotonic() < deadline:
            before = self.job.worker.cpu_seconds()
            time.sleep(LOOK_SECONDS)
            if self.job.worker.cpu_seconds() - before < IDLE_SHARE * LOOK_SECONDS:
                return
        raise HarnessFailed(f"the worker was still at work after {SETTLED_SECONDS:.0f} s")

    def block(self, name: str, events: int) -> Block:
        """Send a backlog, and tell what it took."""
        worker, timers = self.job.worker, self._timers()
        before, others = worker.cpu_seconds(), self._used()
        burst = self.job.burst(events)
        self.settle()
        kafka, redis = (after - then for after, then in zip(self._used(), others, strict=True))
        cpu = worker.cpu_seconds() - before
        return Block(name, events, burst.seconds, cpu, kafka, redis, self._timers() - timers, burst.matched.wrong)

    def _timers(self) -> int:
        return int(self.job.counts().sum("crm_events_total", topic=full_names(self.job.settings)["timers"]))

    def _used(self) -> list[float]:
        return [cpu_seconds_of(getattr(self._services, name).pids[1]) for name in SERVICES]

    def account(self) -> Account:
        """Hold what came out against what was sent; of the actions those of the customers that are checked."""
        oracle, unexpected = self.given.oracle, 0
        for fields in self.job.entries():
            customer = int(orjson.loads(fields[b"data"])["customer_id"][1:])
            if customer in oracle.profiles and fields[b"id"].decode() not in oracle.recording.actions:
                unexpected += fields[b"id"].decode() not in self._later(customer)
        return replace(self.job.account(), unexpected=unexpected)

    def _later(self, customer: int) -> frozenset[str]:
        """Return what time alone may have brought after a customer's last event."""
        return self.given.oracle.at(self.given.oracle.profiles[customer], self.given.end_ms)[1]

    def wrong_profiles(self) -> int:
        """Count the checked customers whose profile, as the worker left it on disk, is not that of the pure fold."""
        oracle, end_ms, wrong = self.given.oracle, self.given.end_ms, 0
        (path,) = (self.home / "data").rglob("*profiles-0.db")
        store = LocalStore(path)
        try:
            for customer, profile in oracle.profiles.items():
                raw = store.get(key_of(customer))
                body = None if raw is None else stored.decode(raw).body
                found = None if body is None else oracle.at(decode(body), end_ms)[0]
                wrong += found != oracle.at(profile, end_ms)[0]
        finally:
            store.close()
        return wrong


def blocks(small: Town, many: Town, events: int, rounds: int) -> Iterator[Block]:
    """Send the backlogs in turn; the first of each warms up and does not count."""
    for number in range(rounds + 1):
        for town, name in ((small, "small"), (many, "zipf"), (many, "uniform")):
            block = town.block(name, events)
            say(("warms up: " if not number else "") + block.line())
            if number:
                yield block


def prepared(given: argparse.Namespace, settings: Settings, home: Path) -> tuple[Bank, list[Sent]]:
    """Play the templates' bank, and write the messages of both banks."""
    policy = load_policy(settings.policy_dir)
    say(f"a bank of {given.templates} is played for {given.days} days")
    bank = play(
        Options(customers=given.templates, days=given.days + 9, seed=settings.seed), given.days, settings, policy
    )
    context, each, rng = context_of(bank, settings, policy), given.rounds + 1, np.random.default_rng(settings.seed)
    few = uniform(given.small, each * given.events, rng)
    many = (zipf(given.customers, each * given.events, EXPONENT, rng), uniform(given.customers, len(few), rng))
    turns = np.stack([draws.reshape(each, given.events) for draws in many], axis=1).ravel()
    say(f"{len(few) + len(turns):,} events are made, {bank.pace:.1f} a customer and day")
    return bank, [
        sent(bank, size, draws, ONE_IN, context, home / f"messages-{size}")
        for size, draws in ((given.small, few), (given.customers, turns))
    ]


@contextmanager
def towns(settings: Settings, bank: Bank, both: Sequence[Sent], home: Path) -> Iterator[list[Town]]:
    """Give a worker for each bank, restored and idle."""
    with ExitStack() as stack:
        services = stack.enter_context(EmbeddedServices(data_dir=home / "services", on_progress=say))
        made = []
        for given in both:
            name, place = f"bank-{os.getpid()}-{given.customers}", home / f"{given.customers}"
            place.mkdir()
            there = settings.model_copy(
                update={
                    "kafka": settings.kafka.model_copy(update={"bootstrap": services.kafka_bootstrap}),
                    "redis": settings.redis.model_copy(update={"url": services.redis_url}),
                    "namespace": name, "input_namespace": f"{name}-in", "app_id": name, "partitions": 1,
                    "data_dir": place / "data",
                }
            )  # fmt: skip
            job = WholeJob(there, given.recorded, place, pinned=True, say=say)
            stack.callback(job.remove)
            made.append(Town(job, given, services, place))
            began = time.monotonic()
            made[-1].open(bank)
            say(f"{given.customers:,} customers are there and restored after {time.monotonic() - began:.0f} s")
        yield made


def measure(given: argparse.Namespace, settings: Settings, home: Path) -> Found:
    """Prepare and measure."""
    bank, both = prepared(given, settings, home)
    with towns(settings, bank, both, home) as made:
        before = [town.memory() for town in made]
        small, many = made
        found = tuple(blocks(small, many, given.events, given.rounds))
        memory = zip(before, [town.memory() for town in made], strict=True)
        accounts = tuple(town.account() for town in made)
        for town in made:
            town.job.stop()
        disk = [town.disk_mb() for town in made]
        wrong = sum(town.wrong_profiles() for town in made)
    checked = sum(len(town.given.oracle.profiles) for town in made)
    by_name = dict(zip(BANKS, memory, strict=True)), dict(zip(BANKS, disk, strict=True))
    return Found((given.small, given.customers), found, *by_name, accounts, checked, wrong)


@ended_by_sigterm()
def main(arguments: Sequence[str]) -> int:
    """Measure and tell; returns 1 where something is not accounted for."""
    given = parser().parse_args(arguments)
    load, home = machine.describe(), Path(tempfile.mkdtemp(prefix="customers-"))
    try:
        found = measure(given, Settings.load(), home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if given.json:
        sys.stdout.write(orjson.dumps(document(found, load, EXPONENT), option=orjson.OPT_INDENT_2).decode() + "\n")
    for line in told(found):
        say(line)
    if given.figures and found.right and (given.small, given.customers) == (SMALL, MANY):
        figures.keep(figures_of(found.blocks, found.memory))
    return int(not found.right)


def parser() -> argparse.ArgumentParser:
    """Return what can be asked."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.many_customers", description=__doc__)
    asked.add_argument("--customers", type=int, default=100_000, help="of the large bank")
    asked.add_argument("--small", type=int, default=SMALL, help="customers of the small bank")
    asked.add_argument("--events", type=int, default=15_000, help="of a backlog")
    asked.add_argument("--rounds", type=int, default=3, help="backlogs of each kind that count")
    asked.add_argument("--templates", type=int, default=300, help="customers whose profiles the others have")
    asked.add_argument("--days", type=int, default=60, help="of the templates' history")
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--figures", action="store_true", help="write docs/figures.json, of a whole million")
    return asked


def say(line: str) -> None:
    """Print a line at once."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
