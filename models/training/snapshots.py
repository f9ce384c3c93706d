"""A model's version as records of `crm.models`: parts of at most 1 MB, then a manifest that makes them complete.

Keys are `model/version/part`; the manifest's part is called `manifest` and comes last. A version counts only when its
manifest is there and the parts have the manifest's checksum: a trainer that died half-way leaves nothing to adopt.

Workers read only its parts `served.<number>`, which are sent first: the scorer of who is on duty, as data. All that the
trainer needs to go on (learners, contest, frozen scorers) is many times as much, and would hold a worker's events up
while it is unpacked. A version without such parts, of an earlier trainer, is read as a whole.

A model that begins anew, since no version could be restored or the topic is another one, numbers from 1 again. So which
of two versions is the newer is said by event time, by how far they have learned, and by numbers only where that is the
same (`Manifest.age`): the new ones are taken up as soon as they have learned as far as the old ones had, by who runs on
and by who starts alike.

Beside them lies the ledger of promotions and returns (`models.contest.events`): part `event.<number>`, never deleted.
Where a model begins anew, what happens then takes the place of what has the same version and number.
"""

import hashlib
from collections.abc import Generator, Iterator, Mapping
from itertools import count, takewhile
from typing import Any, NamedTuple

import msgpack
import orjson

from models.contest.events import ledger_records
from models.learning.learner import DAMAGED, BadSnapshotError, Snapshot
from models.training.packing import pieces
from models.training.release import Published
from models.training.snapshot_shape import ManifestShape, check_fields

FORMAT = 1  # `ManifestShape` knows it
PART_BYTES = 1_000_000
MANIFEST = "manifest"
SERVED = "served."
FIRST_SERVED = f"{SERVED}0"
EVENT = "event."
MAX_VERSION = 2**53
MAX_DIGITS = 20

Age = tuple[int, int]  # maturity of the newest example that had its turn, in epoch ms, and number
UNBORN: Age = (-1, 0)
"""Below the age of any version."""


class Manifest(NamedTuple):
    """What a version is, for lists and reports; it follows from the state, so that equal states are equal bytes."""

    model: str
    version: int
    parts: int
    size: int
    checksum: str
    examples: int
    positives: int
    auc: float | None
    log_loss: float | None
    calibration_error: float | None
    served: str = ""  # checksum of its parts `served.*`; "" where there is none
    matured_ms: int = -1  # of the newest example that had its turn; -1 before the first, and where nobody told

    @property
    def age(self) -> Age:
        """By which versions of one model are ordered, whichever of its lives they are of."""
        return self.matured_ms, self.version


class Stored(NamedTuple):
    """A complete version as read back: its snapshot, or for a worker (`Shelf`) only what it serves by."""

    manifest: Manifest
    snapshot: Snapshot
    served: Snapshot | None = None

    @property
    def pinned(self) -> int:
        """Which version people have pinned by then, as far as nobody has checked; 0 where none is."""
        return pinned_in(self.snapshot) if self.served is None else _version_in(self.served.get("pinned"))


class _Sent(NamedTuple):
    """What a manifest says of the parts before it."""

    parts: int
    size: int
    checksum: str


def to_records(published: Published) -> Iterator[tuple[str, bytes]]:
    """Write a version as (key, value) records in the order in which they must be sent."""
    return (record for record in to_records_stepwise(published) if record is not None)


def to_records_stepwise(published: Published) -> Iterator[tuple[str, bytes] | None]:
    """Do as `to_records` does, and yield None after each piece that was packed: others may have their turn there."""
    served = ""
    if published.served is not None:
        served = (yield from _parts(published, SERVED, published.served)).checksum
    parts, size, checksum = yield from _parts(published, "", published.snapshot)
    manifest = Manifest(
        published.model,
        published.version,
        parts,
        size,
        checksum,
        *published.quality,
        served,
        published.matured_ms,
    )
    value = orjson.dumps({"format": FORMAT, **manifest._asdict()})
    yield record_key(published.model, published.version, MANIFEST), value


def _parts(published: Published, prefix: str, value: Snapshot) -> Generator[tuple[str, bytes] | None, None, _Sent]:
    """Pack a value, yield it cut to parts, and return what these are together."""
    packed, checksum, parts = bytearray(), hashlib.sha256(), 0
    for piece in pieces(value):
        packed += piece
        checksum.update(piece)
        yield None
    for start in range(0, len(packed), PART_BYTES):
        yield (
            record_key(published.model, published.version, f"{prefix}{parts}"),
            bytes(packed[start : start + PART_BYTES]),
        )
        parts += 1
    return _Sent(parts, len(packed), checksum.hexdigest())


def events_of(published: Published) -> list[tuple[str, bytes]]:
    """Write what a version remembers of its champion's ledger as records; they are sent before the version itself."""
    return ledger_records(published.model, published.snapshot["state"]["contest"]["events"]["last"])


def pinned_in(snapshot: Mapping[str, Any]) -> int:
    """Say which version people have pinned in a snapshot that nobody has checked; 0 where none is."""
    try:
        pinned = snapshot["state"]["contest"]["pinned"]
    except DAMAGED:
        return 0
    return _version_in(pinned)


def _version_in(said: Any) -> int:
    return said if type(said) is int and said >= 0 else 0


