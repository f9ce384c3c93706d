"""`rapport replay`: files of events through the same core, results as files; the same input gives the same bytes."""

import base64
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from models.policy import Policy
from models.sentiment import SentimentAnalyser, load_lexicon
from schemas.actions import Effect
from schemas.profile_view import view
from stream_app.offline.local import DeadLetter, Line, LocalRuntime
from stream_app.settings import Settings
from stream_app.topics import INPUT_NAMES, INPUTS, full_names

FILES = ("alerts", "offers", "arrivals", "decisions", "profiles", "dead_letters", "examples")


class BadLine(Exception):
    """A line of a replay file that is no record at all; the text names file and line."""


def read_lines(path: Path, namespace: str) -> Iterator[Line]:
    """Yield a file's records. A line is `{"topic", "value"}`, optionally with "timestamp" (ms), "key", "headers".

    `"raw"` (base64) stands in place of `value` for bytes that are no JSON. Raises BadLine and OSError.
    """
    prefix = f"{namespace}."
    with path.open("rb") as stream:
        for number, text in enumerate(stream, 1):
            if not text.strip():
                continue
            try:
                yield _line(orjson.loads(text), prefix)
            except KeyError as error:
                raise BadLine(f"{path}:{number}: no record: it has no {error}") from error
            except (TypeError, ValueError) as error:
                raise BadLine(f"{path}:{number}: no record: {error}") from error


def _line(entry: Any, prefix: str) -> Line:
    topic = _of_type(str, entry, "topic").removeprefix(prefix)
    if topic not in INPUT_NAMES:
        raise ValueError(f"topic {entry['topic']} is none of {', '.join(prefix + spec.logical for spec in INPUTS)}")
    key, timestamp_ms = _of_type(str, entry, "key", None), _of_type(int, entry, "timestamp", None)
    headers = _of_type(dict, entry, "headers", {})
    return Line(
        topic,
        _value(entry),
        key if key is None else key.encode(),
        tuple([(name, _of_type(str, headers, name).encode()) for name in headers]),
        timestamp_ms,
    )


def _value(entry: dict[str, Any]) -> bytes | None:
    if "raw" in entry:
        return base64.b64decode(_of_type(str, entry, "raw"), validate=True)
    # A null is an erasure on customers and empty elsewhere, as on Kafka.
    return None if entry["value"] is None else orjson.dumps(entry["value"])


def _of_type(wanted: type, entry: Any, name: str, *default: Any) -> Any:
    """Return a field of an entry; KeyError: missing and no default; TypeError: of another type."""
    found = entry.get(name, *default) if default else entry[name]
    if type(found) is not wanted and not (default and found is None):
        raise TypeError(f"{name} is no {wanted.__name__}")
    return found


class Results:
    """The files of one replay; topics and streams are named in them as they are live."""

    def __init__(self, directory: Path, settings: Settings, stack: ExitStack) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._namespace = settings.namespace
        self.topics = full_names(settings)
        self._files: dict[str, BinaryIO] = {
            name: stack.enter_context((directory / f"{name}.jsonl").open("wb")) for name in FILES
        }
        self.counts: Counter[str] = Counter()

    def write(self, name: str, body: bytes) -> None:
        """Add one line."""
        self._files[name].write(body + b"\n")
        self.counts[name] += 1

    def effect(self, effect: Effect) -> None:
        """Write an entry of a stream (its data nested), a decision or an example."""
        if effect.kind == "stream":
            fields = orjson.loads(effect.body)
            entry = {**fields, "stream": f"{self._namespace}:{effect.name}", "data": orjson.loads(fields["data"])}
            self.write(effect.name.partition(":")[0], orjson.dumps(entry))
        elif effect.name in FILES:
            self.write(effect.name, effect.body)

    def dead_letter(self, letter: DeadLetter) -> None:
        """Write a dead letter with the bytes as they came."""
        value = letter.line.value
        entry = {
            "topic": self.topics[letter.line.topic],
            "number": letter.number,
            "reason": letter.reason,
            "error": letter.error,
            "value": None if value is None else base64.b64encode(value).decode(),
        }
        self.write("dead_letters", orjson.dumps(entry))


def replay(
    files: Iterable[Path],
    directory: Path,
    settings: Settings,
    policy: Policy,
    on_progress: Callable[[int], None] = lambda _lines: None,
) -> dict[str, Any]:
    """Run the core over `files` in order and write DIR; return the summary.

    All files but summary.json are byte-identical for one input, policy and seed; that one tells seconds, too.
    """
    began = time.perf_counter()
    with ExitStack() as stack:
        results = Results(directory, settings, stack)
        runtime = LocalRuntime(
            policy,
            partitions=settings.partitions,
            seed=settings.seed,
            learning=settings.learning,
            analyse=_lazily(settings),
            on_effect=results.effect,
            on_dead_letter=results.dead_letter,
        )
        lines = 0
        for path in files:
            for line in read_lines(path, settings.input_namespace):
                lines += 1
                runtime.take(line, lines)
                if not lines % 1_000:
                    on_progress(lines)
        profiles = runtime.tables["profiles"].values
        for customer_id in sorted(profiles):
            results.write("profiles", orjson.dumps(view(profiles[customer_id], policy.home_currency)))
    models = runtime.trainer.summary()
    seconds = time.perf_counter() - began
    summary = {
        "lines": lines,
        "topics": _by_topic(runtime.counts, results.topics),
        "outcomes": dict(sorted(runtime.outcomes.items())),
        "written": dict(sorted(results.counts.items())),
        "policy": policy.hash,
        "seconds": round(seconds, 3),
        "events_per_second": round(lines / seconds, 1),
    }
    _write_json(directory / "models.json", models)
    _write_json(directory / "summary.json", summary)
    return {**summary, "models": models}


def _by_topic(counts: Counter[tuple[str, str]], names: Mapping[str, str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (topic, result), count in sorted(counts.items()):
        found.setdefault(names[topic], {})[result] = count
    return found


def _write_json(path: Path, value: Any) -> None:
    path.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


def _lazily(settings: Settings) -> Callable[[str, str | None], Any]:
    """Load the dictionaries at the first mention only: a second that a file of transactions need not pay."""
    loaded: list[SentimentAnalyser] = []

    def analyse(text: str, language: str | None) -> Any:
        if not loaded:
            loaded.append(SentimentAnalyser(load_lexicon(settings.policy_dir / "sentiment.toml")))
        return loaded[0].sentiment(text, language)

    return analyse
