"""What is said of a worker that did not come up."""

import io
import logging

import pytest
from mode import Service

from stream_app.engine import fatal
from stream_app.engine.fatal import Exit, die
from stream_app.settings import Settings
from stream_app.telemetry.logs import configure
from stream_app.worker.process import reason_of_end


@pytest.fixture
def log():
    """The log of a worker: what the standard library's loggers say, as the worker writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    configure(Settings.load(), written)
    logging.getLogger("test").setLevel(logging.INFO)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


class WorkerApp(Service):
    """As far as mode is concerned: it has a name, starts and crashes."""

    abstract = False
    logger = logging.getLogger("test")

    def __init__(self, wrong: str) -> None:
        super().__init__()
        self.wrong = wrong

    @Service.task
    async def _work(self) -> None:
        {}[self.wrong]


async def a_start(wrong: str) -> None:
    """Start a service as Faust starts the worker's app, one level below another, and let it crash."""
    app = WorkerApp(wrong)
    app.beacon = Service().beacon.new(app)
    await app.start()
    await app.wait_until_stopped()


async def test_the_reason_is_what_crashed_and_neither_what_was_handled_nor_what_stopping_says(log):
    try:
        {}["handled"]
    except KeyError:
        logging.getLogger("test").exception("looked in vain")
    await a_start("no generation")
    logging.getLogger("test").critical("Reraising")
    assert reason_of_end(log.getvalue().splitlines()) == "it crashed with KeyError: 'no generation'"


async def test_a_log_over_restarts_tells_the_last_one(log):
    await a_start("yesterday")
    await a_start("today")
    assert reason_of_end(log.getvalue().splitlines()) == "it crashed with KeyError: 'today'"


def test_who_ends_himself_says_why(log, monkeypatch):
    monkeypatch.setattr(fatal.os, "_exit", lambda code: None)
    die(Exit.FENCED, "the group is at 4")
    assert reason_of_end(log.getvalue().splitlines()) == "it says: worker ends itself: exit=76 the group is at 4"


def test_without_a_reason_it_is_the_last_line():
    assert reason_of_end(["1", "Traceback (most recent call last):", "ImportError: no module"]) == (
        "its last line: ImportError: no module"
    )
