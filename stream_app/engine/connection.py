"""Connections to Kafka that are told of as broken when uvloop has closed them: aiokafka knows asyncio's word alone.

A broker that goes leaves a connection closed for a moment before aiokafka's reader hears of it. To who writes in that
moment asyncio says nothing, and the reader's news ends his request; uvloop raises RuntimeError, and aiokafka catches
OSError (its issue 1038). So whichever of its tasks was sending died without a word: the one that keeps the metadata,
without which no coordinator is found again, so that a worker accepted no heartbeat after an outage until the watchdog
ended it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiokafka import conn
from aiokafka.errors import KafkaConnectionError

CLOSED = "the handler is closed"


class Connection(conn.AIOKafkaConnection):  # type: ignore[misc]
    """A connection of aiokafka's on which a write that comes too late is an error of Kafka's."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Write a request, and return what waits for its answer."""
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:
            self._hear(error)
            raise

    def _send_sasl_token(self, payload: bytes, expect_response: bool = True) -> Any:
        try:
            return super()._send_sasl_token(payload, expect_response)
        except RuntimeError as error:
            self._hear(error)
            raise

    def _hear(self, error: RuntimeError) -> None:
        """Raise what aiokafka should have raised, if this is uvloop's word for it."""
        if is_closed(error):
            self.close(reason=conn.CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self._host}:{self._port} broken: {error}") from error


def is_closed(error: RuntimeError) -> bool:
    """Tell whether uvloop says that a connection is closed."""
    return CLOSED in str(error)


@contextmanager
def closed_is_an_os_error() -> Iterator[None]:
    """Raise ConnectionError where uvloop says that a connection is closed, for whom knows asyncio's word alone."""
    try:
        yield
    except RuntimeError as error:
        if is_closed(error):
            raise ConnectionError(str(error)) from error
        raise


def use_our_connections() -> None:
    """Let all clients of this process make connections of ours from now on."""
    conn.AIOKafkaConnection = Connection
