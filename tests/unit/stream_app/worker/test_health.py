"""The worker's port, asked over real HTTP."""

import time

import aiohttp
import pytest

from stream_app.settings import Metrics as MetricsSettings
from stream_app.settings import Tokens
from stream_app.telemetry.metrics import Metrics
from stream_app.tokens import make
from stream_app.worker.health import HealthServer

TOKENS = Tokens(key="a-key-for-tests-of-at-least-32-bytes")
JUST_NOW = int(time.time())  # PyJWT compares with the wall clock


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
    server = HealthServer(MetricsSettings(port=0), Metrics(), facts, lookup, tokens=TOKENS)
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


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", 401),
        ("Bearer forged", 401),
        (f"Bearer {make(TOKENS, 'ops', (), now_seconds=1_000)}", 401),
        (f"Bearer {make(TOKENS, 'greeter', ('branch:B001',), JUST_NOW)}", 403),
        (f"Bearer {make(Tokens(key='another-key-of-at-least-32-bytes!!'), 'ops', (), JUST_NOW)}", 401),
        (f"Bearer {make(TOKENS, 'ops', (), JUST_NOW)}", 200),
    ],
    ids=["none", "forged", "expired", "role", "key", "good"],
)
async def test_a_profile_needs_a_token_that_holds(served, authorization, status):
    client, _, _ = served
    async with client.get("/profiles/C1", headers={"Authorization": authorization}) as answer:
        assert answer.status == status


async def test_an_unknown_customer_is_a_problem_document(served):
    client, _, _ = served
    headers = {"Authorization": f"Bearer {make(TOKENS, 'ops', (), JUST_NOW)}"}
    async with client.get("/profiles/C2", headers=headers) as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
