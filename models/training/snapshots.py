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
from models.training.published import Published
from models.training.record_keys import MANIFEST, SERVED, record_key
from models.training.snapshot_shape import ManifestShape, check_fields

FORMAT = 1  # `ManifestShape` knows it
PART_BYTES = 1_000_000

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
