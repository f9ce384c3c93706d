"""Whether a message is one that a model's trainer can take, asked before it changes anything.

Anybody who may write to `crm.examples` can write anything there. What no learner can learn must be passed by when it
comes: met in the middle of a release it would stop the trainer, and then whoever takes the partition over.
"""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

from models.clv.model import MODEL as VALUE
from models.clv.model import Row
from models.features import FEATURES
from schemas.internal import ExampleRecord, ModelCommand, Punctuation

Message = ExampleRecord | Punctuation | ModelCommand


def unfit(message: Message, model: str, sources: int) -> str:
    """Say why the trainer of `model`, fed by so many source partitions, cannot take a message; "" where it can."""
    if message.model != model:
        return f"it is of the model {message.model}"
    if isinstance(message, Punctuation):
        known = message.source_partition < sources
        return "" if known else f"source partition {message.source_partition}: there are {sources}"
    if not isinstance(message, ExampleRecord):
        return ""
    if message.part != "whole" and model != "propensity":
        return "it is a part of an example, and the model learns whole ones"
    if not all(map(isfinite, message.features)) or not all(isfinite(value) for _, value in message.context):
        return "not all of its values are finite"
    return _CHECKS.get(model, _scored)(message)


def _scored(example: ExampleRecord) -> str:
    return _as_wide(example.features, len(FEATURES))


def _offered(example: ExampleRecord) -> str:
    if example.part == "early" and example.label is None:
        return "it is learned early, and nothing came true"
    if example.part == "verdict" and example.label is None:
        return ""  # nothing of it is learned, and of who is erased nothing is told
    return _scored(example) or ("" if example.about else "it names no action")


def _customer(example: ExampleRecord) -> str:
    """Check what becomes a row of the sample; one that no numbers can be fitted to would spoil every fit."""
    if example.label != 1:
        return ""  # it takes its customer out
    wrong = _as_wide(example.features, len(Row._fields))
    if wrong:
        return wrong
    row = Row(*example.features)
    in_order = min(row) >= 0 and row.first_day <= row.last_day <= row.seen_day
    return "" if in_order and (row.repeats > 0 or row.first_day == row.last_day) else "no customer can have bought so"


def _as_wide(features: Sequence[float], width: int) -> str:
    return "" if len(features) == width else f"it has {len(features)} features, and the model {width}"


_CHECKS: Mapping[str, Callable[[ExampleRecord], str]] = {"propensity": _offered, VALUE: _customer}
