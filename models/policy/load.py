"""From the files of a directory to one checked, frozen policy with a content hash."""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.policy.base import Part, did_you_mean
from models.policy.parts import (
    Actions,
    Bank,
    Branches,
    Churn,
    Contact,
    Decisions,
    Models,
    Tags,
    Tiers,
    Trigger,
    Value,
)
from models.policy.rules import AnyRule, Rules
from models.policy.wording import Reasons
from schemas.errors import PolicyError


class Policy(Part):
    """All business policy; each file is a part of the same name."""

    hash: str
    bank: Bank
    branches: Branches
    tiers: Tiers
    tags: Tags
    rules: Rules
    actions: Actions
    decisions: Decisions
    contact: Contact
    churn: Churn
    models: Models
    value: Value
    reasons: Reasons

    @cached_property
    def home_currency(self) -> str:
        """The currency of balances, AUM and windows (ISO 4217)."""
        return self.bank.home_currency

    @cached_property
    def lateness_ms(self) -> int:
        """How late an event may be and still be heard by labels and snapshots (milliseconds)."""
        return self.bank.lateness_ms

    @cached_property
    def queues(self) -> tuple[str, ...]:
        """The queues that the rules write to, sorted."""
        return tuple(sorted({rule.queue for rule in self.rules.rule}))

    @cached_property
    def rules_on(self) -> Mapping[str, tuple[AnyRule, ...]]:
        """Enabled rules by what they listen to, in the order of the file: the dispatch table."""
        table: dict[str, list[AnyRule]] = {}
        for rule in self.rules.rule:
            for key in rule.LISTENS if rule.enabled else ():
                table.setdefault(key, []).append(rule)
        return {key: tuple(rules) for key, rules in table.items()}

    @cached_property
    def rule_of(self) -> Mapping[str, AnyRule]:
        """Rules by the kind of alert that they raise."""
        return {rule.kind: rule for rule in self.rules.rule}

    @cached_property
    def _by_check(self) -> Mapping[str, AnyRule]:
        return {rule.check: rule for rule in reversed(self.rules.rule) if rule.enabled}

    def first(self, check: str) -> AnyRule | None:
        """Find the first enabled rule of a check; None if the policy has none."""
        return self._by_check.get(check)

    @cached_property
    def triggers(self) -> Mapping[str, Trigger]:
        """Decision triggers by the event that they answer (`interaction:login`)."""
        return {trigger.on: trigger for trigger in self.decisions.trigger}


KEY = "[key]"  # stands in pydantic's location behind a key of a table that may have certain keys only
_LISTED = {"holds": " (products that conditions may name are listed in bank.toml)"}
FILES = tuple(sorted(set(Policy.model_fields) - {"hash"}))


def load_policy(directory: Path, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Policy:
    """Read and check all policy files of `directory`; `overrides` (file -> key -> value) replace keys of the files.

    Raises `schemas.errors.PolicyError` naming file, key, and what is wrong with the value.
    """
    tables = {}
    for name in FILES:
        table = {**_read(directory / f"{name}.toml"), **(overrides or {}).get(name, {})}
        tables[name] = _check(name, table)
    policy = Policy(hash=_content_hash(tables), **tables)
    _check_names(policy)
    return policy


def _check_names(policy: Policy) -> None:
    """Check what one file says of another: conditions that name tags, tiers and alerts."""
    known = {
        "has_tag": {tag.name for tag in policy.tags.tag},
        "tier": {tier.name for tier in policy.tiers.tier},
        "alert": {rule.kind for rule in policy.rules.rule},
        "value_band": {band.name for band in policy.value.band},
    }
    if policy.bank.products:
        known["holds"] = {*policy.bank.products}
    tables = (
        *(("tags.toml", tag.name, tag) for tag in policy.tags.tag),
        *(("actions.toml", action.name, action.eligible) for action in policy.actions.action),
    )
    for file, name, conditions in tables:
        for condition in conditions.all + conditions.any + conditions.none:
            word, _, argument = condition.figure.partition(":")
            if argument not in known.get(word, {argument}):
                hint = did_you_mean(argument, known[word], f"{word}:")
                raise PolicyError(f"{file}: {name}: no file knows {condition.figure!r}{_LISTED.get(word, '')}{hint}")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' editors begin a file with a mark
    except FileNotFoundError as error:
        raise PolicyError(f"{path.name}: the file is missing in {path.parent}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{path.name}: line {line} is not UTF-8: save the file in this encoding") from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path.name}: {error}") from error
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}") from error


