"""`make faults`: the whole programme, or what ARGS choose of it.

make faults                                            everything (hours on a small machine)
make faults ARGS="kills_at_points kills_at_random"     these scenarios
make faults ARGS="kills_at_random --seeds 20 --kills 20 --first-seed 100"
make faults ARGS="soak --minutes 120 --figures"
make faults ARGS="--list"
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from stream_app.figures.figure_file import FILE
from tests.faults import report
from tests.faults.run import Outcome, execute
from tests.faults.scenario import Scenario
from tests.faults.scenarios import BY_NAME, PROGRAMME
from tests.faults.stage import opened


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description="The fault harness.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="names, or the first part of names")
    parser.add_argument("--seeds", type=int, help="runs per scenario")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--kills", type=int, help="kills per run, where a scenario takes a number")
    parser.add_argument("--minutes", type=float, help="length of a run, where a scenario takes one")
    parser.add_argument("--json", type=Path, default=Path(".rapport/faults.json"), help="where the report goes")
    parser.add_argument("--figures", action=argparse.BooleanOptionalAction, help="merge into docs/figures.json")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    return parser.parse_args(given)


def chosen(names: list[str]) -> list[Scenario]:
    found = [it for it in PROGRAMME if not names or any(it.name.startswith(name) for name in names)]
    unknown = [name for name in names if not any(it.startswith(name) for it in BY_NAME)]
    if unknown:
        raise SystemExit(f"{unknown[0]}: no such scenario; --list names them")
    return found


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def run_all(scenarios: list[Scenario], told: argparse.Namespace, home: Path) -> dict[Scenario, list[Outcome]]:
    """Run everything on one stage; a run that was not exact leaves its directory behind."""
    results: dict[Scenario, list[Outcome]] = {}
    async with opened(home / "services", say) as stage:
        for scenario in scenarios:
            outcomes = results[scenario] = []
            for seed in range(told.first_seed, told.first_seed + (told.seeds or scenario.seeds)):
                outcome = await execute(
                    scenario.name,
                    scenario.subject,
                    scenario.body,
                    stage=stage,
                    home=home / f"{scenario.name}-{seed}",
                    seed=seed,
                    kills=told.kills or scenario.kills,
                    minutes=told.minutes or scenario.minutes,
                )
                outcomes.append(outcome)
                say(report.line(outcome))
                report.write(results, told.json)
                if scenario.must_fail and scenario.shown_by(outcome):
                    break  # seen
    return results


def main(given: list[str]) -> int:
    """Run what was asked for; returns 1 when a scenario is not as it must be."""
    told = arguments(given)
    scenarios = chosen(told.scenarios)
    if told.list:
        for scenario in scenarios:
            say(f"{scenario.name:36} {told.seeds or scenario.seeds} seeds{', must fail' if scenario.must_fail else ''}")
        return 0
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # outages are what we are here for
    base = Path(".rapport").absolute()
    base.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="faults-", dir=base))
    results = asyncio.run(run_all(scenarios, told, home))
    whole = not (told.scenarios or told.seeds or told.kills or told.minutes)
    if whole if told.figures is None else told.figures:
        asked = [word for word in given if word not in {"--figures", "--json", str(told.json)}]
        report.merge_figures(results, FILE, f'make faults ARGS="{" ".join(asked)}"' if asked else "make faults")
    say("\n" + report.table(results))
    say("\n" + report.summary(results))
    wrong = [scenario.name for scenario, outcomes in results.items() if not report.passed(scenario, outcomes)]
    say(f"Report: {told.json}" + (f"; NOT AS IT MUST BE: {', '.join(wrong)}" if wrong else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
