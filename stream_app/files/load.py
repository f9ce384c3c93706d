"""`rapport load`: rows of a CSV or JSON-lines file become events, by a mapping (`stream_app.files.mapping`) in TOML."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TextIO

import orjson

from models.evaluation.pace import PACE, Pace
from schemas.errors import BadMessage
from schemas.times import parse_rfc3339, to_rfc3339
from stream_app.files.arrival_order import Sent, Timed, in_order
from stream_app.files.mapping import AttributesRule, EventRule, FieldRule, MappingError, RowMapping, Source

Row = Mapping[str, object]  # by column: texts, and of JSON lines whatever was written; all are read as text
Number = int | float


def rows(path: Path, source: Source) -> Generator[Row, None, None]:
    """Yield the file's rows, sorted where the mapping asks for it; raises MappingError.

    Who does not read to the end closes it, and the file with it.
    """
    found = _as_they_come(path, source)
    column = source.sort
    if column is None:
        yield from found
        return
    try:
        ordered = sorted(found, key=lambda row: str(row[column]))
    except KeyError:
        raise MappingError(f"source.sort: no column {column!r}") from None
    yield from ordered


def _as_they_come(path: Path, source: Source) -> Iterator[Row]:
    number = 0
    with _text(path, source) as stream:
        for _ in range(source.skip_lines):
            if not stream.readline():
                raise MappingError(f"source.skip_lines: the file has fewer than {source.skip_lines} lines")
        try:
            for row in _READERS[source.format](stream, source):
                number += 1
                yield row
        except UnicodeDecodeError as error:
            said = f"not {source.encoding}: source.encoding says how the file is written (gb18030, for one)"
            raise MappingError(f"row {number + 1} or later: {said}") from error
        except (ValueError, csv.Error) as error:
            raise MappingError(f"row {number + 1}: {error}") from error


def _json_rows(stream: TextIO, source: Source) -> Iterator[Row]:
    for line in stream:
        if line.strip():
            row = orjson.loads(line)
            if not isinstance(row, dict):
                raise ValueError("no JSON object")
            yield row


def _whitespace_rows(stream: TextIO, source: Source) -> Iterator[Row]:
    for line in stream:
        if line.strip():
            yield _named(source.columns, line.split())


def _csv_rows(stream: TextIO, source: Source) -> Iterator[Row]:
    found = csv.reader(stream, delimiter=source.delimiter)
    names = source.columns or tuple(next(found, ()))
    for values in found:
        if not values:
            continue  # an empty line is no row
        try:
            row = _named(names, values)
        except ValueError as error:
            raise ValueError(f"line {source.skip_lines + found.line_num}: {error}") from None
        yield row


def _named(columns: tuple[str, ...], values: list[str]) -> Row:
    if len(values) != len(columns):
        raise ValueError(f"{len(values)} columns, not {len(columns)}")
    return dict(zip(columns, values, strict=True))


_READERS = {"csv": _csv_rows, "jsonl": _json_rows, "whitespace": _whitespace_rows}


def _text(path: Path, source: Source) -> TextIO:
    try:
        if source.member is None:
            return path.open(encoding=source.encoding, newline="")
        return io.StringIO(_member(path.read_bytes(), source.member).decode(source.encoding), newline="")
    except OSError as error:
        raise MappingError(str(error.strerror)) from error
    except (LookupError, UnicodeDecodeError) as error:
        raise MappingError(f"source.encoding: {error}") from error


def _member(archive: bytes, member: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return opened.read(member)
    except KeyError:
        raise MappingError(f"source.member: the archive has no {member}") from None
    except zipfile.BadZipFile:
        raise MappingError("source.member: the file is no zip archive") from None


class Mapper:
    """Turns rows into `(topic, event)`; it remembers how many rows each day had, nothing else."""

    def __init__(self, mapping: RowMapping) -> None:
        self._mapping = mapping
        self._on_day: dict[str, int] = {}
        self._pace = Pace()

    def events(self, row: Row, number: int) -> Iterator[Sent]:
        """Yield the events of one row; MappingError names the row and the field."""
        for _, sent in self.ruled(row, number):
            yield sent

    def ruled(self, row: Row, number: int) -> Iterator[tuple[EventRule, Sent]]:
        """Yield the events of one row, each with the rule that made it."""
        for rule in self._mapping.event:
            if any(str(row.get(column)) not in allowed for column, allowed in rule.when.items()):
                continue
            event = {name: self._value(name, field, row, number) for name, field in rule.fields.items()}
            if rule.attributes is not None:
                event["attributes"] = _attributes(rule.attributes, row, number)
                if rule.attributes.pace:
                    event["attributes"][PACE] = self._pace.next(_cells(rule.attributes.pace, row, number))
            if rule.delay_seconds:
                event["occurred_at"] = to_rfc3339(_occurred_ms(event, number) + 1_000 * rule.delay_seconds)
            yield rule, (rule.topic, {name: value for name, value in event.items() if value is not None})

    def _value(self, name: str, rule: str | FieldRule, row: Row, number: int) -> Any:
        template = rule if isinstance(rule, str) else rule.template
        try:
            text = template.format_map({**row, "row": number})
        except KeyError as error:
            raise MappingError(f"row {number}: {name}: no column {error}") from error
        if isinstance(rule, str):
            return text
        if rule.start is not None:
            return to_rfc3339(parse_rfc3339(rule.start) + 1_000 * rule.every_seconds * (number - 1))
        if text in rule.absent:
            return rule.default
        if rule.map is not None:
            return rule.map.get(text, rule.default)
        if rule.date is not None:
            return self._date(name, text, rule, number)
        return _number(name, text, number) if rule.number else text

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


def _attributes(rule: AttributesRule, row: Row, number: int) -> dict[str, str | Number]:
    columns = (*rule.words, *rule.numbers)
    return {
        column.lower(): _number(column, text, number) if column in rule.numbers else text
        for column, text in zip(columns, _cells(columns, row, number), strict=True)
        if text != ""
    }


def _cells(columns: Iterable[str], row: Row, number: int) -> tuple[str, ...]:
    told = [(column, row.get(column)) for column in columns]
    missing = [column for column, text in told if text is None]
    if missing:
        raise MappingError(f"row {number}: attributes: no column {missing[0]!r}")
    return tuple([str(text) for _, text in told])


def _occurred_ms(event: Mapping[str, Any], number: int) -> int:
    try:
        return parse_rfc3339(event["occurred_at"])
    except (KeyError, TypeError, BadMessage):
        raise MappingError(f"row {number}: occurred_at: what is delayed, or comes beside it, needs a time") from None


def _number(name: str, text: str, number: int) -> Number:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if type(value) is int or type(value) is float:
        return value
    raise MappingError(f"row {number}: {name}: {text!r} is not a number")


def convert(path: Path, mapping: RowMapping) -> Iterator[Sent]:
    """Yield `(topic, event)` for a whole file, what is delayed at its time; MappingError names file, row, field."""
    mapper = Mapper(mapping)
    with closing(rows(path, mapping.source)) as found:
        numbered = enumerate(found, 1)
        try:
            if any(rule.delay_seconds for rule in mapping.event):
                yield from in_order(_timed(mapper, numbered))
            else:
                for number, row in numbered:
                    yield from mapper.events(row, number)
        except MappingError as error:
            raise MappingError(f"{path}: {error}") from error


def _timed(mapper: Mapper, numbered: Iterable[tuple[int, Row]]) -> Iterator[Timed]:
    for number, row in numbered:
        for rule, sent in mapper.ruled(row, number):
            yield _occurred_ms(sent[1], number), rule.delay_seconds > 0, sent


def key_of(topic: str, event: Mapping[str, Any]) -> str:
    """Return the record key that an event wants; MappingError where the event lacks it."""
    try:
        return f"{event['platform']}:{event['author']}" if topic == "mentions" else str(event["customer_id"])
    except KeyError as error:
        raise MappingError(f"{topic}: the mapping gives an event no {error}, which its key is made of") from None
