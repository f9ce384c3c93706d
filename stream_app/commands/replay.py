"""`rapport replay FILE… --out DIR`."""

from pathlib import Path
from typing import Annotated

import typer

from models.policy import load_policy
from schemas.errors import PolicyError
from stream_app.commands.common import JsonOption, fail, print_json, progress, settings
from stream_app.offline.replay import BadLine
from stream_app.offline.replay import replay as run_replay

FIGURES = ("version", "examples", "positives", "auc", "log_loss", "calibration_error")
"""What is told of a model at the end; `--json` and summary.json tell all."""


def replay(
    files: Annotated[list[Path], typer.Argument(help='JSON lines: {"topic": "bank.transactions", "value": {…}}.')],
    out: Annotated[Path, typer.Option(help="Directory for the results.")],
    policy: Annotated[Path | None, typer.Option(help="Policy directory (default RAPPORT_POLICY_DIR).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the core over files, without a broker. Example: rapport replay day.jsonl --out results.

    Writes alerts, offers, arrivals, decisions, profiles, dead letters and examples as JSON lines, models.json and
    summary.json. All but summary.json (it tells seconds) are byte-identical when run again.
    """
    chosen = settings(policy_dir=policy)
    try:
        with progress() as bar:
            task = bar.add_task("Lines", total=None)
            summary = run_replay(
                files, out, chosen, load_policy(chosen.policy_dir), lambda n: bar.update(task, completed=n)
            )
    except (BadLine, PolicyError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if as_json:
        print_json(summary)
        return
    typer.echo(f"{summary['lines']} lines in {summary['seconds']} s ({summary['events_per_second']} a second) -> {out}")
    for name, count in summary["written"].items():
        typer.echo(f"  {name}: {count}")
    for name, model in summary["models"].items():
        figures = (f"{figure} {_short(model[figure])}" for figure in FIGURES)
        typer.echo(f"  model {name}: {', '.join(figures)}; on duty {model['champion']}")
    typer.echo(f"  pictures of the models: rapport model report --from {out} --out DIR")


def _short(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.4g}" if isinstance(figure, float) else str(figure)
