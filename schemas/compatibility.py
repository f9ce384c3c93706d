"""Tell whether a new JSON Schema still accepts what was written under the old one.

That is BACKWARD compatibility: readers are upgraded first.

`breaking_changes(old, new)` is a pure comparison of two exported schemas: everything that the old one accepts the new
one must accept. It knows the keywords that our models export, and refuses what it does not know how to compare.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_MUST_STAY = ("pattern", "format", "discriminator")
_WORDS_ONLY = {"title", "description", "default", "$defs", "examples"}
_COMPARED = {
    "type", "enum", "const", "properties", "required", "items", "additionalProperties", "anyOf", "oneOf", "$ref",
    *_LOWER_BOUNDS, *_UPPER_BOUNDS, *_MUST_STAY,
}  # fmt: skip
_UNION = ("anyOf", "oneOf")


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Say what of the old schema the new one refuses, one line each with the path; empty when compatible."""
    return list(_compare(old, new, old, new, "$"))


def _compare(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    unknown = (old.keys() | new.keys()) - _COMPARED - _WORDS_ONLY
    if unknown:
        yield f"{path}: cannot compare {', '.join(sorted(unknown))}"
    elif _members(old) or _members(new):
        yield from _compare_unions(old, new, old_root, new_root, path)
    else:
        yield from _compare_values(old, new, path)
        yield from _compare_bounds(old, new, path)
        yield from _compare_parts(old, new, old_root, new_root, path)


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Follow a reference into the definitions of its document."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _members(schema: Schema) -> list[Schema]:
    return next((schema[keyword] for keyword in _UNION if keyword in schema), [])


def _compare_unions(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    """Each old member must be accepted whole by some new member."""
    for number, member in enumerate(_members(old) or [old]):
        found = [list(_compare(member, candidate, old_root, new_root, path)) for candidate in _members(new) or [new]]
        if all(found):
            yield f"{path}: alternative {number} is no longer accepted ({min(found, key=len)[0]})"


def _compare_values(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if "type" in new and new["type"] != old.get("type") and (old.get("type"), new["type"]) != ("integer", "number"):
        yield f"{path}: type {old.get('type', 'any')} became {new['type']}"
    allowed = _allowed(new)
    if allowed is not None:
        before = _allowed(old)
        removed = ["anything else"] if before is None else [value for value in before if value not in allowed]
        if removed:
            yield f"{path}: no longer allowed: {', '.join(map(str, removed))}"


def _allowed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _compare_bounds(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for keyword in _LOWER_BOUNDS:
        if keyword in new and not (keyword in old and old[keyword] >= new[keyword]):
            yield f"{path}: {keyword} {old.get(keyword, 'none')} became {new[keyword]}"
    for keyword in _UPPER_BOUNDS:
        if keyword in new and not (keyword in old and old[keyword] <= new[keyword]):
            yield f"{path}: {keyword} {old.get(keyword, 'none')} became {new[keyword]}"
    for keyword in _MUST_STAY:
        if keyword in new and old.get(keyword) != new[keyword]:
            yield f"{path}: {keyword} changed"


def _compare_parts(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{path}.{name}: became required"
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(before.keys() - after.keys()):
        yield f"{path}.{name}: was removed"
    for name in sorted(before.keys() & after.keys()):
        yield from _compare(before[name], after[name], old_root, new_root, f"{path}.{name}")
    for keyword in ("items", "additionalProperties"):
        if isinstance(new.get(keyword), dict):
            yield from _compare(old.get(keyword) or {}, new[keyword], old_root, new_root, f"{path}.{keyword}")
