"""The worker's port, asked over real HTTP."""

import aiohttp
import pytest

from stream_app.health import HealthServer
from stream_app.metrics import Metrics
from stream_app.settings import Metrics as MetricsSettings


class Facts:
    """What the worker would say of itself."""

    def __init__(self):
        self.ready = False

    async def __call__(self):
        return {"ready": self.ready, "restored": 10}


async def lookup(customer_id):
    return {"customer_id": customer_id} if customer_id == "C1" else None


@pytest.fixture
async def served():
    facts = Facts()
    server = HealthServer(MetricsSettings(port=0, token="t0ken"), Metrics(), facts, lookup)
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
        yield client, facts, server
    await server.stop()


async def test_healthz_answers_while_the_process_turns(served):
    client, _, _ = served
    async with client.get("/healthz") as answer:
        assert answer.status == 204


async def test_readyz_follows_the_facts_and_shows_them(served):
    client, facts, _ = served
    async with client.get("/readyz") as answer:
        assert (answer.status, (await answer.json())["restored"]) == (503, 10)
    facts.ready = True
    async with client.get("/readyz") as answer:
        assert answer.status == 200


async def test_metrics_are_in_the_format_that_was_asked_for(served):
    client, _, server = served
    server.metrics.set("crm_profiles", 3)
    async with client.get("/metrics") as answer:
        assert "crm_profiles 3.0" in await answer.text()
    async with client.get("/metrics", headers={"Accept": "application/openmetrics-text"}) as answer:
        assert (await answer.text()).endswith("# EOF\n")


async def test_a_profile_needs_the_token(served):
    client, _, _ = served
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer t0ken"}, 200),
    ):
        async with client.get("/profiles/C1", headers=headers) as answer:
            assert answer.status == status
    async with client.get("/profiles/C2", headers={"Authorization": "Bearer t0ken"}) as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


async def test_without_a_token_no_profile_is_shown():
    server = HealthServer(MetricsSettings(port=0), Metrics(), Facts(), lookup)
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client, client.get("/profiles/C1") as answer:
        assert answer.status == 403
    await server.stop()
