"""A file of transactions through load and the core, row by row, for figures on published data sets."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from models.policy import load_policy
from models.sentiment import Sentiment
from schemas.times import parse_rfc3339
from stream_app.files.load import convert, key_of
from stream_app.files.mapping import load_mapping
from stream_app.offline.local import Line, LocalRuntime
from stream_app.settings import CHECKOUT, Settings

if TYPE_CHECKING:
    from schemas.profile import Profile

MAPPINGS = CHECKOUT / "deploy" / "mappings"
# Customers who send nothing are graded monthly here, not weekly: nothing of what is read hangs on it, and it is half
# the time.
TAGS: Mapping[str, Any] = {"again_after_days": 30}


class PlayedFile:
    """What the profiles say while the rows of a file are played; nothing is learned or sent."""

    def __init__(self, path: Path, mapping: str, home_currency: str) -> None:
        """Read `path` by the mapping of that name in deploy/mappings. Raises `FileNotFoundError` without the file."""
        if not path.exists():
            raise FileNotFoundError(2, "no such file", str(path))
        settings = Settings.load()
        self._events = convert(path, load_mapping(MAPPINGS / mapping))
        self._runtime = LocalRuntime(
            load_policy(settings.policy_dir, {"bank": {"home_currency": home_currency}, "tags": TAGS}),
            partitions=settings.partitions,
            seed=settings.seed,
            learning=False,
            analyse=_no_texts,
            on_effect=lambda _effect: None,
            on_dead_letter=_stop,
        )
        self.profiles: Mapping[str, Profile] = self._runtime.tables["profiles"].values

    def rows(self, until_ms: int | None = None) -> Iterator[str]:
        """Play the rows that happened up to a time (all if None) and yield after each whose it was.

        Raises `ValueError` where one becomes a dead letter.
        """
        for number, (topic, event) in enumerate(self._events, 1):
            if until_ms is None or parse_rfc3339(event["occurred_at"]) <= until_ms:
                customer = key_of(topic, event)
                self._runtime.take(Line(topic, orjson.dumps(event), customer.encode()), number)
                yield customer


def _no_texts(_text: str, _language: str | None) -> Sentiment:
    raise AssertionError("transactions have no text")


def _stop(letter: object) -> None:
    raise ValueError(f"a row became a dead letter: {letter}")
