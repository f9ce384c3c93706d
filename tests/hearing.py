"""The whole core in one process, with all that came out of it: lines in, entries and dead letters out."""

from typing import Any

import orjson

from schemas.internal import ExampleRecord
from stream_app.offline.local import DeadLetter, Line, LocalRuntime
from tests.customers import feelings
from tests.policies import default_policy


class Heard:
    """A runtime with all effects and dead letters that came out of it."""

    def __init__(self, **options: Any) -> None:
        self.effects: list[Any] = []
        self.letters: list[DeadLetter] = []
        usual = {"policy": default_policy(), "partitions": 2, "seed": 1, "learning": True, "analyse": feelings}
        self.runtime = LocalRuntime(
            on_effect=self.effects.append, on_dead_letter=self.letters.append, **{**usual, **options}
        )
        self._number = 0

    def take(self, topic: str, value: Any, **more: Any) -> "Heard":
        self._number += 1
        raw = value if isinstance(value, bytes) or value is None else orjson.dumps(value)
        self.runtime.take(Line(topic, raw, **more), self._number)
        return self

    def entries(self, *kinds: str) -> list[dict[str, Any]]:
        found = [orjson.loads(e.body) for e in self.effects if e.kind == "stream"]
        return [orjson.loads(entry["data"]) for entry in found if entry["type"] in kinds]

    @property
    def examples(self) -> list[ExampleRecord]:
        return [ExampleRecord.model_validate_json(effect.body) for effect in self.effects if effect.name == "examples"]

    def alerts(self) -> list[str]:
        return [alert["kind"] for alert in self.entries("crm.alert.raised")]

    @property
    def profiles(self) -> dict[str, Any]:
        return self.runtime.tables["profiles"].values
