"""The engine on real Kafka and Redis, without faults: every effect of every event, once."""

from collections import Counter

import pytest

from stream_app.engine.records import Origin
from tests.waiting import until

from .lab import Lab, Sent, a_stream_of_events, expected_alerts, expected_tallies

pytestmark = pytest.mark.integration


async def test_events_become_values_alerts_and_outputs_and_the_worker_stops_clean(lab: Lab):
    await lab.send(a_stream_of_events(5_000))
    worker = lab.worker()
    await lab.caught_up()
    assert await worker.stop() == 0

    tallies = await lab.tallies()
    assert {key: (t.count, t.total, t.digest) for key, t in tallies.items()} == expected_tallies(lab.sent)
    assert Counter(i for i in await lab.alerts() if not i.startswith("due-")) == expected_alerts(lab.sent)
    outputs = await lab.records(f"{lab.namespace}.outputs")
    assert Counter(record.value.decode() for record in outputs) == expected_alerts(lab.sent)
    origins = {Origin.of(record.headers) for record in outputs}
    assert None not in origins
    assert len(origins) == len(outputs)


async def test_a_customer_who_sends_nothing_more_is_woken_when_due(lab: Lab):
    await lab.send([Sent("events", "quiet", "C1", 1_000_000, 1)])
    worker = lab.worker(TALLY_PARTITIONS="2")
    await lab.caught_up()
    assert await lab.alerts() == []
    # Same partition number, another customer, later than due plus the lateness: the clock moves on.
    await lab.send([Sent("events", f"later-{n}", f"C{n}", 2_000_000, 1) for n in range(2, 30)])
    await until(lambda: _has(lab, "due-C1-1060000"), "the timer of C1 fires")
    assert await worker.stop() == 0
    assert (await lab.alerts()).count("due-C1-1060000") == 1
    assert (await lab.tallies())["C1"].fired == 1


async def _has(lab: Lab, alert_id: str) -> bool:
    return alert_id in await lab.alerts()


async def test_two_topics_fold_into_one_value_per_key(two_topics: Lab):
    lab = two_topics
    await lab.send(a_stream_of_events(3_000))
    worker = lab.worker(TALLY_BATCH="200")
    await lab.send(a_stream_of_events(3_000, topic="others"))
    await lab.caught_up()
    assert await worker.stop() == 0
    wanted = {key: (count, total) for key, (count, total, _) in expected_tallies(lab.sent).items()}
    assert {key: (t.count, t.total) for key, t in (await lab.tallies()).items()} == wanted
    assert Counter(i for i in await lab.alerts() if not i.startswith("due-")) == expected_alerts(lab.sent)
