"""Pickles that nobody but us can have made: signed with HMAC-SHA256, and never opened before the signature is checked.

To unpickle is to run what the bytes say. River's trees can be kept in no other way; a topic can be written by others.
The signature covers the namespace, whose state it is (model and challenger), and with which versions of Python and
River it was made: a state is neither put in another's place nor read by code that may not fit it. It does not cover the
version or what is plain in it. Who may write to the topic can put an older state of the same challenger back, beside
any plain numbers: the challenger is then worse than it says, and still nothing runs that we have not written.
"""

import hmac
import pickle
import sys
from copyreg import dispatch_table
from hashlib import sha256
from io import BytesIO
from typing import Any

from river.__version__ import __version__ as river_version
from river.proba import Gaussian

from models.learning.learner import DAMAGED, BadSnapshotError

SIGNATURE_BYTES = 32
LEAST_KEY_BYTES = 32
EARLIER_NAME = "models.sealing"
_MADE_BY = f"river {river_version}, python {sys.version_info.major}.{sys.version_info.minor}"


def _of_variance(variance: Any) -> Any:
    gaussian: Any = Gaussian(seed=0)  # type: ignore[no-untyped-call] # River types it in part
    gaussian._var = variance  # noqa: SLF001 - a test holds a restored tree against the first
    return gaussian


class _Pickler(pickle.Pickler):
    """Leaves out the random generator that each Gaussian of a tree carries and no tree asks: 95 % of its bytes."""

    dispatch_table = dispatch_table | {Gaussian: lambda gaussian: (_of_variance, (gaussian._var,))}  # noqa: SLF001


class _Unpickler(pickle.Unpickler):
    """Reads what was sealed when this module had another name, too."""

    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(__name__ if module == EARLIER_NAME else module, name)


class BadSealError(BadSnapshotError):
    """Bytes that were not signed with our key for this place: nothing of them was read."""


class Seal:
    """Signs and opens with one key."""

    def __init__(self, key: bytes, namespace: str = "") -> None:
        """Use `key` for what belongs to `namespace`. Raises `ValueError` where it is too short to protect anything."""
        if len(key) < LEAST_KEY_BYTES:
            raise ValueError(f"a key of at least {LEAST_KEY_BYTES} bytes is needed")
        self._key = key
        self._namespace = namespace

    def _signature(self, place: str, body: bytes) -> bytes:
        head = f"{self._namespace}\n{place}\n{_MADE_BY}\n".encode()
        return hmac.digest(self._key, len(head).to_bytes(4, "big") + head + body, sha256)

    def close(self, place: str, thing: Any) -> bytes:
        """Pickle and sign `thing` as the state of `place`."""
        written = BytesIO()
        _Pickler(written, protocol=5).dump(thing)
        body = written.getvalue()
        return self._signature(place, body) + body

    def open(self, place: str, sealed: bytes) -> Any:
        """Give the thing back. Raises `BadSealError`, before anything is unpickled, unless we signed it."""
        signature, body = sealed[:SIGNATURE_BYTES], sealed[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(place, body)):
            raise BadSealError(f"{place}: not signed with our key, or by another version of Python or River")
        try:
            return _Unpickler(BytesIO(body)).load()  # signed by us
        except (*DAMAGED, pickle.UnpicklingError, ImportError, EOFError) as error:
            raise BadSealError(f"{place}: signed by us, and not to be read by this code: {error!r}") from error