def _checksum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def record_key(model: str, version: int, part: str) -> str:
    """Name a record; versions have leading zeros, so that keys sort as versions do."""
    return f"{model}/{version:010d}/{part}"


class Shelf:
    """The versions that lie in `crm.models`, built up record by record; holds only what may still be needed."""

    def __init__(self, keep: int, *, ledger: int | None = 0, serving: bool = False) -> None:
        """Keep the last `keep` complete versions of each model, and the last `ledger` entries put (None: all).

        `serving`: of a version that tells apart what it is served by, only that is kept and read.
        """
        self._keep = keep
        self._serving = serving
        self._most_events = ledger
        self._parts: dict[tuple[str, int], dict[str, bytes]] = {}  # who had the last record comes last
        self._complete: dict[tuple[str, int], Age] = {}
        self._pinned: dict[str, int] = {}  # by the last version of each model
        self._ledgers: dict[str, dict[str, bytes]] = {}  # by model and key, in the order in which they were put

    def put(self, key: str, value: bytes | None) -> Stored | None:
        """Take one record (a None value deletes it); returns the version that it completes, if it does.

        Keys and values that are none of ours, and versions that are damaged, are left out: an older one serves on.
        """
        place = _place(key)
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
        if self._serving and FIRST_SERVED in parts and _is_number(part):
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
        except BadSnapshotError:
            return None

    def _arrived(self, model: str, version: int) -> Stored | None:
        """Give a version that has just come, if it is complete and sound; unpacked only as far as it is served by."""
        try:
            return for_serving(model, version, self._parts[model, version], alone=self._serving)
        except BadSnapshotError:
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


def assemble(model: str, version: int, parts: Mapping[str, bytes]) -> Stored:
    """Put a version's records together. Raises `BadSnapshotError`, which names what is missing or wrong."""
    manifest = _manifest_of(model, version, parts)
    return Stored(manifest, _unpacked(_body(parts, manifest)))


def for_serving(model: str, version: int, parts: Mapping[str, bytes], *, alone: bool) -> Stored:
    """Read what a version is served by, or all of it where it tells nothing apart.

    Unless that may be there `alone`, all other parts must be as they were sent too, though nobody unpacks them.
    Raises `BadSnapshotError`, which names what is missing or wrong.
    """
    manifest = _manifest_of(model, version, parts)
    if not manifest.served:
        return assemble(model, version, parts)
    if not alone:
        _body(parts, manifest)
    return Stored(manifest, {}, _served(parts, manifest))


def _manifest_of(model: str, version: int, parts: Mapping[str, bytes]) -> Manifest:
    manifest = _manifest(parts.get(MANIFEST))
    if (manifest.model, manifest.version) != (model, version):
        raise BadSnapshotError(f"model, version: {manifest.model}/{manifest.version} lies under {model}/{version}")
    return manifest


def _body(parts: Mapping[str, bytes], manifest: Manifest) -> bytes:
    body = b"".join([parts.get(str(number), b"") for number in range(manifest.parts)])
    if len(body) != manifest.size:
        raise BadSnapshotError(f"size: {len(body)} bytes, and the manifest says {manifest.size}")
    if _checksum(body) != manifest.checksum:
        raise BadSnapshotError("checksum: the parts have another")
    return body


def _served(parts: Mapping[str, bytes], manifest: Manifest) -> Snapshot:
    numbers = takewhile(lambda number: f"{SERVED}{number}" in parts, count())
    body = b"".join([parts[f"{SERVED}{number}"] for number in numbers])
    if _checksum(body) != manifest.served:
        raise BadSnapshotError(f"{SERVED}*: a part is missing, or they have another checksum")
    return _unpacked(body)


def _unpacked(body: bytes) -> Snapshot:
    try:
        snapshot = msgpack.unpackb(body, strict_map_key=False)
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:  # TypeError: a list as a key
        raise BadSnapshotError(f"(whole): cannot be unpacked: {error!r}") from error
    if not isinstance(snapshot, dict):
        raise BadSnapshotError("(whole): is no map")
    return snapshot


def _place(key: str) -> tuple[str, int, str] | None:
    words = key.split("/")
    if len(words) != 3 or not (_is_number(words[1]) and int(words[1]) <= MAX_VERSION):
        return None
    model, version, part = words[0], int(words[1]), words[2]
    numbered = _is_number(part.removeprefix(EVENT)) or _is_number(part.removeprefix(SERVED))
    if not (part == MANIFEST or numbered) or key != record_key(model, version, part):
        return None
    return model, version, part


def _is_number(word: str) -> bool:
    """Whether it is a number in plain digits, of which Python reads no more than some thousands."""
    return word.isascii() and word.isdecimal() and len(word) <= MAX_DIGITS


def _event(value: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) and isinstance(event.get("number"), int) else {}


def _manifest(value: bytes | None) -> Manifest:
    """Read a manifest. Raises `BadSnapshotError`, which names the field that is missing or wrong."""
    try:
        data = orjson.loads(value or b"")
    except orjson.JSONDecodeError as error:
        raise BadSnapshotError(f"manifest: {error}" if value else "manifest: is missing") from error
    check_fields(ManifestShape, data)
    return Manifest(**{name: data[name] for name in Manifest._fields if name in data})


def describe(manifest: Manifest) -> dict[str, Any]:
    """Give what a list of models shows of a version."""
    return {name: value for name, value in manifest._asdict().items() if name not in ("parts", "checksum", "served")}
