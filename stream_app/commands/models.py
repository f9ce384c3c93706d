"""`rapport model`: which versions there are, and how good they are."""

from collections.abc import Mapping
from operator import add
from typing import Annotated, Any

import typer

from models.challengers.kinds import CHAMPION
from models.clv.bg_nbd import Buying
from models.clv.gamma_gamma import Spending
from models.features import FEATURES
from models.policy import load_policy
from models.served.calibrated_actions import PARTS
from stream_app.commands.common import WRONG_USE, JsonOption, KafkaOption, fail, print_json, print_table, run, settings
from stream_app.commands.model_duty import promote, rollback
from stream_app.commands.model_report import NO_VERSION, report
from stream_app.settings import Settings
from stream_app.training.model_duty import duty
from stream_app.training.snapshots import list_models, read_shelf

app = typer.Typer(
    help="List the models' versions, show one, report how good they are, say who is on duty.", no_args_is_help=True
)
app.command()(promote)
app.command()(rollback)
COLUMNS = ("model", "version", "examples", "positives", "auc", "log_loss", "calibration_error")
FIGURES = COLUMNS[2:]
SLOPE_OF_MAP, SLOPE_OF_CALIBRATION = 2, 1  # places in rows of `models.served.calibrated`
EVENT = ("number", "what", "version", "champion", "about", "by", "why")
app.command()(report)


def _settings(bootstrap: str | None) -> Settings:
    return settings(bootstrap=bootstrap)


def _versions(chosen: Settings) -> dict[str, list[dict[str, Any]]]:
    return run(list_models(chosen, load_policy(chosen.policy_dir)))


@app.command("list")
def list_versions(bootstrap: KafkaOption = None, as_json: JsonOption = False) -> None:
    """List every kept version of every model. Example: rapport model list."""
    found = _versions(_settings(bootstrap))
    if as_json:
        print_json(found)
    else:
        print_versions(found)


def print_versions(found: Mapping[str, list[dict[str, Any]]]) -> None:
    """Print the kept versions of every model, or that there are none yet."""
    rows = [tuple(version.get(c, model) for c in COLUMNS) for model, versions in found.items() for version in versions]
    if not rows:
        typer.echo(NO_VERSION)
        return
    print_table("Models", COLUMNS, rows)


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="churn, propensity or value.")],
    version: Annotated[int | None, typer.Option(min=1, help="Default: the newest.")] = None,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who is on duty, how all do, what happened, and the weights. Example: rapport model show churn."""
    chosen = _settings(bootstrap)
    policy = load_policy(chosen.policy_dir)
    if model not in policy.models.names:
        fail(f"{model} is none of {', '.join(policy.models.names)}", WRONG_USE)
    shelf = run(read_shelf(chosen, policy))
    stored = shelf.latest(model) if version is None else shelf.stored(model, version)
    if stored is None:
        fail(f"{model} has no version {version}" if version else f"{model} has no version yet")
    learners, number = weights(stored.snapshot["state"]["learner"]), stored.manifest.version
    told, events = duty(stored.snapshot), shelf.events(model)
    if as_json:
        of = {"member": CHAMPION, "on_duty": not off_duty(told)}
        print_json({"model": model, "version": number, "weights": learners, "weights_of": of, **told, "ledger": events})
        return
    _print_duty(f"{model} version {number}", told, events)
    for name, by_feature in learners.items():
        rows = sorted(by_feature.items(), key=lambda pair: -abs(pair[1]))
        print_table(f"{model} {name} version {number}{off_duty(told)}", ("feature", "weight"), rows)


def off_duty(told: Mapping[str, Any]) -> str:
    """Say why the weights shown, which are the first champion's, are not those that score; "" where they are."""
    if told["pinned"]:
        return f": {CHAMPION}, while version {told['pinned']} is pinned"
    return "" if told["champion"] == CHAMPION else f": {CHAMPION}, while {told['champion']} is on duty"


def _print_duty(title: str, told: Mapping[str, Any], events: list[dict[str, Any]]) -> None:
    rows = [
        (name, "on duty" if name == told["champion"] else "challenger", *[figures[c] for c in FIGURES])
        for name, figures in told["members"].items()
    ]
    if any(figures["examples"] for figures in told["members"].values()):  # no label judges the model "value"
        print_table(title, ("member", "role", *FIGURES), rows)
    if told["pinned"]:
        print_table("Pinned", ("version",), [(told["pinned"],)])
    if told["trial"]:
        print_table("Trial", tuple(told["trial"]), [tuple(told["trial"].values())])
    if events:
        print_table("Ledger", EVENT, [tuple(event.get(c) for c in EVENT) for event in events])


def weights(learner: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return weights of scaled features per sub-model (the action of propensity; "" where there is one model).

    Where scores are calibrated, the weights are stretched as they are.
    Of the model "value": the numbers of BG/NBD (times in weeks) and Gamma-Gamma (money in minor units), once fitted.
    """
    if "buying" in learner:
        parts = {"buying": Buying._fields, "spending": Spending._fields}
        return {part: dict(zip(names, learner[part], strict=False)) for part, names in parts.items()}
    if "own" in learner:
        return _of_calibrated_actions(learner)
    if "calibration" in learner:
        slope = learner["maps"][-1][SLOPE_OF_MAP] if learner["maps"] else learner["calibration"][SLOPE_OF_CALIBRATION]
        raw = weights({key: part for key, part in learner.items() if key != "calibration"})
        return {action: {name: slope * weight for name, weight in told.items()} for action, told in raw.items()}
    if "steady" in learner:  # the champion is the mean of two regressions
        quick = weights({key: part for key, part in learner.items() if key != "steady"})
        steady = weights(learner["steady"])
        return {
            action: {name: (weight + steady[action][name]) / 2 for name, weight in told.items()}
            for action, told in quick.items()
        }
    names, common = learner.get("names", FEATURES), learner["weights"]
    if "actions" not in learner:
        return {"": dict(zip(names, common, strict=True))}
    own = {action: part["weights"] for action, part in learner["actions"].items()}
    return {action: dict(zip(names, map(add, common, w), strict=True)) for action, w in own.items()}


def _of_calibrated_actions(learner: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Stretch each action's weights as its map of today does; one that is newer than the map as that of all does."""
    raw = weights({key: part for key, part in learner.items() if key not in PARTS})
    _, _, whole, _, lines = learner["maps"][-1] if learner["maps"] else (0, 0, learner["calibration"][1], 0.0, [])
    slopes = {action: slope for action, _, slope, _ in lines}
    return {
        action: {name: slopes.get(action, whole) * weight for name, weight in told.items()}
        for action, told in raw.items()
    }
