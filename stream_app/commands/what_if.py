"""`rapport what-if FILE… --policy DIR`: yesterday's events under another policy."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from models.policy import Policy, load_policy
from schemas.errors import PolicyError
from schemas.money import MINOR_DIGITS
from stream_app.commands.common import WRONG_USE, JsonOption, fail, print_json, print_table, progress, settings
from stream_app.offline.replay import BadLine, replay
from stream_app.offline.what_if import Row, changes, compare
from stream_app.settings import Settings
from stream_app.views.profile_lines import Unit, named

SIDES = ("before", "after")


def what_if(
    files: Annotated[list[Path], typer.Argument(help="Events as `rapport replay` reads them.")],
    policy: Annotated[Path, typer.Option(help="The changed policy: a copy of deploy/policy with other values.")],
    against: Annotated[
        Path | None, typer.Option(help="The policy it is held against (default RAPPORT_POLICY_DIR).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Keep the results of both there, under before and after, as replay writes them.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what another policy would change. Example: rapport what-if day.jsonl --policy my-policy.

    Plays the same events under both policies, with no broker and no effect on anybody, and tells which alerts and
    offers would be new, gone or different. Offers that only the changed policy makes have no answers in the file.
    """
    for file in files:
        if file.exists() and not file.is_file():
            fail(f"{file}: it must be a file, for it is read twice", WRONG_USE)
    chosen = settings(policy_dir=against)
    try:
        policies = {"before": load_policy(chosen.policy_dir), "after": load_policy(policy)}
        with ExitStack() as stack:
            home = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="what-if-")))
            for side, each in policies.items():
                directory = chosen.policy_dir if side == "before" else policy
                lines = _play(files, home / side, chosen.model_copy(update={"policy_dir": directory}), each, side)
            told = {"lines": lines, **compare(*(home / side for side in SIDES))}
    except (BadLine, PolicyError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if not told["lines"]:
        fail(f"{', '.join(map(str, files))}: no event in it")
    changed = [change._asdict() for change in changes(*policies.values())]
    told = {"policies": {side: each.hash for side, each in policies.items()}, "changed": changed, **told}
    if as_json:
        print_json(told)
    else:
        titles = {a.name: a.title.both for each in policies.values() for a in each.actions.action}
        _show(told, MINOR_DIGITS[policies["before"].home_currency], titles)


def _play(files: list[Path], home: Path, chosen: Settings, policy: Policy, side: str) -> int:
    """Play the files under one policy and return how many lines they have."""
    with progress() as bar:
        task = bar.add_task(f"Lines, {side}", total=None)
        summary = replay(files, home, chosen, policy, lambda lines: bar.update(task, completed=lines))
    lines: int = summary["lines"]
    return lines


def _show(told: dict[str, Any], digits: int, titles: Mapping[str, str]) -> None:
    """Print the comparison for people; `titles` are those of the actions, as the changed policy says them."""
    if not told["changed"]:
        typer.echo("The two policies say the same.")
        return
    typer.echo(f"{told['lines']:,} lines of events under both; at their start nothing was known of any customer.")
    typer.echo()
    values = [(c["file"], c["key"], *(value(c["key"], c[side], digits) for side in SIDES)) for c in told["changed"]]
    print_table("What policy says", ("file", "key", *SIDES), values)
    for family in ("alerts", "offers"):
        rows: list[tuple[Any, ...]] = [
            (named(row["name"], titles), *[*row.values()][1:]) for row in told[family]["rows"]
        ]
        total = [sum(row[place] for row in rows) for place in range(1, len(Row._fields))]
        typer.echo()
        print_table(family.title(), (family, *Row._fields[1:]), [*rows, ("all", *total)])
        for side in ("new", "gone"):
            for example in told[family][side]:
                _say(side, example)
    if told["no_action"]:
        typer.echo()
        rows_of = [(row["reason"], row["before"], row["after"]) for row in told["no_action"]]
        print_table("Decisions for no action", ("no action because", *SIDES), rows_of)


def _say(side: str, example: dict[str, Any]) -> None:
    why = example["why"]
    typer.echo(f"  {side}: {example['customer_id']} {example['occurred_at'][:16]}Z {example['what']}")
    typer.echo(f"       {why['zh']} / {why['en']}")


def value(key: str, said: Any, digits: int) -> str:
    """Write a value of policy for people: amounts as money (its currency has so many digits), a dash for nothing."""
    if said is None:
        return "-"
    return Unit(digits).inside(key).written(said) if isinstance(said, int) else str(said)
