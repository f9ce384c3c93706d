"""One JSON object a line; a customer appears as a keyed hash, a payload never."""

import hashlib
import hmac
import logging
import sys
from typing import TextIO

import structlog

from stream_app.settings import Settings

HASH_CHARACTERS = 16


def configure(settings: Settings, stream: TextIO = sys.stderr) -> None:
    """Send structlog's and the standard library's records to `stream` as JSON lines.

    Control characters are escaped by JSON itself, so an id cannot forge a line.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for noisy in ("aiokafka", "faust", "mode", "jieba"):
        # Faust's DEBUG prints values; its INFO prints tables of topics.
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def customer_hash(customer_id: str, key: str) -> str:
    """Return the customer's id as a truncated keyed hash, fit for logs."""
    return hmac.new(key.encode(), customer_id.encode(), hashlib.sha256).hexdigest()[:HASH_CHARACTERS]
