"""What a source partition promises the trainers about examples that are still to come from it."""

from schemas.internal import Punctuation


def punctuation(
    model: str, source_partition: int, clock_ms: int | None, earliest_due_ms: int | None, *, idle: bool
) -> Punctuation:
    """Promise what a source partition can: nothing with maturity below min(clock, earliest due not yet processed).

    `clock_ms` is the partition number's clock (None: none yet, so it promises nothing), `earliest_due_ms` the lowest
    next due of its customers as delivered. `idle`: all its topics are read to their end and nothing at all is due.
    """
    known = [moment for moment in (clock_ms, earliest_due_ms) if moment is not None]
    below_ms = 0 if clock_ms is None else max(0, min(known))
    return Punctuation(
        model=model, source_partition=source_partition, below_ms=below_ms, idle=idle and earliest_due_ms is None
    )
