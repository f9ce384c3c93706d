"""What poison costs: `make bench ARGS=poison` (`python -m tests.bench.poison [--rounds 5] [--figures]`).

One worker does the product's whole job, backlog after backlog; in every second one, one record in a hundred cannot be
taken. What counts is CPU per good event, so that neighbours in the same run tell it and no other moment does. Every
event and action is accounted for, poison as dead letters, or the figures do not count.
"""

import argparse
import datetime as dt
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from stream_app.bench import figures, messages
from stream_app.bench.bank import RESULTS
from stream_app.bench.messages import Message
from stream_app.bench.process import ended_by_sigterm
from stream_app.bench.protocol import PER
from stream_app.bench.recorded import Recorded, recorded
from stream_app.bench.whole import Account, WholeJob, whole_job
from stream_app.embedded import EmbeddedServices
from stream_app.settings import Settings
from stream_app.simulate import Options

START = dt.date(2025, 1, 6)
EVERY = 100
"""One record in so many is poison, where there is any."""
MOST_COST = 0.10
POISON = (
    b"\xff{not json",
    b"",
    b"[]",
    b'{"event_id":"broken"}',
    b'{"event_id":"broken","customer_id":"C-2","amount":"a lot"}',
    b'{"event_id":"br\\u0000ken","customer_id":"../../etc"}',
    b"[" * 10_000,
    b'{"customer_id":"' + b"x" * 50_000 + b'"}',
)


class Block(NamedTuple):
    """One backlog: how many of its records are good, and what they cost."""

    poisoned: bool
    good: int
    cpu_seconds: float
    seconds: float

    @property
    def cost(self) -> float:
        """CPU seconds per 100,000 good events."""
        return self.cpu_seconds / self.good * PER


def poisoned(clean: Recorded, size: int, blocks: int, file: Path) -> Recorded:
    """Write the recording anew with poison in every second block of `size` records; the first one warms up."""
    begins = clean.starts[2]
    results, places = bytearray(), []

    def mixed() -> Iterator[Message]:
        bad = itertools.cycle(POISON)
        source = enumerate(messages.read(clean.file))
        for number, message in itertools.islice(source, begins):
            places.append(number)
            results.append(clean.results[number])
            yield message
        for position in range(size * (blocks + 1)):
            if (position // size) % 2 and position % EVERY == EVERY - 1:
                results.append(RESULTS.index("dead_letter"))
                yield Message("transactions", b"C-1", next(bad))
                continue
            number, message = next(source)
            places.append(begins + position)
            results.append(clean.results[number])
            yield message

    total = messages.write(file, mixed())
    moved = {
        action: (_moved(number, places), kind, stream)
        for action, (number, kind, stream) in clean.actions.items()
        if max(number, -1 - number) < len(places)
    }
    return replace(clean, file=file, phases=(*clean.phases[:2], total - begins), results=bytes(results), actions=moved)


def _moved(number: int, places: Sequence[int]) -> int:
    """Where the message of an action lies now; a negative number names the message before which time caused it."""
    return places[number] if number >= 0 else -1 - places[-1 - number]


def measure(job: WholeJob, size: int, blocks: int) -> list[Block]:
    """Run the blocks in turn: clean ones and poisoned ones."""
    job.burst(size)  # warms up
    found = []
    for number in range(1, blocks + 1):
        before = job.worker.cpu_seconds()
        burst = job.burst(size)
        dirty = bool(number % 2)
        good = size - size // EVERY if dirty else size
        found.append(Block(dirty, good, job.worker.cpu_seconds() - before, burst.seconds))
    return found


def costs(blocks: Sequence[Block]) -> list[float]:
    """How much more a good event costs beside poison, for each pair of neighbours."""
    return [dirty.cost / clean.cost - 1 for dirty, clean in zip(blocks[::2], blocks[1::2], strict=True)]


@ended_by_sigterm()
def main(given: Sequence[str]) -> int:
    """Measure and tell; returns 1 where something is not accounted for, or poison costs too much."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.poison", description=__doc__)
    asked.add_argument("--size", type=int, default=20_000, help="records of a backlog")
    asked.add_argument("--rounds", type=int, default=5, help="pairs of backlogs")
    asked.add_argument("--customers", type=int, default=1_000)
    asked.add_argument("--figures", action="store_true", help="write docs/figures.json")
    told = asked.parse_args(given)
    blocks = 2 * told.rounds
    name = f"poison-{os.getpid()}"
    settings = Settings.load(namespace=name, input_namespace=f"{name}-in", app_id=name, partitions=1)
    events = told.size * (blocks + 1)
    options = Options(customers=told.customers, days=30 + events // told.customers, seed=settings.seed, start=START)
    clean = recorded(options, 20, events, settings, say)
    home = Path(tempfile.mkdtemp(prefix="poison-"))
    with EmbeddedServices(data_dir=home, on_progress=say) as services:
        there = settings.model_copy(
            update={
                "kafka": settings.kafka.model_copy(update={"bootstrap": services.kafka_bootstrap}),
                "redis": settings.redis.model_copy(update={"url": services.redis_url}),
                "data_dir": home / "data",
            }
        )
        mixed = poisoned(clean, told.size, blocks, home / "messages")
        with whole_job(there, mixed, home, pinned=True, say=say) as job:
            found = measure(job, told.size, blocks)
            account = job.account()
            job.stop()
    shutil.rmtree(home, ignore_errors=True)
    return tell(found, account, keep=told.figures)


def tell(blocks: Sequence[Block], account: Account, *, keep: bool) -> int:
    """Print what was found, and keep it; returns the exit code."""
    for block in blocks:
        kind = "1 % poison" if block.poisoned else "clean     "
        say(f"{kind}  {block.cost:6.3f} CPU s per 100,000 good events, {block.good / block.seconds:9,.0f} a second")
    made = figures.figure(
        "poison_cost_share",
        costs(blocks),
        "more CPU per good event at 1 % poison",
        "make bench ARGS=poison",
        anchor=0.1,
    )
    share = made["poison_cost_share"]["value"]
    say(f"1 % poison costs {share:.1%}; " + ("all accounted for" if account.right else f"NOT accounted for: {account}"))
    if keep and account.right:
        figures.keep(made)
    return 0 if account.right and share <= MOST_COST else 1


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