def _check(name: str, table: Mapping[str, Any]) -> Any:
    shape: Any = Policy.model_fields[name].annotation
    try:
        return shape.model_validate(_frozen(table))
    except ValidationError as error:
        found = error.errors(include_url=False)
        # A mistyped key is two errors, one key too many and one too few: the former is what stands in the file.
        first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
        unknown = {each["loc"][-1] for each in found if each["type"] == "extra_forbidden"}
        known = _keys_of(shape, _table_of(table, first["loc"]), unknown) if unknown else []
        raise PolicyError(f"{name}.toml: {_key(table, first['loc'])}: {_wrong(first, found, known)}") from error


def _frozen(value: Any) -> Any:
    """TOML's lists as tuples: what is checked strictly must have the type that is kept."""
    if isinstance(value, dict):
        return {key: _frozen(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_frozen(part) for part in value)
    return value


def _key(table: Any, location: tuple[int | str, ...]) -> str:
    """Name the key as one would look for it: `rule[3] (unusual_amount).deviations`."""
    said = ""
    for step in location:
        if step == KEY:
            break  # what follows names the type that the key should have had
        if isinstance(table, dict) and step not in table and table.get("check") == step:
            continue  # pydantic names the member of a union here, which no file does
        table = _inside(table, step)
        if isinstance(step, int):
            name = table.get("kind", table.get("name")) if isinstance(table, dict) else None
            said += f"[{step}]" + (f" ({name})" if name else "")
        else:
            said += f".{step}" if said else step
    return said or "the file"


def _inside(table: Any, step: int | str) -> Any:
    if isinstance(step, int):
        return table[step] if isinstance(table, list | tuple) and step < len(table) else None
    return table.get(step) if isinstance(table, dict) else None


def _wrong(error: Any, beside: Sequence[Any], known: Sequence[str]) -> str:
    if KEY in error["loc"] and (listed := _keys_listed(error, beside)):
        hint = did_you_mean(str(error["input"]), listed) or f"; it may be {', '.join(listed)}"
        return f"nobody knows this key{hint}"
    words = {"extra_forbidden": "nobody knows this key", "missing": "this key is missing"}
    said = words.get(error["type"], error["msg"].removeprefix("Value error, "))
    if error["type"] == "extra_forbidden":
        *where, key = error["loc"]
        missing = [
            str(each["loc"][-1]) for each in beside if each["type"] == "missing" and [*each["loc"][:-1]] == where
        ]
        said += did_you_mean(str(key), missing) or did_you_mean(str(key), known)
    given = error["input"]
    return f"{said} (it is {given!r})" if isinstance(given, str | int | float | bool) else said


def _keys_listed(error: Any, beside: Sequence[Any]) -> list[str]:
    """List the keys that a table may have, where one is none of them: pydantic tells each choice as an error."""
    place = error["loc"][: error["loc"].index(KEY)]
    choices = [each for each in beside if each["loc"][: len(place) + 1] == (*place, KEY) and "ctx" in each]
    return [name for each in choices for name in re.findall(r"'([^']*)'", str(each["ctx"].get("expected", "")))]


def _table_of(table: Any, location: Sequence[int | str]) -> Mapping[str, Any]:
    """Find the table in which a key stands."""
    for step in location[:-1]:
        inside = _inside(table, step)
        table = table if inside is None else inside  # pydantic names the member of a union, which no file does
    return table  # type: ignore[no-any-return]


def _keys_of(shape: type[Part], table: Mapping[str, Any], unknown: set[int | str]) -> list[str]:
    """List the keys that a table may have, by every shape that knows all keys of it but the unknown ones.

    Where it has no other, all shapes do, so that nothing can be said.
    """
    used = {name: value for name, value in table.items() if name not in unknown}
    schema = shape.model_json_schema()
    keys = [each.get("properties", {}) for each in (schema, *schema.get("$defs", {}).values())]
    fit = [names for names in keys if all(n in names and names[n].get("const", v) == v for n, v in used.items())]
    return sorted({name for names in fit for name in names}) if used else []


def _content_hash(tables: Mapping[str, Part]) -> str:
    """Hash what the files say: comments and blanks do not count, so they can be changed freely."""
    said = "\n".join(f"{name} {tables[name].model_dump_json()}" for name in sorted(tables))
    return hashlib.blake2s(said.encode(), digest_size=8).hexdigest()
