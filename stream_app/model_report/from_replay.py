"""What a replay's directory tells of its models: models.json, the matured examples, and the reasons in the profiles."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import orjson

from models.contest.track_record import EVERYBODY, Point, Row, told
from models.evaluation.meters import Meter
from models.policy import Policy, Text
from models.training.lags import lag_days
from stream_app.model_report.sheet import AS_SERVED, LAG_OF, ReasonSize, Sheet, Source

STRETCHES, LEAST_STRETCH, POSITIVES = 32, 100, 10  # positives in a stretch on average
SERVED = "as served"
SIZES = Text(
    zh="该原因对客户最近一次评分的平均贡献（对数几率），仅计每位客户最强的五项",
    en="mean size of what the reason adds to a customer's last score (log-odds), among his five strongest",
)
Examples = Sequence[Mapping[str, Any]]


def read_replay(directory: Path, policy: Policy) -> Source:
    """Read what `rapport replay --out DIR` wrote. Raises `OSError` and `ValueError` where it did not."""
    models = orjson.loads((directory / "models.json").read_bytes())
    summary = orjson.loads((directory / "summary.json").read_bytes())
    examples = _by_model(_lines(directory / "examples.jsonl"))
    reasons = _reasons(_lines(directory / "profiles.jsonl"), policy)
    sheets = [_sheet(name, models[name], examples[name], reasons.get(name, ())) for name in _in_order(models, policy)]
    return Source(f"replay in {directory.name}", tuple(sheets), summary["policy"], summary.get("outcomes", {}))


def _in_order(models: Mapping[str, Any], policy: Policy) -> list[str]:
    known = policy.models.names
    return sorted(models, key=lambda name: known.index(name) if name in known else len(known))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as stream:
        for text in stream:
            yield orjson.loads(text)


def _by_model(examples: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for example in examples:
        if example.get("part") != "early":  # they tell nothing that the verdict does not
            found[example["model"]].append(example)
    return found


def _sheet(name: str, figures: Mapping[str, Any], examples: Examples, reasons: Sequence[ReasonSize]) -> Sheet:
    served = sorted((e for e in examples if _was_served(e)), key=lambda e: (e["due_ms"], e["example_id"]))
    meter = Meter()
    for example in served:
        meter.update(example["label"] == 1, example["score"])
    kept = {key: value for key, value in figures.items() if key not in ("history", "events", "drift_marks")}
    return Sheet(
        model=name,
        figures=kept,
        champion=figures.get("champion", "logistic"),
        history=[*figures.get("history", ()), *stretches(served)],
        bins=meter.snapshot()["bins"],
        bins_of=AS_SERVED,
        reasons=reasons,
        reasons_of=SIZES,
        lag_days=Counter(lag_days(e["snapshot_ms"], e["due_ms"]) for e in examples if e["score"] is not None),
        lag_of=LAG_OF,
        events=figures.get("events", ()),
        drifts=figures.get("drift_marks", ()),
    )


def _was_served(example: Mapping[str, Any]) -> bool:
    return example["score"] is not None and bool(example["model_version"]) and example["label"] is not None


def stretches(served: Examples) -> list[dict[str, Any]]:
    """Judge what was served by stretches of equally many examples, in the order of their maturity.

    At most 32; long enough for some ten positives each, where there are so many. Rows are as `track_record.told` lists.
    """
    positives = sum(example["label"] == 1 for example in served)
    every = max(LEAST_STRETCH, ceil(len(served) / STRETCHES), ceil(POSITIVES * len(served) / max(1, positives)))
    points = []
    for start in range(0, len(served) - every + 1, every):
        stretch, meter = served[start : start + every], Meter()
        for example in stretch:
            meter.update(example["label"] == 1, example["score"])
        row = Row(SERVED, EVERYBODY, *meter.quality()[:5])
        points.append(Point(stretch[-1]["due_ms"], stretch[-1]["model_version"], SERVED, (row,)))
    return [{**row, "role": "served"} for row in told({"points": points})]


def _reasons(profiles: Iterable[Mapping[str, Any]], policy: Policy) -> dict[str, list[ReasonSize]]:
    """Average the size of each reason over all customers who have a score, per model."""
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    scored: Counter[str] = Counter()
    words = policy.reasons
    for profile in profiles:
        for model, score in profile["scores"].items():
            scored[model] += 1
            for reason in score["reasons"]:
                sizes[model][words.code_of(reason["code"])] += abs(reason["contribution"])
    return {
        model: [
            ReasonSize(code, words.code[code].zh, words.code[code].en, total / scored[model])
            for code, total in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
            if code in words.code
        ]
        for model, counted in sizes.items()
    }
