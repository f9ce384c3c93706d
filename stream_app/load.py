"""`rapport load`: rows of a CSV or JSON-lines file become events, by a mapping in TOML.

A mapping has `[source]` (format, delimiter, encoding, member of a zip) and one or more `[[event]]` tables: the topic,
an optional `when` (column = value), and `[event.fields]`, each a template over the row's columns (`"{account_id}"`) or
a table `{column = "…", map = {…}, date = "%y%m%d", plus_row_seconds = true}`. The row's number is `{row}`.
"""

import csv
import datetime as dt
import io
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class MappingError(Exception):
    """A mapping or row that cannot be used; the text names the file, field or row."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """How the file is read; `columns` names them where the file has no header.

    `sort` names a column to sort by (as text, stable): a file kept by customer is then sent in the order of time.
    """

    format: Literal["csv", "jsonl", "whitespace"] = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    member: str | None = None
    columns: tuple[str, ...] = ()
    skip_lines: int = 0
    sort: str | None = None


class FieldRule(_Part):
    """One field of an event: a template, then a map of values, then a date format (its time zone is `zone`).

    `spread` moves a date-only time on by that many seconds times the row's number within its day, so that a file's
    order survives. `number` writes a JSON number.
    """

    template: str
    map: dict[str, Any] | None = None
    default: Any = None
    date: str | None = None
    zone: str = "+00:00"
    spread: int = 0
    number: bool = False
    absent: tuple[str, ...] = ("",)


class EventRule(_Part):
    """One event made of a row, if `when` (column = allowed values) holds."""

    topic: Literal["transactions", "interactions", "mentions", "customers", "outcomes"]
    when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    fields: dict[str, str | FieldRule]


class Mapping_(_Part):  # noqa: N801 - `Mapping` is taken by the standard library
    """A whole mapping file."""

    source: Source = Source()
    event: tuple[EventRule, ...] = Field(min_length=1)


def load_mapping(path: Path) -> Mapping_:
    """Read a mapping; MappingError names the file and the wrong key."""
    try:
        return Mapping_.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MappingError(f"{path}: {where}: {first['msg']}") from error


def rows(path: Path, source: Source) -> Iterator[dict[str, Any]]:
    """Yield the file's rows as column -> text, sorted where the mapping asks for it."""
    found = _as_they_come(path, source)
    if source.sort is None:
        return found
    column = source.sort
    return iter(sorted(found, key=lambda row: str(row[column])))


def _as_they_come(path: Path, source: Source) -> Iterator[dict[str, Any]]:
    with _text(path, source) as stream:
        for _ in range(source.skip_lines):
            next(stream)
        if source.format == "jsonl":
            yield from (orjson.loads(line) for line in stream if line.strip())
        elif source.format == "whitespace":
            yield from (dict(zip(source.columns, line.split(), strict=True)) for line in stream if line.strip())
        else:
            yield from csv.DictReader(stream, fieldnames=source.columns or None, delimiter=source.delimiter)


def _text(path: Path, source: Source) -> io.TextIOBase:
    try:
        if source.member is None:
            return path.open(encoding=source.encoding, newline="")
        raw = _member(path.read_bytes(), source.member)
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from error
    return io.StringIO(raw.decode(source.encoding), newline="")


def _member(archive: bytes, member: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        try:
            return opened.read(member)
        except KeyError as error:
            raise MappingError(f"the archive has no member {member}") from error


class Mapper:
    """Turns rows into `(topic, event)`; it remembers how many rows each day had, nothing else."""

    def __init__(self, mapping: Mapping_) -> None:
        self._mapping = mapping
        self._on_day: dict[str, int] = {}

    def events(self, row: Mapping[str, Any], number: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the events of one row; MappingError names the row and the field."""
        for rule in self._mapping.event:
            if any(str(row.get(column)) not in allowed for column, allowed in rule.when.items()):
                continue
            event = {name: self._value(name, field, row, number) for name, field in rule.fields.items()}
            yield rule.topic, {name: value for name, value in event.items() if value is not None}

    def _value(self, name: str, rule: str | FieldRule, row: Mapping[str, Any], number: int) -> Any:
        template = rule if isinstance(rule, str) else rule.template
        try:
            text = template.format_map({**row, "row": number})
        except (KeyError, IndexError, ValueError) as error:
            raise MappingError(f"row {number}: {name}: no column {error}") from error
        if isinstance(rule, str):
            return text
        if text in rule.absent:
            return rule.default
        if rule.map is not None:
            return rule.map.get(text, rule.default)
        if rule.date is not None:
            return self._date(name, text, rule, number)
        return orjson.loads(text) if rule.number else text

    def _date(self, name: str, text: str, rule: FieldRule, number: int) -> str:
        try:
            day = dt.datetime.strptime(text, rule.date or "").replace(tzinfo=dt.UTC)
        except ValueError as error:
            raise MappingError(f"row {number}: {name}: {text!r} is not a date like {rule.date}") from error
        if rule.spread:
            earlier = self._on_day.get(text, 0)
            self._on_day[text] = earlier + 1
            day += dt.timedelta(seconds=min(earlier * rule.spread, 86_399))
        return day.strftime("%Y-%m-%dT%H:%M:%S") + rule.zone


def convert(path: Path, mapping: Mapping_) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `(topic, event)` for a whole file, in its order."""
    mapper = Mapper(mapping)
    for number, row in enumerate(rows(path, mapping.source), 1):
        yield from mapper.events(row, number)


def key_of(topic: str, event: Mapping[str, Any]) -> str:
    """Return the record key that the contract wants for an event."""
    return f"{event['platform']}:{event['author']}" if topic == "mentions" else str(event["customer_id"])
