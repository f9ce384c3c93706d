"""Events that come in another order, each within the lateness, leave the same examples and the same models.

The clock waits a lateness for what is late, so what a snapshot describes and what its label says hang on what happened,
and not on the order in which it was heard of. Scores are of the models that policy begins with: which version says them
hangs on when it was published (docs/rules.md, 19).
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable

import pytest

from models.policy import DAY_MS
from schemas.internal import ExampleRecord
from schemas.times import parse_rfc3339
from stream_app.simulate import NO_FAULTS, Options, World
from stream_app.simulate.lines import Line
from tests.hearing import Heard
from tests.learned import by_themselves, learned
from tests.policies import a_policy

# A whole day's wait, so that most events of a customer change places. No offers: one is made to whichever came first.
POLICY = a_policy(actions={"action": []}, bank={"lateness_minutes": 1_440})
MODELS = ("churn", "need", "value")
BANK = Options(customers=60, days=42, seed=3, faults=NO_FAULTS, uptake_per_60_days=0.5)


def occurred_ms(line: Line) -> int:
    return parse_rfc3339(line.data()["occurred_at"])


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    """A bank's events in the order in which they happened."""
    return sorted(World(BANK).lines(), key=occurred_ms)


def several_accounts(lines: Iterable[Line]) -> int:
    """How many customers have several accounts: what these held together at a moment hangs on all of them."""
    accounts: dict[str | None, set[str]] = defaultdict(set)
    for line in lines:
        if line.topic == "bank.transactions":
            accounts[line.key].add(line.data()["account_id"])
    return sum(len(held) > 1 for held in accounts.values())


def late(lines: Collection[Line], at_most_ms: int) -> list[Line]:
    """The same events, each later than it happened by chance."""
    chance = random.Random(5)
    return sorted(lines, key=lambda line: occurred_ms(line) + chance.randrange(at_most_ms))


def examples(lines: Iterable[Line]) -> list[ExampleRecord]:
    heard = Heard(policy=POLICY, partitions=3, learning=False)
    for line in lines:
        key = None if line.key is None else line.key.encode()
        heard.take(line.topic.removeprefix("bank."), line.value, key=key, timestamp_ms=line.arrival_ms)
    assert heard.letters == []
    return heard.examples


def taught(told: Collection[ExampleRecord], model: str) -> bytes:
    """The bytes of a model that learned all its examples of these."""
    return learned(by_themselves(one for one in told if one.model == model), model, POLICY)


def test_events_within_the_lateness_leave_the_same_model_bytes_in_any_order(lines):
    shuffled = late(lines, POLICY.lateness_ms)
    assert sum(one is not other for one, other in zip(lines, shuffled, strict=True)) > len(lines) / 2
    assert several_accounts(lines) > BANK.customers / 4
    one, other = examples(lines), examples(shuffled)
    assert {it.label for it in one if it.model == "churn"} == {0, 1}
    assert one != other, "they are told in another order"
    for model in MODELS:
        assert taught(one, model) == taught(other, model)


def test_what_comes_later_than_the_lateness_shows(lines):
    one, other = examples(lines), examples(late(lines, 5 * DAY_MS))
    assert any(taught(one, model) != taught(other, model) for model in MODELS)
