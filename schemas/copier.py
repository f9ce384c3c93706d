"""Copying an object with slots field by field, written out once for its class as `dataclasses` does `__init__`."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def copier_of(made: type[T]) -> Callable[[T], T]:
    """Write a function that copies an instance of a dataclass with slots: to go by names takes twice as long."""
    names = made.__match_args__  # type: ignore[attr-defined] # a dataclass has them
    lines = [f"    new.{name} = old.{name}" for name in names]
    scope = {"bare": object.__new__, "made": made}
    exec("\n".join(["def copy(old):", "    new = bare(made)", *lines, "    return new"]), scope)  # noqa: S102
    return scope["copy"]  # type: ignore[return-value]
