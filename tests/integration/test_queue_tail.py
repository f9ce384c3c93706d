"""What `rapport queue tail -f` shows of a queue that has no entry yet, on a real Redis."""

import json
import os
import subprocess
import sys

import pytest
import redis

pytestmark = pytest.mark.integration


@pytest.fixture
def follower(redis_url, namespace):
    """The command, following the queues for fraud in a shell of its own."""
    environ = {**os.environ, "RAPPORT_REDIS__URL": redis_url, "RAPPORT_NAMESPACE": namespace}
    command = [sys.executable, "-m", "stream_app.cli", "queue", "tail", "fraud", "-f", "--json"]
    process = subprocess.Popen(
        command, env={**environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def test_who_follows_a_queue_sees_its_first_entry_too(follower, redis_url, namespace):
    told = follower.stderr.readline()
    assert told == "no stream has 'fraud' in its name; there is none yet; waiting for its first entry\n"

    with redis.Redis.from_url(redis_url) as client:
        client.xadd(f"{namespace}:alerts:offers:p1", {"id": "not asked for"})
        client.xadd(f"{namespace}:alerts:fraud:p2", {"id": "first", "data": '{"customer_id": "C1"}'})
        client.xadd(f"{namespace}:alerts:fraud:p2", {"id": "second", "data": '{"customer_id": "C2"}'})
    shown = [json.loads(follower.stdout.readline()) for _ in range(2)]
    assert [(entry["stream"], entry["id"], entry["data"]["customer_id"]) for entry in shown] == [
        (f"{namespace}:alerts:fraud:p2", "first", "C1"),
        (f"{namespace}:alerts:fraud:p2", "second", "C2"),
    ]
