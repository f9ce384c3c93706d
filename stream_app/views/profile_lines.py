"""A profile for people: what `schemas.profile_view` shows, as lines, with the names that policy has for things.

`--json` is for programs and keeps every digit; here money is money, days are dates, and what is empty is left out.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from models.policy import Policy, Text
from schemas.money import MINOR_DIGITS

EPOCH_DAY = date(1970, 1, 1).toordinal()
TAKEN_TOGETHER = frozenset({"tag_reasons", "foreign_accounts"})  # told with the tags, with the balances


class Unit(NamedTuple):
    """What whole numbers are here: money of a currency with so many digits behind the point, or just numbers."""

    digits: int
    money: bool = False

    def inside(self, key: str) -> "Unit":
        """Return what they are inside of `key`: a currency says its digits, a name that it is money."""
        return Unit(MINOR_DIGITS.get(key, self.digits), self.money or key.endswith("minor"))

    def written(self, value: int) -> str:
        """Write a whole number.

        >>> Unit(2, money=True).written(-123456), Unit(0, money=True).written(5000), Unit(2).written(5000)
        ('-1,234.56', '5,000', '5000')
        """
        return f"{Decimal(value).scaleb(-self.digits):,}" if self.money else str(value)


def lines(shown: Mapping[str, Any], policy: Policy) -> Iterator[str]:
    """Write a profile's view; parts of a part are indented, and a name of policy is followed by both its texts."""
    said = _names(policy)
    for key, value in shown.items():
        if key == "tags":
            yield from _tags(value, shown["tag_reasons"], said)
        elif key == "tier":
            yield f"tier: {named(value, said)}"
        elif key == "balances":
            yield from _balances(value, shown["foreign_accounts"], policy.home_currency)
        elif key not in TAKEN_TOGETHER:
            yield from _part(key, value, said, Unit(MINOR_DIGITS[policy.home_currency]))


def _names(policy: Policy) -> dict[str, str]:
    """Both texts of tiers, tags, alerts and actions, by name."""
    texts = {
        **{tier.name: Text(zh=tier.zh, en=tier.en) for tier in policy.tiers.tier},
        **{tag.name: Text(zh=tag.zh, en=tag.en) for tag in policy.tags.tag},
        **{action.name: action.title for action in policy.actions.action},
        **{rule.kind: rule.title for rule in policy.rules.rule},
    }
    return {name: text.both for name, text in texts.items()}


def named(name: Any, said: Mapping[str, str]) -> str:
    """Write a name of policy, and behind it what people call it."""
    return f"{name} ({said[name]})" if name in said else str(name)


def _tags(tags: list[str], reasons: Mapping[str, Any], said: Mapping[str, str]) -> Iterator[str]:
    if tags:
        yield "tags:"
    for tag in tags:
        yield f"  {named(tag, said)}, since {reasons[tag]['since'][:10]}"


def _balances(balances: Mapping[str, int | None], foreign: Mapping[str, str], home: str) -> Iterator[str]:
    """Write each account's balance in the digits of its own currency; an account may have any name."""
    told = {name: minor for name, minor in balances.items() if minor is not None}
    written = {name: Unit(MINOR_DIGITS[foreign.get(name, home)], money=True).written(told[name]) for name in told}
    if told:
        yield "balances: " + ", ".join(
            f"{name} {foreign[name]} {amount}" if name in foreign else f"{name} {amount}"
            for name, amount in written.items()
        )


def _part(key: str, value: Any, said: Mapping[str, str], unit: Unit, depth: int = 0) -> Iterator[str]:
    indent, unit, label = "  " * depth, unit.inside(key), _label(key)
    if value is None or value in ({}, []):
        return
    if isinstance(value, dict) and any(isinstance(part, dict | list) for part in value.values()):
        yield f"{indent}{label}:"
        for name, part in value.items():
            yield from _part(name, part, said, unit, depth + 1)
    elif isinstance(value, list):
        yield f"{indent}{label}:"
        for part in value:
            yield f"{indent}  {_inline(key, part, said, unit)}"
    else:
        yield f"{indent}{label}: {_inline(key, value, said, unit)}"


def _label(key: str) -> str:
    return "sum" if key == "minor" else key.removesuffix("_minor")


def _inline(key: str, value: Any, said: Mapping[str, str], unit: Unit) -> str:
    """Write what fits on a line: a value, or a table of values."""
    if isinstance(value, dict):
        told = ((name, part) for name, part in value.items() if part is not None)
        return ", ".join(f"{_label(name)} {_inline(name, part, said, unit.inside(name))}" for name, part in told)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key == "day" or key.endswith("_day"):
        return date.fromordinal(EPOCH_DAY + value).isoformat()
    if isinstance(value, int):
        return unit.written(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return named(value, said) if key in {"kind", "action"} else str(value)
