"""The proxy does to a connection what it is told, and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from stream_app.embedded.service import free_ports
from tests.faults.proxy import Proxy
from tests.turns import waits
from tests.waiting import until


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """In front of a server that echoes."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    target, port = free_ports(2)
    async with await asyncio.start_server(echo, "127.0.0.1", target), Proxy(port, target) as made:
        yield made


async def said(proxy: Proxy, data: bytes = b"hello") -> bytes:
    """What comes back, until as much has come as was sent or the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(data)
        return await reader.readexactly(len(data))
    except asyncio.IncompleteReadError as cut:
        return cut.partial
    except OSError:
        return b""
    finally:
        writer.transport.abort()


async def test_data_pass_both_ways(proxy: Proxy):
    assert await said(proxy, b"x" * 500_000) == b"x" * 500_000


async def test_a_refused_connection_ends_until_the_proxy_heals(proxy: Proxy):
    proxy.refuse()
    assert await said(proxy) == b""
    proxy.heal()
    assert await said(proxy) == b"hello"


async def test_an_answer_is_cut_after_so_many_bytes_once(proxy: Proxy):
    proxy.cut_after(2, "down")
    assert await said(proxy) == b"he"
    assert proxy.cuts_done == 1
    assert await said(proxy) == b"hello"


async def test_what_is_lost_in_one_direction_is_told_to_nobody_and_never_delivered(proxy: Proxy):
    proxy.lose("down")
    waiting = asyncio.create_task(said(proxy))
    await until(lambda: proxy.losses > 0, "the answer is lost")
    assert await waits(waiting)
    proxy.heal()
    assert await waiting == b""
    assert await said(proxy) == b"hello"


async def test_data_are_delayed_each_way(proxy: Proxy):
    proxy.delay(0.1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await said(proxy) == b"hello"
    assert loop.time() - began >= 0.2


async def test_a_forgotten_connection_stays_silent_while_new_ones_work(proxy: Proxy):
    proxy.lose("up")
    waiting = asyncio.create_task(said(proxy))
    await until(lambda: proxy.losses > 0, "what was said is lost")
    proxy.forget()
    assert await said(proxy) == b"hello"
    assert await waits(waiting)
    proxy.heal()
    assert await waiting == b""
