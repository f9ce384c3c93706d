"""A worker that will get nowhere ends with 75 and one clear line, for its supervisor to start it again."""

import pytest

from tests.waiting import until

from . import lab as laboratory
from .lab import Lab, a_stream_of_events

pytestmark = pytest.mark.integration

LINES = {
    "stuck_consumer": b"records are unread, and nothing is under way",
    "dead_recovery": b"a rebalance has not ended",
    "lost_membership": b"Kafka answers, but has accepted no heartbeat",
}


@pytest.mark.slow
async def test_a_stuck_consumer_a_dead_recovery_and_a_lost_membership_end_the_worker(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(laboratory, "APP", laboratory.APP.with_name("variant_app.py"))
    workers = {}
    for variant in LINES:
        await lab.create({f"{lab.namespace}-{variant}-tallies-changelog": lab.partitions})
        workers[variant] = lab.worker(
            variant,
            VARIANT=variant,
            VARIANT_BREAK=str(lab.data / "break"),
            TALLY_APP=f"{lab.namespace}-{variant}",
        )
    ready = [worker for variant, worker in workers.items() if variant != "dead_recovery"]
    await until(lambda: all(w.log.exists() and b"Worker ready" in w.log.read_bytes() for w in ready), "both are ready")
    (lab.data / "break").touch()
    stuck = workers["stuck_consumer"].log
    await until(lambda: b"the fetch loop is stuck" in stuck.read_bytes(), "no fetch is under way any more")
    await lab.send(a_stream_of_events(500))
    assert {variant: await worker.ended() for variant, worker in workers.items()} == dict.fromkeys(LINES, 75)
    for variant, line in LINES.items():
        last = workers[variant].log.read_bytes().strip().splitlines()[-1]
        assert b"worker ends itself: exit=75" in last
        assert line in last, variant
