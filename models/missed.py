"""Parts of examples that came to the trainer after their turn: what they tell is learned with the verdict instead.

An answer may be heard of a day late, and in the order of time its place is then taken; at the horizon it is known all
the same (`models.early`).
"""

from collections.abc import Iterable, Iterator

from schemas.internal import ExampleRecord

MAX_MISSED = 10_000  # further ones are lost: so many late answers want a longer lateness, or to wait for the horizon


class Missed:
    """Remembers them by their ids until their verdict."""

    def __init__(self, told: Iterable[str] = ()) -> None:
        """Begin with what `snapshot` told."""
        self._ids = set(told)

    def loses(self, late: ExampleRecord) -> bool:
        """Note what came after its turn; whether it is lost: the verdict can only make up for what came before it."""
        if late.part != "early":
            self._ids -= {late.early_id(0), late.early_id(1)}
            return True
        if len(self._ids) < MAX_MISSED:
            self._ids.add(late.example_id)
        return late.example_id not in self._ids

    def made_up(self, verdict: ExampleRecord) -> Iterator[ExampleRecord]:
        """Give the parts that the verdict makes up for: what was begun, and that it came true if it did."""
        for label in range(2):
            early_id = verdict.early_id(label)
            if early_id in self._ids:
                self._ids.remove(early_id)
                if verdict.label is not None and label <= verdict.label:
                    yield verdict.model_copy(update={"part": "early", "label": label, "example_id": early_id})

    def snapshot(self) -> list[str]:
        """Tell all ids."""
        return sorted(self._ids)
