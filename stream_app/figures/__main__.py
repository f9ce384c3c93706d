"""The figures of models and alerts that the README quotes, computed again: `make figures` writes `docs/figures.json`.

A range is the 95 % interval (shares: Wilson 1927) or the extremes over seeds.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from models.policy import Policy, load_policy
from models.served.propensity import PropensityLearner
from schemas import profile_codec
from stream_app.figures import bank_calls, bank_marketing, berka_loans, cdnow, figure_file
from stream_app.figures.calibration import calibration, calibration_error
from stream_app.figures.churn_gap import against_batch
from stream_app.figures.figure_file import FILE, Figures, keep
from stream_app.figures.label_modes import compared, left_ms, taken_ms
from stream_app.figures.need_horizons import HORIZONS, Told, forecasts, held
from stream_app.figures.needs import asked, foreseen, in_batch
from stream_app.figures.side_by_side import side_by_side
from stream_app.figures.truth import (
    Departures,
    churn_alerts,
    churn_auc,
    churn_ceiling,
    label_auc,
    propensity_ceiling,
    second_half,
    served,
)
from stream_app.offline.closed_loop import Played, play
from stream_app.settings import Settings
from stream_app.simulate import Options
from stream_app.simulate.uptake import THEMES

HORIZON_DAYS = 30
UNITS = {
    "_ece": "expected calibration error",
    "_bias": "mean score minus share",
    "_days_of_warning": "days, median",
}
CALIBRATED = ("churn", "propensity")
SEEDS = (7, 8, 9)
LEARNING_SEEDS = (7, 8, 9, 10, 11)
HELD = {
    "share": "share in {} days",
    "forecast": "mean forecast of {} days",
    "bias": "mean forecast over share, minus 1",
    "ece": "expected calibration error",
    "auc": "AUC",
}
UPTAKE = 0.15  # of those whom a product suits neither well nor badly, in 60 days
CHURN_KINDS = frozenset({"churn_risk", "large_outflow", "unusual_outflow", "balance_drained", "dormant_high_value"})
"""Alerts that say "may leave"; account_closed and product_closed say "has left", complaints go to their own queue."""


def figure(
    name: str,
    value: float | None,
    unit: str,
    between: tuple[float, float] | None,
    n: int,
    group: str,
    anchor: Any = None,
) -> Figures:
    """Put one figure into the form of `docs/figures.json`; `group` is what `make figures ARGS=…` takes."""
    edges = None if between is None else (_short(between[0]), _short(between[1]))
    return figure_file.figure(name, _short(value), unit, edges, n, f'make figures ARGS="{group}"', anchor)


def wilson(hits: int, n: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share (Wilson 1927).

    >>> wilson(8, 10)
    (0.49, 0.943)
    """
    if not n:
        return None
    z = 1.96
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return round(centre - half, 3), round(centre + half, 3)


def churn() -> Figures:
    """Two months of 2,000 customers against the planted dates, and the sizes of their profiles."""
    played = _played(Options(customers=2_000, days=60, seed=7))
    departures = Departures.of(played.world.truth_records())
    found = churn_alerts(played.alerts, departures, CHURN_KINDS)
    sizes = [len(profile_codec.encode(p)) for p in played.runtime.tables["profiles"].values.values()]
    return {
        **figure(
            "churn_alert_recall", found.recall, "share", wilson(found.warned, found.leavers), found.leavers, "churn"
        ),
        **figure(
            "churn_alert_precision",
            found.precision,
            "share",
            wilson(found.alerted_leavers, found.alerted),
            found.alerted,
            "churn",
        ),
        **figure("churn_alert_days_of_warning", found.days_of_warning, "days, median", None, found.warned, "churn"),
        **figure(
            "profile_bytes_mean", sum(sizes) / len(sizes), "bytes", (min(sizes), max(sizes)), len(sizes), "churn", 3_000
        ),
    }


class Bank(NamedTuple):
    """What one bank says of learning: its figures, the scored examples by model, how many of the silent matured."""

    found: Mapping[str, float]
    given: Mapping[str, Sequence[Mapping[str, Any]]]
    due: int
    matured: int


def _bank(seed: int) -> Bank:
    """Play four months of 500 customers, and hold what was learned against what was planted."""
    policy = load_policy(Settings.load().policy_dir)
    played = _played(Options(customers=500, days=120, seed=seed))
    given = {
        model: [{**e, "example_id": f"{seed} {e['example_id']}"} for e in served(played.examples, model)]
        for model in CALIBRATED
    }
    found = _aucs(played) | _calibration(played, policy)
    known = {name: 0.5 if value is None else value for name, value in found.items()}
    return Bank(known, given, *played.matured_of_the_silent(policy))


