"""Recordings of the bank (`stream_app.bench.bank`) on disk: made once for a given code, policy and size."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import msgpack

from models.policy import load_policy
from stream_app.bench import bank, messages
from stream_app.bench.bank import RESULTS, Say
from stream_app.embedded.kafka_files import cache_dir
from stream_app.settings import CHECKOUT, Settings
from stream_app.simulate import Options

KEPT = 4
SOURCES = ("schemas", "models", "agents", "stream_app/simulate", "stream_app/bench/bank.py",
           "stream_app/offline/local.py", "stream_app/routes.py")  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """A recording as a run uses it: the messages stay in their file."""

    file: Path
    phases: tuple[int, ...]
    results: bytes
    actions: dict[str, tuple[int, str, str]]
    models: tuple[tuple[str, bytes], ...]

    @property
    def total(self) -> int:
        """How many messages there are."""
        return sum(self.phases)

    @property
    def starts(self) -> tuple[int, ...]:
        """The number of each phase's first message."""
        return (0, *accumulate(self.phases))[:-1]

    def expected(self, first: int, end: int) -> dict[str, tuple[int, str]]:
        """Return the actions that messages from `first` up to `end` cause, numbered from `first` for `match`."""
        return {
            action: (number - first, kind)
            for action, (number, kind, _) in self.actions.items()
            if first <= number < end
        }

    def message_of(self, action: str) -> int:
        """Say which message brings an action, itself or by time as of it; one that none brings comes after all."""
        number = self.actions[action][0] if action in self.actions else self.total
        return number if number >= 0 else -1 - number

    def outcomes(self, end: int) -> dict[str, int]:
        """Return how many of the first `end` messages end as applied, duplicate, dead letter."""
        return {result: self.results.count(index, 0, end) for index, result in enumerate(RESULTS)}

    @property
    def streams(self) -> tuple[str, ...]:
        """All streams on which something comes, without namespace."""
        return tuple(sorted({stream for _, _, stream in self.actions.values()}))


def recorded(
    options: Options, history_days: int, events: int, settings: Settings, say: Say, *, partitions: int = 1
) -> Recorded:
    """Return the recording of a bank, made where there is none for this code yet."""
    home = cache_dir(os.environ) / "bench" / _key((options, history_days, events, partitions), settings)
    if not (home / "made").is_file():
        home.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=home.parent))
        made = bank.record(
            options, history_days, events, settings, load_policy(settings.policy_dir), say, partitions=partitions
        )
        messages.write(draft / "messages", made.messages)
        body = (made.phases, bytes(made.results), made.actions, made.models)
        (draft / "made").write_bytes(msgpack.packb(body))
        shutil.rmtree(home, ignore_errors=True)
        draft.rename(home)
        _forget(home.parent)
    phases, results, actions, models = msgpack.unpackb((home / "made").read_bytes(), use_list=False)
    return Recorded(home / "messages", phases, results, actions, models)


def _forget(cache: Path) -> None:
    """Keep the newest few: each change of the code makes new ones."""
    made = sorted(
        (path for path in cache.iterdir() if (path / "made").is_file()), key=lambda path: path.stat().st_mtime
    )
    for old in made[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _key(asked: tuple[Options, int, int, int], settings: Settings) -> str:
    told = hashlib.sha256(repr((*asked, settings.seed)).encode())
    for path in _files(settings.policy_dir):
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


def _files(policy: Path) -> Iterator[Path]:
    for source in SOURCES:
        found = CHECKOUT / source
        yield from sorted(found.rglob("*.py")) if found.is_dir() else (found,)
    yield from sorted(policy.glob("*.toml"))
