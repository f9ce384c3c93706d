"""One model that a trainer holds: what it learned, and what of that waits to be sent."""

from models.training.published import Published
from models.training.release import Release
from models.training.snapshots import events_of
from stream_app.training.snapshots import ModelWriter

NEVER = float("-inf")


class Held:
    """A model for as long as this trainer has its partition; nothing of it outlives that, but for what was sent."""

    def __init__(self, release: Release) -> None:
        """Begin with nothing to send."""
        self.release = release
        self.unsent: Published | None = None
        self._unsent_events: dict[str, bytes] = {}  # of the ledger, also those of versions that `unsent` overtook
        self._sent_at = NEVER  # by the event loop's clock

    def keep(self, version: Published) -> None:
        """Keep a version for when it is time to send it; of those that it overtakes only the ledger's entries stay."""
        self.unsent = version
        self._unsent_events.update(events_of(version))

    def hurry(self) -> None:
        """Let what is unsent go out at the next occasion: somebody waits for it."""
        self._sent_at = NEVER

    async def send_due(self, writer: ModelWriter, now: float, every_seconds: float) -> None:
        """Send the version that waits, if one does and the last went out so long ago; the ledger's entries first."""
        version = self.unsent
        if version is None or now - self._sent_at < every_seconds:
            return
        await writer.write(version, self._unsent_events)
        self._sent_at = now
        self.unsent, self._unsent_events = None, {}
