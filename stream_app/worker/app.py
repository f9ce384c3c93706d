"""The engine's app with what a worker runs beside it: health port, models, trainer, watch over the queues."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from stream_app.engine.app import EngineApp
from stream_app.engine.faust_settings import EngineSettings
from stream_app.engine.producer import Place
from stream_app.tasks import ended

if TYPE_CHECKING:
    import asyncio

Hook = Callable[[], Awaitable[None]]
Heard = Callable[[float], None]


class WorkerApp(EngineApp):
    """The engine's app, with what runs beside it from its start (health, models, trainer)."""

    def __init__(self, settings: EngineSettings, place: Place) -> None:
        super().__init__(settings, place=place)
        self.before_start: list[Hook] = []
        self.companions: list[Hook] = []
        self.before_stop: list[Hook] = []
        self.on_restored: Heard = lambda _seconds: None
        self._rebalance_began = 0.0
        self._running: list[asyncio.Future[None]] = []

    async def on_start(self) -> None:
        """Run what must be done before the first record, then start the companions."""
        for prepare in self.before_start:
            await prepare()
        await super().on_start()
        self.run_companions()

    def run_companions(self) -> None:
        """Start the companions; the failure of one is the failure of the app."""
        self._running += [self.add_future(companion()) for companion in self.companions]

    def on_rebalance_start(self) -> None:
        """Note when the tables began to be restored; runs in the consumer's thread."""
        self._rebalance_began = time.monotonic()
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        """Tell how long it took until the tables were restored (seconds)."""
        super().on_rebalance_end()
        self.on_restored(time.monotonic() - self._rebalance_began)

    async def on_stop(self) -> None:
        """End the companions, since they look into stores that close next; then finish the work under way."""
        await ended(self._running)
        await super().on_stop()
        for finish in self.before_stop:
            await finish()