def learning() -> Figures:
    """Four months of 500 customers, five banks: the scores that customers were given, against the truth and the labels.

    Beside each AUC its ceiling: what one would get who knows all that is planted. The scores of the first months come
    from models that have seen next to nothing; `_second_half` is the later half of the scores. Then: how well the
    scores are calibrated, what learning early would do (`reports.label_modes`), and whether the silent mature.
    """
    banks = side_by_side(_bank, LEARNING_SEEDS)
    given = {model: [example for bank in banks for example in bank.given[model]] for model in CALIBRATED}
    found = {name: [bank.found[name] for bank in banks] for name in banks[0].found}
    due, matured = sum(bank.due for bank in banks), sum(bank.matured for bank in banks)
    told: Figures = {}
    for model in CALIBRATED:
        for name, values in found.items():
            told |= _median(name, values, len(given[model])) if model in name else {}
        told |= _together(model, given[model])
    share = matured / due if due else None
    return told | figure("silent_customers_matured_share", share, "share", wilson(matured, due), due, "learning", 1)


def _together(model: str, examples: Sequence[Mapping[str, Any]]) -> Figures:
    """Say how well the scores of all banks together are calibrated: a single bank's offers are too few to tell."""
    found, name, unit = calibration(examples), f"simulated_{model}_ece_all_banks", UNITS["_ece"]
    by_chance = figure(f"{name}_by_chance", found.by_chance, unit, found.between, len(examples), "learning")
    return figure(name, found.error, unit, None, len(examples), "learning") | by_chance


def _calibration(played: Played, policy: Policy) -> dict[str, float | None]:
    """Say how well the scores that were given are calibrated, and how other ways to learn compare."""
    told: dict[str, float | None] = {}
    for model in CALIBRATED:
        scored = [(e["score"], e["label"] == 1) for e in served(played.examples, model)]
        told[f"simulated_{model}_ece"] = calibration_error(scored)
    known = {"churn": left_ms(Departures.of(played.world.truth_records())), "propensity": taken_ms(played.accepted_ms)}
    for model in CALIBRATED:
        examples = [e for e in played.examples if e["model"] == model]
        for name, mode in compared(examples, partial(_unlearned, policy), known[model]).items():
            told[f"simulated_{model}_{name}_bias"] = mode.bias
            told[f"simulated_{model}_{name}_ece"] = mode.quality.calibration_error
            told[f"simulated_{model}_{name}_auc"] = mode.quality.auc
    return told


def _unlearned(policy: Policy) -> PropensityLearner:
    """Begin a learner of both: leaving is an action without a name."""
    actions = policy.actions.action
    chances = {action.name: action.start_propensity for action in actions}
    return PropensityLearner(chances | {"": policy.churn.start_score}, {a.name: a.start_evidence for a in actions})


def _aucs(played: Played) -> dict[str, float | None]:
    records = list(played.world.truth_records())
    departures, later = Departures.of(records), second_half(played.examples, "propensity")
    later_churn = second_half(played.examples, "churn")
    return {
        "simulated_churn_auc": churn_auc(played.examples, departures, HORIZON_DAYS),
        "simulated_churn_auc_second_half": churn_auc(later_churn, departures, HORIZON_DAYS),
        "simulated_churn_auc_ceiling": churn_ceiling(played.examples, departures, HORIZON_DAYS),
        "simulated_propensity_auc": label_auc(played.examples, "propensity"),
        "simulated_propensity_auc_second_half": label_auc(later, "propensity"),
        "simulated_propensity_auc_ceiling": propensity_ceiling(played.examples, records),
        "simulated_propensity_auc_ceiling_second_half": propensity_ceiling(later, records),
        "simulated_churn_days_of_warning": churn_alerts(played.alerts, departures, CHURN_KINDS).days_of_warning,
        **against_batch(played.examples, departures, HORIZON_DAYS).told(),
    }


