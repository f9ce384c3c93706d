"""The worker's own port: /metrics, /healthz, /readyz, /version and /profiles/{id}."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from stream_app.settings import Metrics as MetricsSettings
from stream_app.settings import Tokens
from stream_app.telemetry.metrics import Metrics
from stream_app.tokens import PROFILE_ROLES, BadToken, read

Readiness = Callable[[], Awaitable[dict[str, Any]]]
ProfileLookup = Callable[[str], Awaitable[dict[str, Any] | None]]


@dataclass
class HealthServer:
    """Serves a worker's health; `readiness` returns its facts with `ready: bool` among them.

    `profile` answers /profiles/{id}, to bearers of a role that may see customers (`rapport token`).
    """

    settings: MetricsSettings
    metrics: Metrics
    readiness: Readiness
    profile: ProfileLookup
    tokens: Tokens
    before_scrape: Callable[[], None] = lambda: None
    port: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; `port` then holds the real port (settings may ask for any free one by 0)."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/version", self._version),
                web.get("/profiles/{customer_id}", self._profile),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _metrics(self, request: web.Request) -> web.Response:
        self.before_scrape()
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self.metrics.registry), headers={"Content-Type": content_type})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _readyz(self, _: web.Request) -> web.Response:
        facts = await self.readiness()
        return web.json_response(facts, status=200 if facts["ready"] else 503)

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": version("rapport")})

    async def _profile(self, request: web.Request) -> web.Response:
        try:
            bearer = read(self.tokens, request.headers.get("Authorization", ""))
        except BadToken as error:
            return _problem(401, str(error))
        if bearer.role not in PROFILE_ROLES:
            return _problem(403, f"the role {bearer.role} may not see profiles here")
        found = await self.profile(request.match_info["customer_id"])
        return web.json_response(found) if found is not None else _problem(404, "no such customer on this worker")


def _problem(status: int, title: str) -> web.Response:
    """Return an RFC 9457 problem document."""
    return web.json_response(
        {"type": "about:blank", "title": title, "status": status},
        status=status,
        content_type="application/problem+json",
    )
