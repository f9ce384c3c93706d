"""What the runs with many customers say: shares of neighbours in time, bytes a profile, lines and figures."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from stream_app.bench import figures
from stream_app.bench.figures import Figures
from stream_app.bench.protocol import PER
from stream_app.bench.whole import Account

BYTES_PER_MB = 1 << 20
COMMAND = 'make bench ARGS="customers --full"'
LEAST_SHARE = 0.8
KINDS = {"small": "small bank", "zipf": "many, Zipf", "uniform": "many, uniform"}
BothTimes = Mapping[str, tuple["Memory", "Memory"]]
"""Memory before and after, by bank: `small` and `many`."""


class Block(NamedTuple):
    """One backlog: what it took, seconds up to the last commit, CPU seconds up to when there was nothing more to do."""

    kind: str
    events: int
    seconds: float
    cpu_seconds: float
    kafka_cpu_seconds: float
    redis_cpu_seconds: float
    timers: int
    """Customers woken by time; their work is in the CPU seconds."""
    wrong: int
    """Actions of the checked customers that did not come, or came twice."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cost(self) -> float:
        """CPU seconds of the worker per 100,000 events."""
        return self.cpu_seconds / self.events * PER

    def line(self) -> str:
        """Tell it in a line."""
        of_others = " and ".join(
            f"{name} {used / self.events * PER:.2f}"
            for name, used in (("Kafka", self.kafka_cpu_seconds), ("Redis", self.redis_cpu_seconds))
        )
        return (
            f"{KINDS[self.kind]:18}{self.rate:9,.0f} events/s  {self.cost:7.2f} CPU s per 100,000 ({of_others}); "
            f"{self.timers / self.events:.2f} woken by time per event"
        )


class Memory(NamedTuple):
    """How many profiles a worker has, and its resident MB."""

    profiles: int
    resident_mb: float


class Found(NamedTuple):
    """All that was measured."""

    customers: tuple[int, int]
    blocks: tuple[Block, ...]
    memory: dict[str, tuple[Memory, Memory]]
    disk_mb: dict[str, float]
    accounts: tuple[Account, ...]
    checked: int
    wrong_profiles: int

    @property
    def right(self) -> bool:
        """Whether all is accounted for."""
        return all(account.right for account in self.accounts) and not self.wrong_profiles


def shares(blocks: Sequence[Block], kind: str) -> list[float]:
    """Return the rate of each backlog of a kind, as a share of that of the small bank's in the same round."""
    small = [block.rate for block in blocks if block.kind == "small"]
    return [block.rate / of for block, of in zip((b for b in blocks if b.kind == kind), small, strict=True)]


def resident_bytes(memory: BothTimes) -> list[float]:
    """Return the resident bytes that one profile more takes, before and after: the slope between the two banks."""
    small, many = memory["small"], memory["many"]
    return [
        (large.resident_mb - little.resident_mb) * BYTES_PER_MB / (large.profiles - little.profiles)
        for little, large in zip(small, many, strict=True)
    ]


def lines(blocks: Sequence[Block], memory: BothTimes, disk_mb: Mapping[str, float]) -> list[str]:
    """Return what was measured as a table, medians over the rounds; `disk_mb` is that of the local stores."""
    made = []
    for kind, name in KINDS.items():
        mine = [block for block in blocks if block.kind == kind]
        rate, cost = statistics.median(b.rate for b in mine), statistics.median(b.cost for b in mine)
        share = statistics.median(shares(blocks, kind))
        made.append(
            f"{name:18}{rate:9,.0f} events/s  {cost:7.2f} CPU s per 100,000  {share:6.1%} of the small one's rate"
        )
    for name, (before, after) in memory.items():
        each = disk_mb[name] * BYTES_PER_MB / after.profiles
        made.append(
            f"{name}: {after.profiles:,} profiles, {before.resident_mb:,.0f} MB resident before and "
            f"{after.resident_mb:,.0f} after the backlogs; {each:,.0f} bytes a profile on disk"
        )
    idle, busy = resident_bytes(memory)
    return [*made, f"a profile more takes {idle:,.0f} resident bytes before the backlogs, {busy:,.0f} after"]


def document(found: Found, load: Mapping[str, Any], exponent: float) -> dict[str, Any]:
    """Return what was found as a document; `load` is the machine before it began."""
    return {
        "machine": load, "customers": found.customers, "exponent": exponent, "right": found.right,
        "blocks": [{**block._asdict(), "events_per_second": block.rate, "cpu_seconds_per_100k": block.cost}
                   for block in found.blocks],
        "memory": {name: [one._asdict() for one in both] for name, both in found.memory.items()},
        "disk_mb": found.disk_mb,
        "accounts": [asdict(account) for account in found.accounts],
        "profiles_checked": found.checked, "profiles_wrong": found.wrong_profiles,
    }  # fmt: skip


def told(found: Found) -> list[str]:
    """Return all that was found in lines."""
    made = lines(found.blocks, found.memory, found.disk_mb)
    for size, account in zip(found.customers, found.accounts, strict=True):
        made.append(
            f"{size:,} customers: {account.seen}; {account.actions_seen:,} actions, {account.twice} twice; of those "
            f"of the checked customers {account.missing} missing, {account.unexpected} unexpected"
        )
    made.append(f"{found.checked:,} profiles held against the pure fold, {found.wrong_profiles} differ")
    return [*made, "all accounted for" if found.right else "NOT EVERYTHING IS ACCOUNTED FOR"]


def figures_of(blocks: Sequence[Block], memory: BothTimes) -> Figures:
    """Return the figures of a run with a million customers."""
    made: Figures = {}
    unit = "of the events/s with 10,000 customers in the same round"
    for kind, name, anchor in (
        ("zipf", "million_customers", LEAST_SHARE),
        ("uniform", "million_customers_uniform", None),
    ):
        counted = sum(block.events for block in blocks if block.kind == kind)
        made |= figures.figure(
            f"{name}_throughput_share", shares(blocks, kind), f"{unit}; {kind}", COMMAND, n=counted, anchor=anchor
        )
    small = [block for block in blocks if block.kind == "small"]
    for name in ("kafka", "redis"):
        costs = [getattr(block, f"{name}_cpu_seconds") / block.events * PER for block in small]
        made |= figures.figure(
            f"{name}_cpu_seconds_per_100k_whole_job", costs, "CPU s beside one worker, a backlog of 10,000 customers",
            COMMAND, n=sum(block.events for block in small),
        )  # fmt: skip
    idle, busy = resident_bytes(memory)
    name = "million_customers_bytes_per_profile_resident"
    unit = "resident bytes that a profile more takes, after the backlogs; range: with before"
    made |= figures.figure(name, [busy], unit, COMMAND, n=memory["many"][1].profiles)
    made[name]["range"] = [figures.short(value) for value in sorted((idle, busy))]
    return made
