"""Local state destroyed, damaged, out of date, or without room: the changelog is the truth."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from tests.faults.run import Run
from tests.faults.scenario import Scenario
from tests.faults.tally.inputs import Mix
from tests.faults.tally.subject import TallySubject
from tests.integration.engine.tally import Rule

PACE = 400
FILLING_PACE = 150
ROOM = "24m"
"""Less than two write buffers of each partition, so that it is full soon."""


def store_of(run: Run, number: int = 0) -> Path:
    (found,) = (run.crew.data / "w1").rglob(f"{run.subject.table}-{number}.db")
    return found


async def broken(run: Run, how: str) -> None:
    """Kill, spoil the local state, and start again."""
    run.flow.begin(PACE)
    await run.start()
    await run.works(100)
    code = await run.crew.stop("w1")
    run.claim(code == 0, f"stopped with {code}")
    old = run.crew.data.parent / "old"
    await asyncio.to_thread(shutil.copytree, run.crew.data / "w1", old)
    await run.start()
    await run.works(200)
    killed = await run.crew.kill("w1")
    await asyncio.to_thread(SPOILS[how], run, old)
    await run.start()
    await run.recovered(killed)


def delete(run: Run, old: Path) -> None:
    shutil.rmtree(store_of(run))


def turn_back(run: Run, old: Path) -> None:
    shutil.rmtree(run.crew.data / "w1")
    shutil.copytree(old, run.crew.data / "w1")


def cut_manifest(run: Run, old: Path) -> None:
    for manifest in store_of(run).glob("MANIFEST-*"):
        manifest.write_bytes(manifest.read_bytes()[: manifest.stat().st_size // 2])


SPOILS = {"deleted": delete, "stale": turn_back, "manifest_cut": cut_manifest}


async def disk_full(run: Run) -> None:
    """The disk of the local store is full: the worker ends itself, and loses nothing once there is room."""
    async with little_room(run.crew.data / "w1") as limited:
        run.crew.supervised = False
        await run.start(**limited)
        run.flow.begin(FILLING_PACE)
        await run.crew.end_at_point("w1")
        await run.flow.end()
        run.figures["exit"] = dict(run.crew.exits)
        run.claim(70 in run.crew.exits, f"a full disk ends the worker with 70, not {dict(run.crew.exits)}")
        run.claim(b"cannot be" in run.crew.log("w1"), "the log says why")
    run.crew.destroy("w1")
    freed = time.monotonic()
    run.flow.begin(FILLING_PACE)
    await run.start()
    await run.recovered(freed)


@asynccontextmanager
async def little_room(home: Path) -> AsyncIterator[dict[str, str]]:
    """A small file system for the worker; where none may be mounted, a limit on the size of its files."""
    await asyncio.to_thread(home.mkdir, parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(home)]
    mounted = (await asyncio.to_thread(subprocess.run, mount, capture_output=True, check=False)).returncode == 0
    try:
        yield {} if mounted else {"TALLY_FILE_LIMIT": str(4 << 20)}
    finally:
        if mounted:
            await asyncio.to_thread(subprocess.run, ["umount", str(home)], check=True)


ALL = (
    *(Scenario(f"local_state_{how}", partial(broken, how=how), seeds=3) for how in SPOILS),
    Scenario(
        "disk_full",
        disk_full,
        partial(TallySubject, rule=Rule(every=5, padding=30_000), mix=Mix(keys=2_000)),
        seeds=2,
    ),
)
