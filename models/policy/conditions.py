"""Conditions over the named figures of a profile, written as short sentences: `"aum_minor >= 50_000_00"`.

The words on the left are the fixed vocabulary of `models.figures`; an unknown one is an error at load.
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from pydantic import model_validator

from models.figures import Figures, figure_of, is_figure
from models.policy.base import Part

SENTENCE = re.compile(r"([a-z0-9_]+(?::[A-Za-z0-9_.-]+)?) (>=|<=|>|<|==|!=) (-?[0-9][0-9_]*(?:\.[0-9]+)?)")


class Condition(Part):
    """One comparison of a figure with a number."""

    figure: str
    op: str
    value: float

    @model_validator(mode="before")
    @classmethod
    def _of_sentence(cls, sentence: Any) -> Any:
        found = SENTENCE.fullmatch(sentence) if isinstance(sentence, str) else None
        if found is None:
            raise ValueError('a condition is written "figure operator number", such as "aum_minor >= 50_000_00"')
        figure, op, number = found.groups()
        if not is_figure(figure):
            raise ValueError(f"unknown figure {figure!r}: models/figures.py lists those that exist")
        return {"figure": figure, "op": op, "value": float(number)}


Test = Callable[[Figures], bool]


class Conditions(Part):
    """All of `all`, at least one of `any` (if it names some), and none of `none`.

    A comparison does not hold while its figure is unknown.
    """

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()

    @cached_property
    def hold(self) -> Test:
        """Whether given figures meet the conditions.

        Compiled once to one Python expression: tens are asked for a decision or a look at the tags, and going from one
        comparison to the next in a loop took longer than all figures. The policy's own words do not get into it.
        """
        asked = tuple(dict.fromkeys(condition.figure for condition in self.all + self.any + self.none))
        every = [_compared(condition, asked) for condition in self.all]
        if self.any:
            every.append(f"({' or '.join(_compared(condition, asked) for condition in self.any)})")
        every += [f"not {_compared(condition, asked)}" for condition in self.none]
        figures = {f"figure{place}": figure_of(name) for place, name in enumerate(asked)}
        test: Test = eval(f"lambda figures: {' and '.join(every) or True}", figures)  # noqa: S307
        return test

    def figures(self) -> tuple[str, ...]:
        """List the figures that the conditions speak of, in the order of the file, each once."""
        return tuple(dict.fromkeys(condition.figure for condition in self.all + self.any))


def _compared(condition: Condition, asked: tuple[str, ...]) -> str:
    """Write a comparison: `((known := figure0(figures)) is not None and known >= 5000000.0)`."""
    figure = f"figure{asked.index(condition.figure)}(figures)"
    return f"((known := {figure}) is not None and known {condition.op} {condition.value!r})"
