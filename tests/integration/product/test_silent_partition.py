"""A customer alone on a silent partition number: what is due for him is done by the clocks of the others."""

from itertools import count

import pytest

from schemas.internal import ClockMark, ExampleRecord, Punctuation
from schemas.partitioner import partition_for
from tests.builders import after, wire_form

from .conftest import settings_of
from .deployment import Deployment, event, until

pytestmark = pytest.mark.integration

DAYS = 50
CONSENTS = ["profiling"]


@pytest.fixture
def impatient(kafka_bootstrap, redis_url, tmp_path):
    """A worker with three partition numbers that follow the others after a second."""
    settings = settings_of(kafka_bootstrap, redis_url, tmp_path, learning=True)
    with Deployment(settings.model_copy(update={"idle_seconds": 1.0})) as started:
        yield started


def living_on(number, partitions):
    return next(f"C{n}" for n in count() if partition_for(f"C{n}".encode(), partitions) == number)


def examples_of(bank, customer):
    values = [record.value for record in bank.records(f"{bank.settings.namespace}.examples")]
    found = [ExampleRecord.model_validate_json(value) for value in values if b'"example"' in value]
    return [it for it in found if (it.customer_id, it.model) == (customer, "churn")]


def promised_ms(bank, number):
    values = [record.value for record in bank.records(f"{bank.settings.namespace}.examples")]
    made = [Punctuation.model_validate_json(value) for value in values if b'"punctuation"' in value]
    return max((it.below_ms for it in made if it.source_partition == number), default=0)


def test_the_label_of_a_customer_alone_on_a_silent_number_comes_by_the_time_of_the_others(impatient):
    bank = impatient
    silent, busy = (living_on(number, bank.settings.partitions) for number in (0, 1))
    bank.send(
        event("customers", wire_form("customers", customer_id=silent, consents=CONSENTS, occurred_at=after())),
        event("transactions", wire_form("transactions", customer_id=silent, occurred_at=after())),
    )
    bank.drain()
    assert examples_of(bank, silent) == []
    bank.send(
        *[
            event("transactions", wire_form("transactions", customer_id=busy, occurred_at=after(days=day)))
            for day in range(DAYS)
        ]
    )
    bank.drain()
    # Number 2 has no customer at all: it holds nobody back.
    first = until(lambda: examples_of(bank, silent), "his first snapshot matures")[0]
    assert first.label == 1, "silent for more than thirty days"
    assert first.due_ms < after(days=DAYS)
    until(lambda: promised_ms(bank, 0) > first.due_ms, "the trainers are promised that nothing older comes")
    marks = bank.records(f"{bank.settings.namespace}.clocks")
    last = {mark.partition: mark for mark in (ClockMark.model_validate_json(record.value) for record in marks)}
    assert last[0].clock_ms < last[1].clock_ms, "what is told is what came there alone"
    assert last[2].clock_ms is None
