"""The versions that lie in `crm.models`, and the ledger beside them, as whoever reads the topic holds them."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from models.learning.learner import BadSnapshotError
from models.training.record_keys import EVENT, FIRST_SERVED, MANIFEST, is_number, place_of, record_key
from models.training.snapshots import UNBORN, Age, Manifest, Stored, assemble, for_serving

LeftOut = Callable[[str, int, BadSnapshotError], None]
"""Hears of a model's version that is no good, and why."""


class Shelf:
    """The versions that lie in `crm.models`, built up record by record; holds only what may still be needed."""

    def __init__(
        self, keep: int, *, ledger: int | None = 0, serving: bool = False, left_out: LeftOut = lambda *_: None
    ) -> None:
        """Keep the last `keep` complete versions of each model, and the last `ledger` entries put (None: all).

        `serving`: of a version that tells apart what it is served by, only that is kept and read. `left_out` hears of
        a version whose manifest came and which is incomplete or damaged: an older one serves on.
        """
        self._keep = keep
        self._serving = serving
        self._left_out = left_out
        self._most_events = ledger
        self._parts: dict[tuple[str, int], dict[str, bytes]] = {}  # who had the last record comes last
        self._complete: dict[tuple[str, int], Age] = {}
        self._pinned: dict[str, int] = {}  # by the last version of each model
        self._ledgers: dict[str, dict[str, bytes]] = {}  # by model and key, in the order in which they were put

    def put(self, key: str, value: bytes | None) -> Stored | None:
        """Take one record (a None value deletes it); returns the version that it completes, if it does.

        Keys and values that are none of ours, and versions that are damaged, are left out: an older one serves on.
        """
        place = place_of(key)
        if place is None:
            return None
        model, version, part = place
        if part.startswith(EVENT):
            self._note(model, key, value)
            return None
        if value is None:
            self._forget(model, version, part)
            return None
        parts = self._parts[model, version] = self._parts.pop((model, version), {})
        if self._serving and FIRST_SERVED in parts and is_number(part):
            return None
        if parts.get(part) != value:
            self._complete.pop((model, version), None)
            if part == FIRST_SERVED:
                parts.clear()  # a version begins with it: the others are of an earlier one of that number
        parts[part] = value
        stored = self._arrived(model, version) if part == MANIFEST else None
        if part == MANIFEST and stored is None:
            del self._parts[model, version]
        if stored is not None:
            self._complete[model, version] = stored.manifest.age
            self._pinned[model] = stored.pinned
        self._drop_old(model)
        return stored

    def latest(self, model: str) -> Stored | None:
        """Give the newest complete version of a model."""
        return next(self.newest_first(model), None)

    def stored(self, model: str, version: int) -> Stored | None:
        """Give one version, if it is complete and sound."""
        parts = self._parts.get((model, version), {})
        try:
            return for_serving(model, version, parts, alone=True) if self._serving else assemble(model, version, parts)
        except BadSnapshotError as error:
            if parts:
                self._left_out(model, version, error)
            return None

    def _arrived(self, model: str, version: int) -> Stored | None:
        """Give a version that has just come, if it is complete and sound; unpacked only as far as it is served by."""
        try:
            return for_serving(model, version, self._parts[model, version], alone=self._serving)
        except BadSnapshotError as error:
            self._left_out(model, version, error)
            return None

    def versions(self, model: str) -> tuple[Manifest, ...]:
        """List the complete versions of a model, oldest first."""
        return tuple([stored.manifest for stored in self.newest_first(model)][::-1])

    def newest_first(self, model: str) -> Iterator[Stored]:
        """Give the complete versions of a model; each is put together when its turn comes."""
        for version in reversed(self._last_complete(model)):
            stored = self.stored(model, version)
            if stored is not None:
                yield stored

    def has_event(self, key: str, value: bytes) -> bool:
        """Whether the ledger holds this entry as it is; a model that had to begin anew numbers from 1 again."""
        return self._ledgers.get(key.split("/", maxsplit=1)[0], {}).get(key) == value

    def events(self, model: str) -> list[dict[str, Any]]:
        """List the ledger of a model as far as it is kept, oldest first; what cannot be read is left out."""
        found = [_event(value) for value in self._ledgers.get(model, {}).values()]
        return sorted([event for event in found if event], key=lambda event: event["number"])

    def models(self) -> tuple[str, ...]:
        """List the models of which something lies here."""
        return tuple(sorted({model for model, _ in self._parts}))

    def superseded(self, model: str, newest: int) -> Iterator[str]:
        """Name the keys to delete once version `newest` is out: all that is older than the last to be kept.

        How many lie between two numbers says nothing here, since most versions are overtaken before they are sent.
        """
        ages = self._complete
        ours = ages.get((model, newest), UNBORN)
        kept = [version for version in self._last_complete(model) if ages[model, version] <= ours][-self._keep :]
        if len(kept) < self._keep:
            return
        oldest_ms, _ = oldest = ages[model, kept[0]]
        for name, version in sorted(self._parts):
            older = ages.get((name, version), (oldest_ms, version)) < oldest  # of half-sent ones only numbers tell
            if name == model and older and version != self._pinned.get(model):
                yield from (record_key(model, version, part) for part in sorted(self._parts[name, version]))

    def _last_complete(self, model: str) -> list[int]:
        """List the numbers of the complete versions, oldest first."""
        ages = self._complete
        return [version for _, version in sorted([ages[place] for place in ages if place[0] == model])]

    def _note(self, model: str, key: str, value: bytes | None) -> None:
        if self._most_events == 0:
            return
        ledger = self._ledgers.setdefault(model, {})
        ledger.pop(key, None)
        if value is not None:
            ledger[key] = value
        if self._most_events is not None and len(ledger) > self._most_events:
            del ledger[next(iter(ledger))]

    def _forget(self, model: str, version: int, part: str) -> None:
        self._complete.pop((model, version), None)
        parts = self._parts.get((model, version), {})
        parts.pop(part, None)
        if not parts:
            self._parts.pop((model, version), None)

    def _drop_old(self, model: str) -> None:
        """Bound the memory also where nobody deletes: twice what is kept, and the half-sent ones with them."""
        kept = {*self._last_complete(model)[-self._keep :], self._pinned.get(model)}
        others = [version for name, version in self._parts if name == model and version not in kept]
        for version in others[: -self._keep]:
            del self._parts[model, version]
            self._complete.pop((model, version), None)


def _event(value: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) and isinstance(event.get("number"), int) else {}
