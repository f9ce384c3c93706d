import copy

import pytest

from schemas.compatibility import breaking_changes

OLD = {
    "$defs": {"Part": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^a$", "maxLength": 5, "minLength": 2},
        "kind": {"enum": ["x", "y"], "type": "string"},
        "op": {"const": "x", "type": "string"},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "count": {"type": "integer"},
        "free": {},
        "part": {"$ref": "#/$defs/Part"},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}, "maxItems": 3},
        "maybe": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}], "default": None},
        "figures": {"type": "object", "additionalProperties": {"type": "number"}},
    },
    "required": ["id"],
}


def changed(path: str, **changes) -> dict:
    """The old schema with keywords of the part at the path changed; `...` leaves one out."""
    new = copy.deepcopy(OLD)
    part = new
    for step in filter(None, path.split("/")):
        part = part[int(step) if step.isdigit() else step]
    part.update(changes)
    for keyword in [name for name, value in changes.items() if value is ...]:
        del part[keyword]
    return new


BREAKING = {
    "a new required field": changed("", required=["id", "kind"]),
    "a new required field in a part": changed("$defs/Part", required=["n", "m"]),
    "a removed field": changed("", properties={k: v for k, v in OLD["properties"].items() if k != "kind"}),
    "a removed word": changed("properties/kind", enum=["x"]),
    "words where all were free": changed("properties/free", enum=["x"]),
    "another constant": changed("properties/op", const="z"),
    "another type": changed("properties/id", type="integer"),
    "a narrower type": changed("properties/share", type="integer"),
    "a type where all were free": changed("properties/free", type="string"),
    "a lower maximum": changed("properties/share", maximum=0.5),
    "a higher minimum": changed("properties/share", minimum=0.5),
    "a new bound": changed("properties/count", minimum=0),
    "a new upper bound": changed("properties/count", maximum=9),
    "a shorter text": changed("properties/id", maxLength=4),
    "a longer least text": changed("properties/id", minLength=3),
    "another pattern": changed("properties/id", pattern="^b$"),
    "a new pattern": changed("properties/kind", pattern="^x$"),
    "fewer items": changed("properties/parts", maxItems=2),
    "another type of items": changed("properties/parts", items={"type": "string"}),
    "another type behind a reference": changed("$defs/Part/properties/n", type="string"),
    "another type of further properties": changed("properties/figures", additionalProperties={"type": "string"}),
    "null no longer allowed": changed("properties/maybe", anyOf=[{"type": "string", "maxLength": 5}]),
    "an alternative narrowed": changed("properties/maybe/anyOf/0", maxLength=4),
    "one instead of alternatives": changed("properties/maybe", anyOf=..., type="string", maxLength=5),
    "a keyword that nobody knows how to compare": changed("properties/id", contentEncoding="base64"),
}

PASSING = {
    "nothing": OLD,
    "a new optional field": changed("properties", extra={"type": "string"}),
    "a field no longer required": changed("", required=[]),
    "a new word": changed("properties/kind", enum=["x", "y", "z"]),
    "words set free": changed("properties/kind", enum=...),
    "a constant that becomes one of several words": changed("properties/op", const=..., enum=["x", "z"]),
    "a higher maximum": changed("properties/share", maximum=2),
    "a bound removed": changed("properties/share", minimum=...),
    "integers that may be numbers": changed("properties/count", type="number"),
    "a type set free": changed("properties/count", type=...),
    "a pattern removed": changed("properties/id", pattern=...),
    "null now allowed": changed("properties/count", type=..., anyOf=[{"type": "null"}, {"type": "integer"}]),
    "another description": changed("properties/id", description="new", title="new", default="aa"),
    "a definition inlined": changed("properties", part=OLD["$defs"]["Part"]),
}


@pytest.mark.parametrize("new", BREAKING.values(), ids=BREAKING.keys())
def test_a_breaking_change_is_told(new: dict):
    assert len(breaking_changes(OLD, new)) == 1 or "Part" in str(new)
    assert breaking_changes(OLD, new)


@pytest.mark.parametrize("new", PASSING.values(), ids=PASSING.keys())
def test_a_change_that_accepts_all_that_was_accepted_passes(new: dict):
    assert breaking_changes(OLD, new) == []


def test_the_line_names_the_place():
    assert breaking_changes(OLD, BREAKING["a lower maximum"]) == ["$.share: maximum 1 became 0.5"]
