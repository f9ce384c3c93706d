"""The workers of a run: started, killed, paused, restarted as a supervisor would, and how long each was missing."""

import asyncio
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from stream_app.embedded import Addresses
from stream_app.embedded.supervisor import die_with_parent
from stream_app.settings import CHECKOUT
from tests.faults.subject import Subject
from tests.waiting import until

AT_POINT = ("RAPPORT_CRASH_AT", "RAPPORT_PAUSE_AT")
START_SECONDS = 180.0


@dataclass
class Member:
    """One worker process; the same name has the same data directory."""

    name: str
    process: asyncio.subprocess.Process
    options: Mapping[str, str]
    to: Addresses
    told: bool = False
    """Whether its end was our doing."""
    ended: "asyncio.Task[None]" = field(init=False)

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still lives; past Popen, whose look at the process would hide its exit code."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)


class Crew:
    """All workers of a run. Whoever ends by itself is started again, as by a supervisor, and counted by exit code."""

    def __init__(self, subject: Subject, data: Path, direct: Addresses) -> None:
        self._subject = subject
        self.data = data
        self._direct = direct
        self.members: dict[str, Member] = {}
        self.exits: Counter[int] = Counter()
        """Exit codes of those that ended by themselves; -9 at a crash point."""
        self.kills = 0
        self.restarts = 0
        self.supervised = True

    async def start(
        self, name: str = "w1", to: Addresses | None = None, known_as: str | None = None, **options: str
    ) -> Member:
        """Start a worker; `known_as` is its name to the others where that is not the name of its directory."""
        home = self.data / name
        await asyncio.to_thread(home.parent.mkdir, parents=True, exist_ok=True)
        program = self._subject.program(known_as or name, home, to or self._direct, options)
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        cache = {"PYTHONPYCACHEPREFIX": str(CHECKOUT / ".rapport" / "pycache")}  # one for all runs
        with (self.data / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *program.command,
                env={**kept, **cache, **program.environ},
                stdin=asyncio.subprocess.DEVNULL,
                preexec_fn=die_with_parent,  # a harness that is killed leaves no workers behind
                stdout=log,
                stderr=log,
            )
        member = self.members[name] = Member(name, process, options, to or self._direct)
        member.ended = asyncio.create_task(self._see_to(member), name=f"see to {name}")
        return member

    async def _see_to(self, member: Member) -> None:
        code = await member.process.wait()
        if member.told:
            return
        self.exits[code] += 1
        if code == -signal.SIGKILL:
            self.kills += 1
        if self.supervised and self.members.get(member.name) is member:
            self.restarts += 1
            options = {key: value for key, value in member.options.items() if key not in AT_POINT}
            await self.start(member.name, member.to, **options)

    async def kill(self, name: str) -> float:
        """SIGKILL; returns when it was (monotonic seconds)."""
        member = self.members[name]
        member.told = True
        at = time.monotonic()
        if member.alive:
            self.kills += 1
        member.send(signal.SIGKILL)
        await member.ended
        return at

    async def stop(self, name: str, seconds: float = 60.0) -> int:
        """SIGTERM, and wait; one that does not end is killed and has the code -9."""
        member = self.members.pop(name)
        member.told = True
        member.send(signal.SIGCONT)
        member.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(member.ended)
        except TimeoutError:
            member.send(signal.SIGKILL)
            await member.ended
        return member.process.returncode or 0

    async def end_at_point(self, name: str, seconds: float = START_SECONDS) -> None:
        """Wait for a worker to reach its crash point; it is not started again."""
        member = self.members[name]
        async with asyncio.timeout(seconds):
            await asyncio.shield(member.ended)

    async def noticed(self, name: str, seconds: float = 30.0) -> None:
        """Wait until a worker that was put to sleep has ended itself, or has made peace with the group again."""
        member, before = self.members[name], self.log(name).count(b"Executing _on_partitions_assigned")

        def has() -> bool:
            if not member.alive or self.members[name] is not member:
                return True
            return self.log(name).count(b"Executing _on_partitions_assigned") > before

        await until(has, f"{name} notices that it slept", seconds)

    def destroy(self, name: str) -> None:
        """Delete the local state of a worker that has ended."""
        shutil.rmtree(self.data / name, ignore_errors=True)

    def pause(self, name: str) -> None:
        """Stop a process where it stands."""
        self.members[name].send(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let it go on as if no time had passed."""
        self.members[name].send(signal.SIGCONT)

    def is_paused(self, name: str) -> bool:
        """Whether a worker has been stopped (by itself at its pause point, or by us)."""
        status = Path(f"/proc/{self.members[name].process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def memory_bytes(self, name: str) -> int:
        """Resident memory of a worker."""
        pages = int(Path(f"/proc/{self.members[name].process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def open_files(self, name: str) -> int:
        """File descriptors of a worker."""
        return sum(1 for _ in Path(f"/proc/{self.members[name].process.pid}/fd").iterdir())

    def log(self, name: str) -> bytes:
        """What a worker has printed, over restarts."""
        return (self.data / f"{name}.log").read_bytes()

    @property
    def alive(self) -> list[str]:
        return [name for name, member in self.members.items() if member.alive]

    async def close(self) -> None:
        """Kill whoever still lives."""
        self.supervised = False
        for member in self.members.values():
            member.told = True
            member.send(signal.SIGKILL)
            await member.ended
