"""What is said of a worker that did not come up."""

import io
import logging

import pytest

from stream_app.logs import configure
from stream_app.settings import Settings
from stream_app.worker_app import WorkerApp
from stream_app.worker_process import STARTS, reason_of_end


@pytest.fixture
def log():
    """The log of a worker: what the standard library's loggers say, as the worker writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    configure(Settings.load(), written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


def crash(what: str) -> None:
    try:
        {}[what]
    except KeyError:
        logging.getLogger("w").exception("Crashed")


def test_the_reason_is_the_first_exception_and_not_what_stopping_says_behind_it(log):
    logging.getLogger("w").warning("Starting slowly")
    crash("no generation")
    crash("Event loop is closed")
    logging.getLogger("w").critical("Reraising")
    assert reason_of_end(log.getvalue().splitlines()) == "it ended with KeyError: 'no generation'"


def test_a_log_over_restarts_tells_the_last_one(log):
    crash("yesterday")
    logging.getLogger("w").warning(STARTS)
    crash("today")
    assert reason_of_end(log.getvalue().splitlines()) == "it ended with KeyError: 'today'"


def test_without_an_exception_it_is_the_last_line():
    assert reason_of_end(["1", "Traceback (most recent call last):", "ImportError: no module"]) == (
        "its last line: ImportError: no module"
    )


def test_a_start_is_known_by_how_the_worker_logs_it():
    assert f"[^-{WorkerApp.__name__}]: Starting..." == STARTS
