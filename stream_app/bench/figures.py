"""Figures by name into `docs/figures.json`, in the form of contract.md §5; what others wrote there stays."""

import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from stream_app.settings import CHECKOUT

FILE = CHECKOUT / "docs" / "figures.json"
Figures = dict[str, dict[str, Any]]


def figure(name: str, values: Sequence[float], unit: str, command: str, *, n: int = 0, anchor: Any = None) -> Figures:
    """Return the figure whose value is the median of `values`; `n` (default: how many values) is what was counted."""
    return {
        name: {
            "value": short(statistics.median(values)),
            "unit": unit,
            "range": [short(min(values)), short(max(values))],
            "n": n or len(values),
            "command": command,
            "anchor": anchor,
        }
    }


def short(value: float) -> float:
    """Round to what a reader can use.

    >>> short(1.23456), short(12345.678)
    (1.235, 12345.7)
    """
    return round(value, 3 if abs(value) < 100 else 1)


def keep(found: Figures, file: Path = FILE) -> None:
    """Put the figures beside the others in the file, whole or not at all."""
    known: Figures = orjson.loads(file.read_bytes()) if file.exists() else {}
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_bytes(orjson.dumps(known | found, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    draft.replace(file)
