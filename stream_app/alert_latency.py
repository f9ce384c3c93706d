"""How long alerts take, as whoever reads the queue sees it: from sending an event to the entry on Redis."""

import orjson

from schemas.errors import BadMessage
from schemas.times import parse_rfc3339
from stream_app.simulate import Line

REMEMBERED_EVENTS = 100_000


class AlertLatency:
    """Remembers when the newest events were sent, and what alerts came of them.

    An alert that time brought about (a salary that did not come, a deadline that draws near) also names the event it
    hangs on, often one of weeks ago: it is none of these, and is told by an instant other than that of its event.
    """

    def __init__(self) -> None:
        self.ms: list[float] = []
        self._sent: dict[str, tuple[int, bytes]] = {}

    def sent(self, line: Line, now_ms: int) -> None:
        """Note that an event went out."""
        self._sent[line.event_id] = now_ms, line.value
        if len(self._sent) > REMEMBERED_EVENTS:
            del self._sent[next(iter(self._sent))]

    def raised(self, event_id: str, occurred_at: str, now_ms: int) -> None:
        """Note that an alert of that instant, raised on that event, can be read."""
        sent_ms, value = self._sent.get(event_id, (0, b""))
        if value and _instant(value) == parse_rfc3339(occurred_at):
            self.ms.append(now_ms - sent_ms)


def _instant(event: bytes) -> int | None:
    """When an event says it happened; None for one that does not say."""
    try:
        return parse_rfc3339(orjson.loads(event)["occurred_at"])
    except (orjson.JSONDecodeError, BadMessage, KeyError, TypeError):
        return None
