"""`docs/figures.json`: figures by name in one form, whoever measured them.

A figure is `{value, unit, range, n, command, anchor}`: `range` an interval or extremes, `n` what was counted, `anchor`
what it is to be held against.
"""

import os
from pathlib import Path
from typing import Any

import orjson

from stream_app.settings import CHECKOUT

FILE = CHECKOUT / "docs" / "figures.json"
Figures = dict[str, dict[str, Any]]


def figure(
    name: str,
    value: float | None,
    unit: str,
    between: tuple[float | None, float | None] | None,
    n: int,
    command: str,
    anchor: Any = None,
) -> Figures:
    """Put one figure into the form of the file; `command` is what measures it again."""
    told = {"value": value, "unit": unit, "range": None if between is None else [*between]}
    return {name: {**told, "n": n, "command": command, "anchor": anchor}}


def keep(found: Figures, file: Path = FILE) -> None:
    """Put the figures beside the others in the file, which others may have written meanwhile; whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    known: Figures = orjson.loads(file.read_bytes()) if file.exists() else {}
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_bytes(orjson.dumps(known | found, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    draft.replace(file)
