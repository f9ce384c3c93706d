"""Conditions over the named figures of a profile, written as short sentences: `"aum_minor >= 50_000_00"`.

The words on the left are the fixed vocabulary of `models.figures`; an unknown one is an error at load.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import model_validator

from models.figures import ARGUMENTS, FAMILIES, FIGURES, Figures, figure_of, is_figure
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
            raise ValueError(f"unknown figure {figure!r}{_hint(figure)}")
        return {"figure": figure, "op": op, "value": float(number)}


def _hint(figure: str) -> str:
    """Help whoever mistyped a figure: what may stand after its colon, or the name that is nearest."""
    word, _, _ = figure.partition(":")
    if word in ARGUMENTS:
        return f": after {word}: comes one of {', '.join(sorted(ARGUMENTS[word]))}"
    near = get_close_matches(word, [*FIGURES, *(f"{family}:" for family in FAMILIES)], n=1)
    return f": did you mean {near[0]}?" if near else ": docs/policy.md lists those that exist"


class Conditions(Part):
    """All of `all`, at least one of `any` (if it names some), and none of `none`.

    A comparison does not hold while its figure is unknown.
    """

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()

    def figures(self) -> tuple[str, ...]:
        """List the figures that the conditions speak of, in the order of the file, each once."""
        return tuple(dict.fromkeys(condition.figure for condition in self.all + self.any))


Held = Callable[[Figures], list[bool]]


def compiled(table: Sequence[Conditions]) -> Held:
    """Compile a table of conditions to one function: of each in its order, whether it holds.

    Tens are asked for a decision or a look at the tags, many of them of the same figures: so each figure is found once,
    and no loop goes from one comparison to the next. Figures go by numbers: no word of the policy gets into the code.
    """
    asked = dict.fromkeys(one.figure for of in table for one in of.all + of.any + of.none)
    known = {figure: f"known{place}" for place, figure in enumerate(asked)}
    lines = [
        "def held(figures):",
        *[f"    {name} = find_{name}(figures)" for name in known.values()],
        f"    return [{', '.join(_written(of, known) for of in table)}]",
    ]
    names: dict[str, Any] = {f"find_{name}": figure_of(figure) for figure, name in known.items()}
    exec("\n".join(lines), names)  # noqa: S102
    return names["held"]  # type: ignore[no-any-return]


def _written(of: Conditions, known: Mapping[str, str]) -> str:
    """Write conditions as an expression, of two in `all`: `(known0 is not None and known0 >= 2.0) and (…)`."""

    def compared(one: Condition) -> str:
        return f"({known[one.figure]} is not None and {known[one.figure]} {one.op} {one.value!r})"

    parts = [compared(one) for one in of.all]
    if of.any:
        parts.append(f"({' or '.join(compared(one) for one in of.any)})")
    parts += [f"not {compared(one)}" for one in of.none]
    return " and ".join(parts) or "True"
