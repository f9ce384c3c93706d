"""Effects of records that found no value and left none, until a checkpoint has delivered them.

Such a record has no guard, so a replay folds it again. But a value may come to its key before its effects are out (an
author is claimed), and a later record of the topic then moves a guard past it: a replay would skip it and find nothing
in the outbox. So the new value takes these effects into its outbox.
"""

from collections.abc import Callable, Iterable

from stream_app.engine.effects import Entry

Key = tuple[str, bytes]


class LooseEntries:
    """Undelivered effects without a value, by table and key; those of the batch under way apart."""

    def __init__(self) -> None:
        self._sealed: dict[Key, tuple[Entry, ...]] = {}
        self._open: dict[Key, tuple[Entry, ...]] = {}

    def add(self, table: str, key: bytes, entries: Iterable[Entry]) -> None:
        """Remember what a record of the batch under way has staged."""
        self._open[table, key] = (*self._open.get((table, key), ()), *entries)

    def of(self, table: str, key: bytes) -> tuple[Entry, ...]:
        """Return what is remembered for the key, in order of staging."""
        if not (self._sealed or self._open):
            return ()
        return (*self._sealed.get((table, key), ()), *self._open.get((table, key), ()))

    def seal(self) -> None:
        """Close the batch under way."""
        for key, entries in self._open.items():
            self._sealed[key] = (*self._sealed.get(key, ()), *entries)
        self._open.clear()

    def abandon(self) -> None:
        """Forget what the batch under way has staged."""
        self._open.clear()

    def drop(self, is_acknowledged: Callable[[Entry], bool]) -> None:
        """Forget what has been delivered."""
        if self._sealed:
            held = {key: tuple(e for e in entries if not is_acknowledged(e)) for key, entries in self._sealed.items()}
            self._sealed = {key: entries for key, entries in held.items() if entries}
