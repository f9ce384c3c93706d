"""The figures of UCI Bank Marketing beside those measured elsewhere: `python -m stream_app.bank_marketing`.

RAPPORT_SHARED_DATA names the folder of the data (default: `../shared/data` beside the checkout).
"""

import os
import sys
from pathlib import Path
from typing import Any

import orjson

from models.prequential import ANCHORS, DELAYS, Judged, bank_marketing, read_calls
from stream_app.settings import CHECKOUT

COMMAND = "python -m stream_app.bank_marketing --json"
NAMES = {0: "no_delay", 100: "delay_100", 1_000: "delay_1000"}


def data_folder() -> Path:
    """Return where the shared data lie."""
    return Path(os.environ.get("RAPPORT_SHARED_DATA", CHECKOUT / ".." / "shared" / "data"))


def judged_by_delay(data: Path) -> dict[int, Judged]:
    """Judge the recipe at each delay (about four seconds each). Raises `FileNotFoundError` without the data."""
    calls = list(read_calls(data))
    return {delay: bank_marketing(calls, delay) for delay in DELAYS}


def figures(judged: dict[int, Judged]) -> dict[str, dict[str, Any]]:
    """Return the figures of the second half in the form of `docs/figures.json`."""
    return {
        f"bank_marketing_auc_{NAMES[delay]}": {
            "value": round(found.second_half, 4),
            "unit": "AUC",
            "range": [round(found.second_half, 4)] * 2,  # one file in one order: nothing varies
            "n": found.examples,
            "command": COMMAND,
            "anchor": ANCHORS[delay][1],
        }
        for delay, found in judged.items()
    }


def main(arguments: list[str]) -> int:
    """Print the figures; exit 2 for wrong use, 1 where the data are not there."""
    if arguments not in ([], ["--json"]):
        sys.stderr.write("usage: python -m stream_app.bank_marketing [--json]\n")
        return 2
    try:
        judged = judged_by_delay(data_folder())
    except FileNotFoundError as error:
        sys.stderr.write(f"{error.filename} is not there; RAPPORT_SHARED_DATA names the folder of the data\n")
        return 1
    if arguments:
        sys.stdout.write(orjson.dumps(figures(judged), option=orjson.OPT_INDENT_2).decode() + "\n")
        return 0
    sys.stdout.write("UCI Bank Marketing in date order, without duration: prequential AUC (anchor)\n")
    for delay, found in judged.items():
        whole, second_half = ANCHORS[delay]
        sys.stdout.write(
            f"label {delay:>5,} calls late: whole stream {found.whole:.3f} ({whole}),"
            f" second half {found.second_half:.3f} ({second_half}), {found.examples:,} calls\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
