"""`rapport model promote` and `rollback`: a person's word on who serves; the trainer obeys and the ledger keeps it."""

from getpass import getuser
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from models.challengers.kinds import CHAMPION
from models.policy import Policy, load_policy
from schemas.internal import ModelCommand
from stream_app.commands.common import WRONG_USE, JsonOption, KafkaOption, fail, print_json, run, settings
from stream_app.settings import Settings
from stream_app.training import model_duty
from stream_app.training.snapshots import read_shelf

ReasonOption = Annotated[str, typer.Option(help="Why; the ledger keeps it.")]
ByOption = Annotated[str | None, typer.Option(help="Who asks; default: the user of this shell.")]
WaitOption = Annotated[float, typer.Option(min=0, help="Wait so many seconds for a trainer to obey; 0: do not wait.")]
ModelArgument = Annotated[str, typer.Argument(help="A model of policy, for instance churn.")]


def promote(
    model: ModelArgument,
    challenger: Annotated[str, typer.Argument(help=f"A challenger of policy, or {CHAMPION}.")],
    reason: ReasonOption,
    by: ByOption = None,
    wait: WaitOption = 30.0,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a challenger on duty. Example: rapport model promote churn ensemble --reason "campaign of May".

    Ends with 0 once the trainer has obeyed, with 1 where it refuses or none answers in time.
    """
    chosen, policy = _of(model, bootstrap)
    members = (CHAMPION, *policy.models.challengers.get(model, ()))
    if challenger not in members:
        fail(f"{challenger} is none of {', '.join(members)}", WRONG_USE)
    asked = _command(model, "promote", by, reason, challenger=challenger)
    _tell(chosen, policy, asked, wait, as_json=as_json)


def rollback(
    model: ModelArgument,
    reason: ReasonOption,
    version: Annotated[int | None, typer.Argument(min=1, help="Default: who was on duty before.")] = None,
    by: ByOption = None,
    wait: WaitOption = 30.0,
    bootstrap: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put back who was on duty before, or pin a version. Example: rapport model rollback churn 41 --reason "odd".

    A pinned version serves, whatever is learned, until somebody promotes a member or rolls back without a version.
    """
    chosen, policy = _of(model, bootstrap)
    if version is not None:
        there = [manifest.version for manifest in run(read_shelf(chosen, policy)).versions(model)]
        if version not in there:
            fail(f"{model} has no version {version}; there are {', '.join(map(str, there)) or 'none'}")
    asked = _command(model, "rollback", by, reason, version=version or 0)
    _tell(chosen, policy, asked, wait, as_json=as_json)


def _of(model: str, bootstrap: str | None) -> tuple[Settings, Policy]:
    chosen = settings(bootstrap=bootstrap)
    policy = load_policy(chosen.policy_dir)
    if model not in policy.models.names:
        fail(f"{model} is none of {', '.join(policy.models.names)}", WRONG_USE)
    return chosen, policy


def _command(model: str, op: str, by: str | None, reason: str, **about: Any) -> ModelCommand:
    try:
        return model_duty.command(model, op, by=by or getuser(), reason=reason, **about)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        fail(f"--{first['loc'][0]}: {first['msg']}", WRONG_USE)


def _tell(chosen: Settings, policy: Policy, asked: ModelCommand, wait: float, *, as_json: bool) -> None:
    done = run(model_duty.ask(chosen, policy, asked, wait))
    if done is None and wait:
        fail(f"written as {asked.command_id}, but no trainer has obeyed within {wait:g} s; it will when it runs")
    if done is not None and done["what"] == "refused":
        fail(f"refused: {done['why']}")
    if as_json:
        print_json(done or {"what": "asked", "command_id": asked.command_id})
    elif done is None:
        typer.echo(f"asked: {asked.command_id}")
    else:
        serving = done["about"] if done["what"] == "pinned" else done["champion"]
        typer.echo(f"{asked.model}: {serving} is on duty from version {done['version']} on")
