"""What a mapping file of `rapport load` may say: how rows are read, and which events become of each.

A mapping has `[source]` (format, delimiter, encoding, member of a zip) and one or more `[[event]]` tables: the topic,
an optional `when` (column = value), and `[event.fields]`, each a template over the row's columns (`"{account_id}"`) or
a table `{template = "{date}", map = {…}, date = "%y%m%d", spread = 1}`. The row's number is `{row}`.
`[event.attributes]` names the columns that become an interaction's attributes.
"""

import tomllib
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.errors import BadMessage
from schemas.times import parse_rfc3339


class MappingError(Exception):
    """A mapping or row that cannot be used; the text names the file, field or row."""


def _names_columns(template: str) -> str:
    """Let a template only name columns: what else Python's format can do is no part of a mapping."""
    for _, column, form, conversion in Formatter().parse(template):
        if column == "":
            raise ValueError("between braces stands the name of a column")
        if form or conversion or any(sign in (column or "") for sign in ".["):
            raise ValueError(f"between braces stands the name of a column and nothing else, not {column!r}")
    return template


Template = Annotated[str, AfterValidator(_names_columns)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """How the file is read; `columns` names them where the file has no header.

    `sort` names a column to sort by (as text, stable): a file kept by customer is then sent in the order of time.
    """

    format: Literal["csv", "jsonl", "whitespace"] = "csv"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8-sig"  # UTF-8; the mark with which Windows' programs begin it is passed over
    member: str | None = None
    columns: tuple[str, ...] = ()
    skip_lines: int = 0
    sort: str | None = None


class FieldRule(_Part):
    """One field of an event: a template, then a map of values, then a date format (its time zone is `zone`).

    `spread` moves a date-only time on by that many seconds times the row's number within its day, so that a file's
    order survives. `number` writes a JSON number. For a file without times, `start` (RFC 3339) is the first row's and
    each row comes `every_seconds` after the one before it. A value that is no text is the `default` of a template "".
    """

    template: Template
    map: dict[str, Any] | None = None
    default: Any = None
    date: str | None = None
    zone: str = Field(default="+00:00", pattern=r"^(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$")
    spread: int = 0
    start: str | None = None
    every_seconds: int = 0
    number: bool = False
    absent: tuple[str, ...] = ("",)

    @field_validator("start")
    @classmethod
    def _is_a_time(cls, start: str) -> str:
        try:
            parse_rfc3339(start)
        except BadMessage as bad:
            raise ValueError(bad.detail) from None
        return start


class AttributesRule(_Part):
    """Which columns an interaction's attributes come from, by their names in lower case; empty cells are left out.

    With `pace`, columns of which one at least changes from day to day, the attribute "pace" says how many rows there
    were that day so far and the day before (`models.evaluation.pace`).
    """

    words: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    pace: tuple[str, ...] = ()


class EventRule(_Part):
    """One event made of a row, if `when` (column = allowed values) holds.

    With `delay_seconds` it occurs (`occurred_at`), and is sent, so long after the row's other events.
    """

    topic: Literal["transactions", "interactions", "mentions", "customers", "outcomes"]
    when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    fields: dict[str, Template | FieldRule]
    attributes: AttributesRule | None = None
    delay_seconds: int = Field(default=0, ge=0)


class RowMapping(_Part):
    """A whole mapping file."""

    source: Source = Source()
    event: tuple[EventRule, ...] = Field(min_length=1)


def load_mapping(path: Path) -> RowMapping:
    """Read a mapping; MappingError names the file and the wrong key."""
    try:
        return RowMapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: it is not UTF-8: save the file in this encoding") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path}: {error}") from error
    except ValidationError as error:
        # A field is a text or a table: what is wrong inside the table says more than that it is no text.
        first = max(error.errors(include_url=False, include_input=False), key=lambda found: len(found["loc"]))
        where = ".".join(str(part) for part in first["loc"])
        raise MappingError(f"{path}: {where}: {first['msg']}") from error
