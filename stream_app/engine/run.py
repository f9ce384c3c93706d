"""Run a worker in this process: Faust's own worker, without its web server, discovery and command line."""

import asyncio
import gc
import logging
import sys

import faust
import uvloop

from stream_app.engine.app import EngineApp
from stream_app.engine.connection import use_our_connections
from stream_app.engine.pins import check_pins

SWITCH_SECONDS = 0.000_5
"""How long a thread that waits for the interpreter lets the others be.

With Python's 5 ms the consumer's thread, which needs it several times a fetch, waited longer than an event takes.
"""


def run_worker(app: EngineApp, loglevel: str = "INFO") -> None:
    """Run until SIGTERM or SIGINT; raises `SystemExit`. Refuses to start on other versions than the pinned ones."""
    check_pins()
    use_our_connections()  # uvloop's errors are not all that aiokafka knows
    gc.set_threshold(50_000, 50, 1_000)
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # the consumer's thread makes its loop by it
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app.loop = loop
    worker = faust.Worker(app, loop=loop, loglevel=loglevel, override_logging=False, quiet=not sys.stdout.isatty())
    worker.spinner = None
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    worker.execute_from_commandline()
