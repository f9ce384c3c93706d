"""Facts as of a day boundary as bytes: only what differs from the profile beside which they are kept."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgpack

from schemas.profile import Account, Eve, Facts, MentionMood, Profile, Ratings, Salary
from schemas.profile_complaints import Answer
from schemas.profile_parts import (
    NUMBER_OF,
    WORD_OF,
    complaint_of,
    long,
    new_tuple,
    packed_complaint,
    packed_purchases,
    purchases_of,
    short,
)

# Bits of what differs, in the order in which it is told.
_NAMES = (
    "accounts",
    "salary",
    "last_login_ms",
    "last_own_activity_ms",
    "complaints",
    "last_complaint_ms",
    "answers",
    "ratings",
    "mood",
    "products",
    "closed_on",
    "has_own_time",
    "churn_label",
    "churn_label_ms",
    "purchases",
    "opened",
)
_CODED: dict[str, tuple[Any, Any]] = {"purchases": (packed_purchases, purchases_of), "opened": (short, long)}
_TIMES = frozenset({"last_login_ms", "last_own_activity_ms", "last_complaint_ms", "churn_label_ms"})
_OF_IDENTITY: dict[str, Any] = {
    "products": (),
    "closed_on": None,
    "has_own_time": True,
}  # where there are no master data


def eve_bytes(p: Profile) -> int:
    """Measure what the facts as of the boundary take beside this profile."""
    return len(msgpack.packb(packed_eve(p)))


def packed_eve(p: Profile) -> Any:
    """Tell the facts as of a day boundary; None where there are none."""
    if p.eve is None:
        return None
    boundary, facts = p.eve
    back = p.last_seen_ms - boundary
    if facts is None:
        return (back,)
    told_ms = None if facts.told_ms is None else boundary - facts.told_ms
    mask, values = 0, []
    for place, name in enumerate(_NAMES):
        value = getattr(facts, name)
        if value != _now(p, name):
            mask |= 1 << place
            values.append(_packed(name, value, p, boundary))
    return back, boundary - facts.last_seen_ms, told_ms, facts.birth_year, mask, *values


def eve_of(packed: Any, p: Profile) -> Eve | None:
    """Read the facts as of a day boundary beside the profile that they belong to."""
    if packed is None:
        return None
    back, *told = packed
    boundary = p.last_seen_ms - back
    if not told:
        return Eve(boundary, None)
    seen, told_back, born, mask, *values = told
    next_value = iter(values)
    found = {}
    for place, name in enumerate(_NAMES):
        found[name] = _read(name, next(next_value), p, boundary) if mask >> place & 1 else _now(p, name)
    told_ms = None if told_back is None else boundary - told_back
    return Eve(boundary, Facts(boundary - seen, told_ms=told_ms, birth_year=born, **found))


def _now(p: Profile, name: str) -> Any:
    if name not in _OF_IDENTITY:
        return getattr(p, name)
    return _OF_IDENTITY[name] if p.identity is None else getattr(p.identity, name)


def _packed(name: str, value: Any, p: Profile, boundary: int) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return boundary - value
    if name == "accounts":
        return _packed_accounts(value, p.accounts, boundary)
    if name in _CODED:
        return _CODED[name][0](value)
    if name in _ROWS:  # one that is still there is told by its place
        return [_row(one, name, p, boundary) for one in value]
    return value


def _read(name: str, packed: Any, p: Profile, boundary: int) -> Any:
    if name in _TIMES:
        return None if packed is None else boundary - packed
    if name == "accounts":
        return _accounts_of(packed, p.accounts, boundary)
    if name in _CODED:
        return _CODED[name][1](packed)
    if name in _ROWS:
        return tuple([_of_row(one, name, p, boundary) for one in packed])
    kind = _KINDS.get(name)
    return packed if kind is None else new_tuple(kind, packed)


_KINDS: dict[str, type] = {"salary": Salary, "ratings": Ratings, "mood": MentionMood}


_ROWS: dict[str, Callable[[Profile], Sequence[Any]]] = {
    "complaints": Profile.all_complaints,
    "answers": attrgetter("answers"),
    "products": lambda p: _now(p, "products"),
}


def _row(one: Any, name: str, p: Profile, boundary: int) -> Any:
    there = _ROWS[name](p)
    if one in there:
        return there.index(one)
    if name == "products":
        return one
    if name == "complaints":
        return packed_complaint(one._replace(opened_ms=boundary - one.opened_ms))
    closed = None if one.complaint is None else _row(one.complaint, "complaints", p, boundary)
    return boundary - one.at_ms, one.topic, closed


def _of_row(row: Any, name: str, p: Profile, boundary: int) -> Any:
    if type(row) is int:
        return _ROWS[name](p)[row]
    if name == "products":
        return row
    if name == "complaints":
        told = complaint_of(row)
        return told._replace(opened_ms=boundary - told.opened_ms)
    back, topic, closed = row
    return Answer(boundary - back, topic, None if closed is None else _of_row(closed, "complaints", p, boundary))


def _packed_accounts(accounts: dict[str, Account], now: dict[str, Account], boundary: int) -> list[Any]:
    """Tell which of the accounts of now were not there, then those that were otherwise: by place, or by id if gone."""
    places = {key: place for place, key in enumerate(now)}
    number = NUMBER_OF.get
    return [
        [place for key, place in places.items() if key not in accounts],
        *[
            (places.get(key, key), number(a[0], a[0]), a[1], boundary - a[2], boundary - a[3], a[4])
            for key, a in accounts.items()
            if now.get(key) != a
        ],
    ]


def _accounts_of(packed: Any, now: dict[str, Account], boundary: int) -> dict[str, Account]:
    absent, *rows = packed
    keys = list(now)
    accounts = {key: account for place, (key, account) in enumerate(now.items()) if place not in absent}
    for key, currency, balance, told, moved, closed in rows:
        account = Account(WORD_OF.get(currency, currency), balance, boundary - told, boundary - moved, closed)
        accounts[keys[key] if type(key) is int else key] = account
    return accounts
