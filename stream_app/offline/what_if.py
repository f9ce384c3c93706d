"""One history under two policies: what would have been done otherwise (`rapport what-if`).

Both runs are `rapport replay` of the same lines with the same seed: what differs comes from the policy. An action is
known by its id, which hangs on event, customer and rule or action, not on the policy: equal ids are the same action.
Answers in the file were given to the offers of their day; an offer that only the other policy makes finds none.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from models.policy import Policy
from stream_app.views.decision_lines import last_reasons

EXAMPLES = 3
FAMILIES = {"alerts": "crm.alert.raised", "offers": "crm.offer.made"}
SHOWN = {"alerts": ("queue", "kind"), "offers": ("action",)}
LOOKED_AT = ("queue", "priority", "channel", "treatment", "title", "reasons", "next_step", "expires_at")
NAMES = ("name", "kind")


class Change(NamedTuple):
    """One value that the policies say differently; None: one of them does not say it."""

    file: str
    key: str
    before: Any
    after: Any


class Row(NamedTuple):
    """Actions of one name: how many under each policy; of these only before, only after, and otherwise than before."""

    name: str
    before: int
    after: int
    gone: int
    new: int
    changed: int


def changes(before: Policy, after: Policy) -> list[Change]:
    """List every value that differs, by file and key as one would look for it: `rule (large_outflow).priority`."""
    told = [dict(_leaves("", policy.model_dump(mode="json", exclude={"hash"}))) for policy in (before, after)]
    keys = [*told[0], *(key for key in told[1] if key not in told[0])]
    return [
        Change(f"{file}.toml", key, told[0].get((file, key)), told[1].get((file, key)))
        for file, key in keys
        if told[0].get((file, key)) != told[1].get((file, key))
    ]


def compare(before: Path, after: Path) -> dict[str, Any]:
    """Hold two directories that `rapport replay` wrote against each other."""
    told: dict[str, Any] = {}
    for family, made in FAMILIES.items():
        one, other = ({e["id"]: e for e in _lines(d / f"{family}.jsonl") if e["type"] == made} for d in (before, after))
        told[family] = {
            "rows": [row._asdict() for row in _rows(family, one, other)],
            "new": [_example(other[key]) for key in _spread(other.keys() - one.keys(), other, family)],
            "gone": [_example(one[key]) for key in _spread(one.keys() - other.keys(), one, family)],
        }
    withheld = [_withheld(directory / "decisions.jsonl") for directory in (before, after)]
    names = sorted(withheld[0] | withheld[1], key=lambda name: (-withheld[0][name], name))
    told["no_action"] = [{"reason": n, "before": withheld[0][n], "after": withheld[1][n]} for n in names]
    return told


def _rows(family: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Row]:
    names = Counter(_name(family, entry) for entry in (*before.values(), *after.values()))
    for name in sorted(names):
        one, other = ({k for k, e in each.items() if _name(family, e) == name} for each in (before, after))
        both = one & other
        changed = sum(_told(before[key]) != _told(after[key]) for key in both)
        yield Row(name, len(one), len(other), len(one - other), len(other - one), changed)


def _name(family: str, entry: Mapping[str, Any]) -> str:
    return " ".join(str(entry["data"][field]) for field in SHOWN[family])


def _told(entry: Mapping[str, Any]) -> list[Any]:
    return [entry["data"].get(field) for field in LOOKED_AT]


def _spread(keys: set[str], entries: Mapping[str, Any], family: str) -> list[str]:
    """Choose the first examples in time, of each name one before any gets a second."""
    seen: Counter[str] = Counter()
    ranked = []
    for key in sorted(keys, key=lambda key: (entries[key]["occurred_at"], key)):
        name = _name(family, entries[key])
        ranked.append((seen[name], entries[key]["occurred_at"], key))
        seen[name] += 1
    return [key for _, _, key in sorted(ranked)[:EXAMPLES]]


def _example(entry: Mapping[str, Any]) -> dict[str, Any]:
    data = entry["data"]
    first = data["reasons"][0] if data["reasons"] else {"zh": "", "en": ""}
    return {
        "id": entry["id"],
        "customer_id": data["customer_id"],
        "occurred_at": entry["occurred_at"],
        "what": data.get("title") or data["treatment"],
        "why": {"zh": first["zh"], "en": first["en"]},
    }


def _withheld(decisions: Path) -> Counter[str]:
    """Count decisions for no action by what the last actions fell out for; one that had several reasons, under each."""
    found: Counter[str] = Counter()
    for decision in _lines(decisions):
        if decision["action"] is None:
            found.update(last_reasons(decision))
    return found


def _leaves(path: str, value: Any, file: str = "") -> Iterator[tuple[tuple[str, str], Any]]:
    """Walk through what a policy says: every leaf by its file and key."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(f"{path}.{key}" if path else key if file else "", part, file or key)
    elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        for number, part in enumerate(value):
            name = next((part[key] for key in NAMES if key in part), number)
            yield from _leaves(f"{path} ({name})", part, file)
    else:
        yield (file, path), value


def _lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as stream:
        for line in stream:
            yield orjson.loads(line)
