"""Seeded transactions of a small bank: enough of them raise alerts, some are repeated, some cannot be read."""

import random
from collections import deque
from collections.abc import Iterator

import orjson

from schemas.times import parse_rfc3339, to_rfc3339
from tests.faults.hostile import IDS, LONG_KEY, VALUES
from tests.faults.truth import Input

BEGINNING_MS = parse_rfc3339("2026-03-02T09:00:00+08:00")
STEP_MS = 20_000
"""Two thousand inputs last half a day, so that days turn and work falls due."""
CUSTOMERS = 60
KINDS = (("card", "debit"), ("transfer", "debit"), ("salary", "credit"), ("cash", "debit"), ("fee", "debit"))
POISON: tuple[bytes | None, ...] = (
    b"\xff{not json",
    b"",
    None,
    b"[]",
    b'{"event_id":"broken","customer_id":"C-1"}',
    b"[" * 100_000,
)


class Transactions:
    """An endless run, the same for the same seed."""

    def __init__(
        self,
        seed: int,
        duplicates: float = 0.03,
        poison: float = 0.01,
        hostile: float = 0.0,
        step_ms: int = STEP_MS,
        beginning_ms: int = BEGINNING_MS,
    ) -> None:
        self._chance = random.Random(seed)
        self._duplicates, self._poison, self._hostile = duplicates, poison, hostile
        self._step_ms, self._beginning_ms = step_ms, beginning_ms
        self._number = 0
        self._last: deque[Input] = deque(maxlen=20)

    def __iter__(self) -> Iterator[Input]:
        while True:
            yield self._next()

    def _next(self) -> Input:
        chance = self._chance
        self._number += 1
        roll = chance.random()
        if roll < self._poison:
            return Input("transactions", b"C-1", chance.choice(POISON), "poison", f"poison-{self._number}")
        if roll < self._poison + self._duplicates and self._last:
            again = chance.choice(self._last)
            return Input("transactions", again.key, again.value, "duplicate", again.event_id, again.ms, again.amount)
        if chance.random() < self._hostile:
            return self._meant_to_harm()
        made = self._good(f"t-{self._number}")
        self._last.append(made)
        return made

    def _meant_to_harm(self) -> Input:
        """Values that are no transaction, ids that are no customer's, and event ids that are allowed but sly."""
        chance = self._chance
        event_id, roll = f"h-{self._number}", chance.random()
        if roll < 0.5:
            return Input("transactions", b"C-1", chance.choice(VALUES), "poison", event_id)
        if roll < 0.8:
            key = chance.choice((LONG_KEY, *(name.encode() for name in IDS)))
            value = {**orjson.loads(self._good(event_id).value or b""), "customer_id": key.decode()}
            return Input("transactions", key, orjson.dumps(value), "poison", event_id)
        sly = [name for name in IDS if name.isascii() and name.isprintable() and len(name) < 100]
        return self._good(f"{event_id}{chance.choice(sly)}")

    def _good(self, event_id: str) -> Input:
        chance = self._chance
        customer = f"C-{chance.randrange(CUSTOMERS)}"
        ms = self._beginning_ms + self._number * self._step_ms
        kind, direction = chance.choice(KINDS)
        minor = chance.randrange(100, 900_000)
        more = {}
        if chance.random() < 0.15:  # always an alert (docs/rules.md, 25)
            kind, direction, minor = "transfer", "debit", chance.randrange(5_000_000, 9_000_000)
            more = {"counterparty_bank": "BANK2"}
        value = {
            "event_id": event_id,
            "customer_id": customer,
            "account_id": f"A-{customer}",
            "occurred_at": to_rfc3339(ms),
            "amount": f"{minor // 100}.{minor % 100:02d}",
            "currency": "CNY",
            "direction": direction,
            "kind": kind,
            "channel": "mobile",
            **more,
        }
        signed = minor if direction == "credit" else -minor
        return Input("transactions", customer.encode(), orjson.dumps(value), "good", event_id, ms, signed)
