"""The careful way from bytes to the data object: JSON and CloudEvents as docs/rules.md 15 and 16 want them.

`schemas.wire` takes it only when the straight way does not do: structured mode, fields to fill in, or a bad message.
"""

import base64
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic_core import from_json

from schemas.errors import BadMessage

MAX_NESTING = 64
Headers = Sequence[tuple[str, bytes | None]]

_STRUCTURED = b"application/cloudevents+json"
_ANY_CLOUDEVENTS = b"application/cloudevents"
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")
_MAX_INT_DIGITS = 400  # longer ones are as far beyond every bound as infinity


class Opened(NamedTuple):
    """A data object, and what its envelope says about id and time (None: says nothing)."""

    data: dict[str, Any]
    ce_id: str | None
    ce_time: str | None


def says_cloudevents(headers: Headers) -> bool:
    """Whether the content type is one of CloudEvents (structured or batch), so that the value is no bare data."""
    return _content_type(headers).startswith(_ANY_CLOUDEVENTS)


def open_envelope(value: bytes, headers: Headers) -> Opened:
    """Read the data object out of a value, in whichever mode its headers announce.

    Raises BadMessage `bad_json` or `bad_envelope`.
    """
    if not says_cloudevents(headers):
        attributes = binary_attributes(headers)
        return Opened(_object(parse_json(value)), attributes.get("id"), attributes.get("time"))
    document = parse_json(value)
    if _content_type(headers).partition(b";")[0].rstrip() != _STRUCTURED:
        raise BadMessage("bad_envelope", "content-type: neither batches nor other formats of CloudEvents are taken")
    return _structured(_object(document))


def binary_attributes(headers: Headers) -> dict[str, str]:
    """Give the `ce_` headers by attribute name; bytes that are no UTF-8 become characters that no id and time has."""
    return {
        name[3:].lower(): value.decode("utf-8", "replace")
        for name, value in headers
        if value is not None and name[:3].lower() == "ce_"
    }


def nests_too_deep(value: bytes) -> bool:
    """Whether brackets outside strings nest over 64; what is no JSON may say either.

    Each round takes the innermost pairs away, all of them in one pass, so that hostile input costs no loop of ours.
    """
    if value.count(b"[") + value.count(b"{") <= MAX_NESTING:
        return False
    brackets = _STRING.sub(b"", value).translate(_AS_SQUARE, _NOT_BRACKETS)
    for _ in range(MAX_NESTING):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return False
    return True


def parse_json(value: bytes) -> Any:
    """Parse JSON: the last of repeated keys wins, NaN and infinities pass (fields judge them).

    Raises BadMessage `bad_json` for a byte order mark, bad UTF-8, lone surrogates, nesting over 64, what is no JSON.
    """
    if nests_too_deep(value):
        raise BadMessage("bad_json", f"nested over {MAX_NESTING}")
    try:
        return from_json(value)
    except ValueError as error:
        if "number out of range" not in str(error):
            raise BadMessage("bad_json", "not JSON in UTF-8") from None
    return _parse_with_huge_numbers(value)


def _parse_with_huge_numbers(value: bytes) -> Any:
    """Parse JSON whose integers may have thousands of digits: valid, and too large for every field."""
    try:
        document = json.loads(value.decode(), parse_int=_bounded_int)
        json.dumps(document, ensure_ascii=False).encode()  # a lone surrogate cannot be encoded
    except ValueError:
        raise BadMessage("bad_json", "not JSON in UTF-8") from None
    return document


def _bounded_int(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_INT_DIGITS else float(digits)


def _object(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise BadMessage("bad_json", "not a JSON object")
    return document


def _content_type(headers: Headers) -> bytes:
    for name, value in headers:
        if value is not None and len(name) == 12 and name.lower() == "content-type":
            return value.strip().lower()
    return b""


def _structured(event: dict[str, Any]) -> Opened:
    if event.get("specversion") != "1.0":
        raise BadMessage("bad_envelope", "specversion: not 1.0")
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise BadMessage("bad_envelope", f"{name}: missing or not a text")
    data, encoded = event.get("data"), event.get("data_base64")
    if (data is None) == (encoded is None):
        raise BadMessage("bad_envelope", "data, data_base64: exactly one of them is needed")
    if encoded is not None:
        data = parse_json(_from_base64(encoded))
    return Opened(_object(data), event["id"], event.get("time"))


def _from_base64(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (ValueError, TypeError):
        raise BadMessage("bad_envelope", "data_base64: not base 64") from None
