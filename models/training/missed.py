"""Parts of examples that came to the trainer after their turn: what they tell is learned with the verdict instead.

An answer may be heard of a day late, and in the order of time its place is then taken; at the horizon it is known all
the same (`models.labels.early`). What stands here are ids of examples, so it goes as soon as it may: with the verdict,
which comes too when a customer is erased (`models.labels.early.let_go`), and where none ever comes, when any horizon is
over.
"""

from collections.abc import Iterable, Iterator

from models.learning.starts import MAX_ACTIONS, OTHER
from models.rings.windows import DAY_MS
from schemas.internal import ExampleRecord

MAX_MISSED = 10_000  # further ones are lost: so many late answers want a longer lateness, or to wait for the horizon
FORGET_MS = 70 * DAY_MS  # more than the longest horizon of an action and a lateness


class Missed:
    """Remembers them by their ids until their verdict; of those that are lost only how many, by action."""

    def __init__(
        self, told: Iterable[str | tuple[str, int]] = (), lost: Iterable[tuple[str, int]] = (), now_ms: int = -1
    ) -> None:
        """Begin with what `snapshot` and `lost` told; the first versions told no times: as if they came `now_ms`."""
        self._due_ms = dict([(part, now_ms) if isinstance(part, str) else part for part in told])
        self._lost = dict(lost)

    def loses(self, late: ExampleRecord, now_ms: int) -> bool:
        """Note what came after its turn; whether it is lost: the verdict can only make up for what came before it."""
        if late.part != "early":
            for label in range(2):
                self._due_ms.pop(late.early_id(label), None)
            return True
        if len(self._due_ms) >= MAX_MISSED:
            self._due_ms = dict(self.snapshot(now_ms))
        if len(self._due_ms) < MAX_MISSED:
            self._due_ms[late.example_id] = late.due_ms
        elif late.example_id not in self._due_ms:
            place = late.about if late.about in self._lost or len(self._lost) < MAX_ACTIONS else OTHER
            self._lost[place] = self._lost.get(place, 0) + 1
            return True
        return False

    def made_up(self, verdict: ExampleRecord) -> Iterator[ExampleRecord]:
        """Give the parts that the verdict makes up for: what was begun, and that it came true if it did."""
        for label in range(2):
            early_id = verdict.early_id(label)
            due_ms = self._due_ms.pop(early_id, None)
            if due_ms is None or verdict.due_ms - due_ms > FORGET_MS:
                continue
            if verdict.label is not None and label <= verdict.label:
                yield verdict.model_copy(update={"part": "early", "label": label, "example_id": early_id})

    def settles(self, verdict: ExampleRecord) -> bool:
        """Whether a verdict may count as an answer that was learned: of each part that was lost one may not.

        Nobody knows any more which one: so many as were lost of the action, at once.
        """
        for place in (verdict.about, OTHER):
            if place in self._lost:
                self._lost[place] -= 1
                if not self._lost[place]:
                    del self._lost[place]
                return False
        return True

    def snapshot(self, now_ms: int) -> list[tuple[str, int]]:
        """Tell all ids with their times, but for those whose verdict will never come."""
        return sorted([part for part in self._due_ms.items() if now_ms - part[1] <= FORGET_MS])

    def lost(self) -> list[tuple[str, int]]:
        """Tell how many are lost, by action."""
        return sorted(self._lost.items())
