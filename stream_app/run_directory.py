"""Directories of runs: each has one of its own, and the last few stay, with their logs, to be looked into."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KEPT = 3
LOCK = ".in-use"


@contextmanager
def run_directory(base: Path, prefix: str) -> Iterator[Path]:
    """Give a new directory under `base`; of those of earlier runs with this prefix the newest KEPT stay.

    The directory of a run that still goes on is locked, and never removed: its lock ends with its process. A run that
    begins at the same moment may remove the same ones.
    """
    earlier = sorted(base.glob(f"{prefix}*"), key=_changed, reverse=True)
    for old in earlier[KEPT:]:
        with suppress(FileNotFoundError), _locked(old) as ours:
            if ours:
                shutil.rmtree(old, ignore_errors=True)
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    with _locked(home):
        yield home


def _changed(path: Path) -> float:
    """Return when a directory was last written to (epoch seconds); 0 where another run has just removed it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@contextmanager
def _locked(directory: Path) -> Iterator[bool]:
    """Hold the directory's lock meanwhile; False: another process has it."""
    with (directory / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