def _median(name: str, values: list[float], n: int) -> Figures:
    ranked = sorted(values)
    unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "AUC")
    return figure(name, ranked[len(ranked) // 2], unit, (ranked[0], ranked[-1]), n, "learning")


def marketing() -> Figures:
    """UCI Bank Marketing in date order: the plain River recipe, and our propensity model through load and replay."""
    folder = bank_marketing.data_folder()
    calls = bank_calls.figures(bank_calls.judged_by_delay(folder), bank_calls.judged_early(folder))
    return calls | bank_marketing.replay_figures(bank_marketing.replayed(folder))


def clv() -> Figures:
    """CDNOW through load and the fold: the numbers of BG/NBD beside the published ones, and the next 39 weeks."""
    found = cdnow.judged(bank_marketing.data_folder())
    n = len(found.foreseen)
    told: Figures = {}
    for name, value in {**found.buying._asdict(), "log_likelihood": found.log_likelihood}.items():
        unit = {"alpha": "weeks", "log_likelihood": "log likelihood"}.get(name, "BG/NBD")
        told |= figure(f"cdnow_{name}", value, unit, (value, value), n, "clv", cdnow.PUBLISHED[name])
    for name, (value, unit, anchor) in cdnow.tracking(found).items():
        told |= figure(name, value, unit, (value, value), n, "clv", _short(anchor))
    return told


def needs() -> Figures:
    """Four months of 300 customers who open products of their own accord, three banks: base rate and AUC per family.

    The anchor of an AUC is that of the planted chance itself (medians over the three banks); openings that follow an
    offer come on top of what was planted. `_of_batch`: a batch model of the same features on all three banks.
    """
    policy = load_policy(Settings.load().policy_dir)
    runs = [
        asked(_played(Options(customers=300, days=120, seed=seed, uptake_per_60_days=UPTAKE)), policy) for seed in SEEDS
    ]
    told: Figures = {}
    for family in runs[0]:
        banks = [run[family] for run in runs]
        found = [foreseen(bank) for bank in banks]
        n, rates = sum(one.examples for one in found), sorted(one.base_rate for one in found)
        aucs, planted = (sorted(auc or 0.5 for auc in part) for part in zip(*[one[2:] for one in found], strict=True))
        edges = [(part[0], part[-1]) for part in (rates, aucs)]
        told |= figure(f"need_{family}_base_rate", rates[1], "share in 30 days", edges[0], n, "needs")
        told |= figure(f"need_{family}_auc", aucs[1], "AUC", edges[1], n, "needs", _short(planted[1]))
        told |= figure(f"need_{family}_auc_of_batch", in_batch(banks), "AUC", None, n, "needs")
    return told | _need_horizons(policy)


def _need_horizons(policy: Policy) -> Figures:
    """Eight months of 300 customers, three banks: what was said for 30 and 90 days, against what was opened in them."""
    options = [Options(customers=300, days=240, seed=seed, uptake_per_60_days=UPTAKE) for seed in SEEDS]
    return horizon_figures([forecasts(_played(each), policy) for each in options])


def horizon_figures(banks: Sequence[Sequence[Told]]) -> Figures:
    """Put the forecasts of several banks into figures: all families together, and each by itself."""
    found: Figures = {}
    for family in ("", *THEMES):
        parts = [held([one for one in bank if family in ("", one.family)]) for bank in banks]
        for place, days in enumerate(HORIZONS):
            at = [part[place] for part in parts]
            n, name = sum(one.examples for one in at), f"need_{family}_{days}_days".replace("__", "_")
            for field, unit in HELD.items():
                values = sorted(0.5 if value is None else value for value in (getattr(one, field) for one in at))
                edges = (values[0], values[-1])
                found |= figure(f"{name}_{field}", values[len(values) // 2], unit.format(days), edges, n, "needs")
    return found


def _played(options: Options) -> Played:
    settings = Settings.load()

    def tell(lines: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{options.customers} customers, seed {options.seed}: {lines:,} lines ")

    return play(options, settings, load_policy(settings.policy_dir), tell)


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4 if abs(value) < 10 else 1)


def loans() -> Figures:
    """Risk of the 354 loans of the Berka bank by what their accounts' profiles say on the day of the loan."""
    found = berka_loans.judged(berka_loans.known_on_the_day(bank_marketing.data_folder()))
    return figure("berka_loan_auc", found.auc, "AUC", found.interval, found.loans, "loans", berka_loans.ANCHOR)


GROUPS: Mapping[str, Callable[[], Figures]] = {
    "churn": churn,
    "learning": learning,
    "marketing": marketing,
    "clv": clv,
    "needs": needs,
    "loans": loans,
}


def main(arguments: list[str], file: Path = FILE) -> int:
    """Compute the named groups (all by default), print them, and keep them beside the others in the file."""
    if unknown := [name for name in arguments if name not in GROUPS]:
        sys.stderr.write(f"{unknown[0]} is none of {', '.join(GROUPS)}\n")
        return 2
    for name in arguments or GROUPS:
        found = GROUPS[name]()
        keep(found, file)
        for title, told in found.items():
            sys.stdout.write(f"{title}: {told['value']} {told['unit']}, range {told['range']}, n {told['n']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
