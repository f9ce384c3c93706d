"""The figures of UCI Bank Marketing beside those measured elsewhere: `python -m stream_app.figures.bank_marketing`.

Without arguments: the champion at three delays of the label, and learning each yes when it comes, over five hashings of
what is known of a call (some five minutes). `--ablation`: what each of its parts does, beside the plain River recipe
(some three). `--replay`: the product itself, by what `rapport load --out` and `rapport replay` do, each call an
interaction with attributes in which a person offered a deposit (some three minutes). `--json` gives figures in the form
of `docs/figures.json`.
RAPPORT_SHARED_DATA names the folder of the data (default: `../shared/data` beside the checkout).
"""

import os
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from models.evaluation.meters import Meter
from models.evaluation.prequential import ANCHORS, ARCHIVE, DELAYS, Halves, Judged, bank_marketing, read_calls
from models.policy import DAY_MS, Policy, load_policy
from models.training.bookmark import Position
from models.training.learners import new_release
from schemas.internal import ExampleRecord, Punctuation
from schemas.partitioner import partition_for
from schemas.times import parse_rfc3339, to_rfc3339
from stream_app.figures.bank_calls import COMMAND, HORIZON, ablation, figures, judged_by_delay, judged_early
from stream_app.figures.figure_file import Figures, figure
from stream_app.files.load import convert
from stream_app.files.mapping import load_mapping
from stream_app.offline.replay import replay
from stream_app.settings import CHECKOUT, Settings

MAPPING = CHECKOUT / "deploy" / "mappings" / "bank_marketing.toml"
ACTION = "high_yield_savings"
# Customers who send nothing are graded monthly here, not weekly: no propensity hangs on it, and it is most of the time.
CALM = {"tags": {"again_after_days": 30}}


class Replayed(NamedTuple):
    """How good propensity was over the calls of a replay.

    `matured`: each example judged by the model as it was when the label came, just before it was learned (no delay).
    `served`: the score that the call was given, by a model that knew no label younger than the horizon: `delay` calls.
    """

    matured: Judged
    served: Judged
    delay: int
    reported: float | None  # the AUC of `matured` as `models.json` has it
    seconds: float


def data_folder() -> Path:
    """Return where the shared data lie."""
    return Path(os.environ.get("RAPPORT_SHARED_DATA", CHECKOUT / ".." / "shared" / "data"))


def replayed(data: Path) -> Replayed:
    """Load the calls and replay them in a temporary directory, until each has its label.

    Raises `FileNotFoundError` without the data.
    """
    archive = data.joinpath(*ARCHIVE)
    if not archive.exists():
        raise FileNotFoundError(2, "no such file", str(archive))
    settings = Settings.load()
    policy = load_policy(settings.policy_dir, CALM)
    with tempfile.TemporaryDirectory() as directory:
        lines, out = Path(directory, "uci.jsonl"), Path(directory, "out")
        delay = _write_lines(lines, archive, settings, policy)
        summary = replay([lines], out, settings, policy)
        records = map(ExampleRecord.model_validate_json, (out / "examples.jsonl").read_bytes().splitlines())
        examples = sorted((r for r in records if r.model == "propensity"), key=lambda r: (r.due_ms, r.example_id))
    reported = summary["models"]["propensity"]["auc"]
    return Replayed(_learned_again(examples, policy), _as_served(examples), delay, reported, summary["seconds"])


def _write_lines(path: Path, archive: Path, settings: Settings, policy: Policy) -> int:
    """Write what a replay reads; return how many calls there are between a call and its label."""
    horizon_ms = next(action.horizon_ms for action in policy.actions.action if action.name == ACTION)
    calls: list[int] = []
    with path.open("wb") as stream:
        for topic, event in convert(archive, load_mapping(MAPPING)):
            if topic == "interactions":
                calls.append(parse_rfc3339(event["occurred_at"]))
            stream.write(_line(settings, topic, event))
        for event in _the_end(settings.partitions, calls[-1] + horizon_ms + DAY_MS):
            stream.write(_line(settings, "interactions", event))
    return (horizon_ms + policy.lateness_ms) * (len(calls) - 1) // (calls[-1] - calls[0])


def _line(settings: Settings, topic: str, event: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"topic": f"{settings.input_namespace}.{topic}", "value": event}) + b"\n"


def _the_end(partitions: int, at_ms: int) -> Iterator[dict[str, Any]]:
    """Give each partition number a last event, so that its clock passes the horizon of the last call."""
    missing = set(range(partitions))
    for number in count():
        customer_id = f"END{number}"
        partition = partition_for(customer_id.encode(), partitions)
        if partition in missing:
            missing.remove(partition)
            event = {"customer_id": customer_id, "event_id": customer_id, "occurred_at": to_rfc3339(at_ms)}
            yield {**event, "channel": "other", "kind": "other"}
        if not missing:
            return


def _learned_again(examples: list[ExampleRecord], policy: Policy) -> Judged:
    """Judge and learn the examples as the trainer did, by its own core: `models.json` has the whole stream only."""
    release, meter = new_release("propensity", policy, 1, restarts=False), _Halved(len(examples))
    release.meter = meter
    for place, example in enumerate(examples):
        release.take(example, Position("again", place, 0), place)
    below_ms = examples[-1].due_ms + 1
    promise = Punctuation(model="propensity", source_partition=0, below_ms=below_ms, idle=False)
    deque(release.promise(promise, len(examples)), maxlen=0)
    return meter.halves.judged()


