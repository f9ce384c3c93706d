"""What the product must come to: `models.step` in one plain pass per customer, and sums made without it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from models.context import Context
from models.policy import Policy
from models.step import step
from models.training.learners import starting_scorers
from schemas import profile_codec
from schemas.events import Transaction
from schemas.internal import Timer
from schemas.profile import Profile, Totals
from tests.faults.remains import Alert, Place
from tests.faults.subject import ALERT_LOST, ALERT_TWICE, COUNT, LOST, STATE, TWICE, Finding, State
from tests.faults.truth import Landed

DAY_MS = 86_400_000


@dataclass
class Customer:
    """The pass over one customer, and what is known of him without it."""

    profile: Profile | None = None
    partition: int = 0
    count: int = 0
    credit: int = 0
    debit: int = 0
    ids: list[str] = field(default_factory=list)


class ProductExpected:
    """The outcome of a run on `bank.transactions` alone, where the order of each customer's records is Kafka's."""

    def __init__(self, log: Sequence[Landed], policy: Policy, seed: int) -> None:
        self._context = Context(policy, starting_scorers(policy), seed)
        self.letters: frozenset[Place] = frozenset(
            (it.topic, it.partition, it.offset) for it in log if it.input.kind == "poison"
        )
        taken = sorted((it for it in log if it.input.kind != "poison"), key=lambda it: (it.partition, it.offset))
        self._duplicates = sum(it.input.kind == "duplicate" for it in taken)
        self._customers: dict[str, Customer] = {}
        self._until_ms = max((it.input.ms for it in taken), default=0) + DAY_MS
        highest: Counter[int] = Counter()
        for item in taken:
            self._take(item)
            highest[item.partition] = max(highest[item.partition], item.input.ms)
        for customer_id, known in self._customers.items():  # what the timers of each partition number have come to
            self._advance(customer_id, known, highest[known.partition] - policy.lateness_ms)
        self.alerts = Counter(alert_id for known in self._customers.values() for alert_id in known.ids)
        self.timed = frozenset(self.alerts)
        self.outputs: frozenset[bytes] = frozenset()

    def _take(self, item: Landed) -> None:
        value = item.input.value
        assert value is not None
        event = Transaction.model_validate_json(value)
        known = self._customers.setdefault(event.customer_id, Customer(partition=item.partition))
        verdict = step(known.profile, event, self._context)
        known.profile = verdict.value
        known.ids += _ids(verdict.effects)
        if item.input.kind == "good":
            known.count += 1
            known.credit += max(0, item.input.amount)
            known.debit += max(0, -item.input.amount)

    def _advance(self, customer_id: str, known: Customer, until_ms: int) -> None:
        verdict = step(known.profile, Timer(customer_id=customer_id, until_ms=until_ms), self._context)
        known.profile = verdict.value
        known.ids += _ids(verdict.effects)

    def of_state(self, state: State) -> list[Finding]:
        findings = []
        for customer_id in self._customers.keys() | state.keys():
            known, found = self._customers.get(customer_id, Customer()), state.get(customer_id)
            events = found.events.transactions if found is not None else 0
            totals = found.totals.get("CNY", Totals()) if found is not None else Totals()
            if events != known.count:
                kind = TWICE if events > known.count else LOST
                findings.append(Finding(kind, f"{customer_id}: {events} events", abs(events - known.count)))
            elif (totals.credit_minor, totals.debit_minor) != (known.credit, known.debit):
                findings.append(Finding(STATE, f"{customer_id}: other sums"))
            elif self._later(customer_id, found) != self._later(customer_id, known.profile):
                findings.append(Finding(STATE, f"{customer_id}: another profile"))
        return findings

    def _later(self, customer_id: str, profile: Profile | None) -> bytes:
        """The profile once all work of another day is done: which timers have fired by now must not count."""
        done = step(profile, Timer(customer_id=customer_id, until_ms=self._until_ms), self._context).value
        assert done is not None
        return bytes(profile_codec.encode(done))

    def of_alerts(self, state: State, found: Sequence[Alert]) -> list[Finding]:
        ids = Counter(alert.alert_id for alert in found)
        findings = [Finding(ALERT_LOST, alert_id) for alert_id in self.alerts if alert_id not in ids]
        findings += [Finding(ALERT_TWICE, f"{i}: {n} times", n - 1) for i, n in ids.items() if n > 1]
        return findings + [Finding(ALERT_TWICE, f"{i}: nobody expects it") for i in ids if i not in self.alerts]

    def of_counts(self, state: State, letters: int, produced: int) -> list[Finding]:
        applied = sum(profile.events.transactions for profile in state.values())
        if applied + letters + self._duplicates == produced:
            return []
        return [Finding(COUNT, f"{produced} produced: {applied} applied, {letters} letters, {self._duplicates} known")]


def _ids(effects: Sequence[Any]) -> list[str]:
    return [str(orjson.loads(effect.body)["id"]) for effect in effects if effect.kind == "stream"]
