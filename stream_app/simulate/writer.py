"""Writes a synthetic bank to files: the stream as `replay` reads it, and the truth beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from stream_app.simulate.options import Options
from stream_app.simulate.world import World


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: lines and bytes of the stream, and the truth's counts (by topic, fault and brokenness)."""

    lines: int
    size_bytes: int
    counts: dict[str, Any]


def write(options: Options, out: Path, truth: Path | None = None) -> Written:
    """Write the stream to `out` and, when asked, the truth as JSON lines; raises OSError as files do."""
    world = World(options)
    lines = size = 0
    with out.open("wb") as stream:
        for line in world.lines():
            text = line.encode()
            stream.write(text)
            lines += 1
            size += len(text)
    if truth is not None:
        write_truth(world, truth)
    return Written(lines, size, world.truth.counts())


def write_truth(world: World, truth: Path, until_ms: int | None = None) -> None:
    """Write what was planted, once the world's lines have been read (as far as `until_ms` when stopped early)."""
    with truth.open("wb") as records:
        for record in world.truth_records(until_ms):
            records.write(orjson.dumps(record) + b"\n")
