"""A TCP proxy that misbehaves on request: delays, cuts, and loses one direction."""

import asyncio
from contextlib import suppress
from typing import Literal, Self

Direction = Literal["up", "down"]
"""Up is towards the server."""
CHUNK = 1 << 16


class Proxy:
    """Passes connections on to a server; the faults hold for all of them, also for those to come, until `heal`."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._delay = 0.0
        self._lost: frozenset[Direction] = frozenset()
        self._refusing = False
        self._cuts: list[tuple[Direction, int]] = []
        self._healed = asyncio.Event()
        self._links: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._server: asyncio.Server | None = None
        self.cuts_done = 0
        """How many connections were cut by `cut_after`."""
        self.losses = 0
        """How many times a connection has lost data by `lose`."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        self._cut_all()
        self._healed.set()
        await asyncio.gather(*self._links, return_exceptions=True)

    # -- faults -------------------------------------------------------------------------------------------------------

    def delay(self, seconds: float) -> None:
        """Hold back each piece of data for so long, both ways."""
        self._delay = seconds

    def lose(self, *directions: Direction) -> None:
        """Let nothing through in these directions, as a network does that drops packets; nobody is told."""
        self._lost = frozenset(directions)
        self._healed.clear()

    def forget(self) -> None:
        """Let new connections through, and leave those that have lost data silent: a firewall that forgot them."""
        self._lost = frozenset()

    def refuse(self) -> None:
        """Cut all connections and refuse new ones."""
        self._refusing = True
        self._cut_all()

    def cut_after(self, size: int, direction: Direction, times: int = 1) -> None:
        """Cut a connection once `size` more bytes have passed it; what comes then is lost. So for `times` of them."""
        self._cuts += [(direction, size)] * times

    def heal(self) -> None:
        """End all faults; connections that have lost data are cut."""
        self._delay, self._refusing, self._cuts = 0.0, False, []
        self._lost = frozenset()
        self._healed.set()

    # -- connections --------------------------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links[task] = [writer]
        try:
            if not self._refusing:
                await self._pass(task, reader, writer)
        except OSError:
            pass  # the server is away: so is the connection
        finally:
            _close(self._links.pop(task))

    async def _pass(
        self, task: "asyncio.Task[None]", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        self._links[task].append(to_server)
        ways = {
            asyncio.create_task(self._pump("up", reader, to_server)),
            asyncio.create_task(self._pump("down", from_server, writer)),
        }
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        budget: int | None = None
        while chunk := await reader.read(CHUNK):
            if self._delay:
                await asyncio.sleep(self._delay)
            if direction in self._lost:
                self.losses += 1
                await self._healed.wait()
                return  # what was lost is missing: the connection cannot go on
            if budget is None:
                budget = self._take_cut(direction)
            if budget is not None:
                writer.write(chunk[:budget])
                await writer.drain()
                budget -= len(chunk)
                if budget <= 0:
                    self.cuts_done += 1
                    return
                continue
            writer.write(chunk)
            await writer.drain()

    def _take_cut(self, direction: Direction) -> int | None:
        for n, (way, size) in enumerate(self._cuts):
            if way == direction:
                del self._cuts[n]
                return size
        return None

    def _cut_all(self) -> None:
        for writers in self._links.values():
            _close(writers)


def _close(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        with suppress(OSError, RuntimeError):
            writer.transport.abort()
