"""The JSON Schemas of all messages that others read or write, as files under `schemas/json/`.

`python -m schemas.export` writes them, unless the models refuse what a file accepts: a breaking change wants a new
message (or, where it is meant, the file deleted by hand). `--check` only compares: exit 1 on any difference.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from schemas.actions import Alert, Arrival, Offer, Withdrawal
from schemas.compatibility import breaking_changes
from schemas.dead_letters import DeadLetter
from schemas.decisions import Decision
from schemas.events import Customer, Interaction, LinkedMention, Mention, Outcome, Transaction
from schemas.fields import Message, Outgoing
from schemas.internal import Claim, ClockMark, ExampleRecord, ModelCommand, MoodMark, Punctuation, Timer

BREAKING = ": breaking: "
FOLDER = Path(__file__).parent / "json"

# What others send us is described as we accept it, what we send as we write it (but both by the wire's names).
MESSAGES: dict[str, type[Message | Outgoing]] = {
    "transaction": Transaction,
    "interaction": Interaction,
    "mention": Mention,
    "customer": Customer,
    "outcome": Outcome,
    "linked_mention": LinkedMention,
    "timer": Timer,
    "clock_mark": ClockMark,
    "claim": Claim,
    "mood_mark": MoodMark,
    "example": ExampleRecord,
    "punctuation": Punctuation,
    "model_command": ModelCommand,
    "alert": Alert,
    "offer": Offer,
    "arrival": Arrival,
    "withdrawal": Withdrawal,
    "decision": Decision,
    "dead_letter": DeadLetter,
}


def schema_of(message: type[Message | Outgoing]) -> dict[str, Any]:
    """Give the JSON Schema of a message under the names of the wire."""
    return TypeAdapter(message).json_schema(by_alias=True, mode="validation")


def write(folder: Path = FOLDER) -> None:
    """Write every schema into the folder."""
    folder.mkdir(exist_ok=True)
    for name, message in MESSAGES.items():
        (folder / f"{name}.json").write_text(_text(schema_of(message)), encoding="utf-8")


def problems(folder: Path = FOLDER) -> list[str]:
    """Say what the files and the models disagree about, one line each; empty when all is well."""
    found = []
    for name, message in MESSAGES.items():
        path, new = folder / f"{name}.json", schema_of(message)
        if not path.exists():
            found.append(f"{name}: no file; run python -m schemas.export")
            continue
        kept = path.read_text(encoding="utf-8")
        broken = breaking_changes(json.loads(kept), new)
        found += [f"{name}{BREAKING}{line}" for line in broken]
        if not broken and kept != _text(new):
            found.append(f"{name}: the file is old; run python -m schemas.export")
    return found


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Write, or with `--check` only compare, and return the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m schemas.export [--check]\n")
        return 2
    found = problems(folder)
    if not arguments and not any(BREAKING in line for line in found):
        write(folder)
        found = []
    sys.stdout.writelines(line + "\n" for line in found)
    return 1 if found else 0


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":  # pragma: no cover - a test runs it as a program
    sys.exit(main(sys.argv[1:]))