class _Halved(Meter):
    """A trainer's meter that knows the second half of the stream by itself."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.halves = Halves(total)

    def update(self, label: bool, score: float) -> None:
        super().update(label, score)
        self.halves.update(label, score)


def _as_served(examples: list[ExampleRecord]) -> Judged:
    halves = Halves(len(examples))
    for example in examples:
        halves.update(example.label == 1, example.score or 0.0)
    return halves.judged()


def replay_figures(found: Replayed) -> Figures:
    """Return the figures of the replay in the same form; what was served lies between two anchors."""
    command = f"{COMMAND} --replay"
    served = {f"{delay} calls late": ANCHORS[delay] for delay in DELAYS[1:]}
    parts = {"matured": (found.matured, dict.fromkeys(["label at once"], ANCHORS[0])), "served": (found.served, served)}
    figures: Figures = {}
    for name, (judged, anchors) in parts.items():
        whole = {at: anchor[0] for at, anchor in anchors.items()}
        second_half = {at: anchor[1] for at, anchor in anchors.items()}
        figures |= _figure(f"replay_{name}", judged.whole, judged.examples, command, whole)
        figures |= _figure(f"replay_{name}_second_half", judged.second_half, judged.examples, command, second_half)
    return figures


def _figure(name: str, value: float, n: int, command: str, anchor: Any) -> Figures:
    short = round(value, 4)
    # One file in one order: nothing varies.
    return figure(f"bank_marketing_auc_{name}", short, "AUC", (short, short), n, command, anchor)


def main(arguments: list[str]) -> int:
    """Print the figures; exit 2 for wrong use, 1 where the data are not there."""
    if not {*arguments} <= {"--json", "--replay", "--ablation"}:
        sys.stderr.write("usage: python -m stream_app.figures.bank_marketing [--replay | --ablation] [--json]\n")
        return 2
    ways = {"--replay": _through_replay, "--ablation": _by_parts}
    tell = next((way for name, way in ways.items() if name in arguments), _by_delay)
    try:
        text = tell(arguments)
    except FileNotFoundError as error:
        sys.stderr.write(f"{error.filename} is not there; RAPPORT_SHARED_DATA names the folder of the data\n")
        return 1
    sys.stdout.write(text)
    return 0


def _as_json(figures: Mapping[str, Any]) -> str:
    return orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode() + "\n"


def _by_delay(arguments: list[str]) -> str:
    judged, early = judged_by_delay(data_folder()), judged_early(data_folder())
    if "--json" in arguments:
        return _as_json(figures(judged, early))
    lines = ["UCI Bank Marketing in date order, without duration: prequential AUC of the champion (River recipe)"]
    for delay, found in judged.items():
        whole, second_half = ANCHORS[delay]
        ranked = sorted(one.second_half for one in found)
        lines.append(
            f"label {delay:>5,} calls late: whole stream {found[0].whole:.3f} ({whole}),"
            f" second half {ranked[len(ranked) // 2]:.3f}, {ranked[0]:.3f} to {ranked[-1]:.3f} ({second_half})"
        )
    for answer, found in early.items():
        ranked = sorted(one.second_half for one in found)
        lines.append(
            f"no known {HORIZON:,} calls late, yes {answer}, learned as it comes: whole stream {found[0].whole:.3f},"
            f" second half {ranked[len(ranked) // 2]:.3f}, {ranked[0]:.3f} to {ranked[-1]:.3f}"
        )
    return "\n".join(lines) + "\n"


def _by_parts(_: list[str]) -> str:
    lines = ["prequential AUC of the second half with labels", *[f"{delay:>10,} late" for delay in DELAYS]]
    text = "".join([f"{lines[0]:<48}", *lines[1:]]) + "\n"
    for name, found in ablation(data_folder()):
        text += f"{name:<48}" + "".join([f"{one.second_half:>15.3f}" for one in found]) + "\n"
    return text


def _through_replay(arguments: list[str]) -> str:
    found = replayed(data_folder())
    if "--json" in arguments:
        return _as_json(replay_figures(found))
    recipe = bank_marketing(list(read_calls(data_folder())), found.delay)
    rows = [
        ("propensity, judged when the label comes", found.matured),
        ("  anchor: River recipe, label at once", Judged(*ANCHORS[0], 0)),
        (f"propensity as served, labels {found.delay:,} calls late", found.served),
        (f"  River recipe, {found.delay:,} calls late", recipe),
        *((f"  anchor: River recipe, {delay:,} calls late", Judged(*ANCHORS[delay], 0)) for delay in DELAYS[1:]),
    ]
    lines = ["UCI Bank Marketing through load and replay: prequential AUC of the propensity model"]
    lines += [f"{what:<48} whole stream {auc.whole:.3f}, second half {auc.second_half:.3f}" for what, auc in rows]
    lines.append(
        f"{found.matured.examples:,} calls, replayed in {found.seconds:.0f} s; the base rate drifts, and shows"
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
