"""The figures of models and alerts that the README quotes, computed again: `make figures` writes `docs/figures.json`.

A range is the 95 % interval (shares: Wilson 1927) or the extremes over seeds.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from models.policy import Policy, load_policy
from schemas import profile_codec
from stream_app.figures import bank_calls, bank_marketing, berka_loans, cdnow
from stream_app.figures.bank_played import CHURN_KINDS, played
from stream_app.figures.figure_file import FILE, Figures, keep
from stream_app.figures.forms import figure, short, wilson
from stream_app.figures.learned import learning
from stream_app.figures.need_horizons import HORIZONS, Told, forecasts, held
from stream_app.figures.needs import asked, foreseen, in_batch
from stream_app.figures.truth import Departures, churn_alerts
from stream_app.settings import Settings
from stream_app.simulate import Options
from stream_app.simulate.uptake import THEMES

SEEDS = (7, 8, 9)
HELD = {
    "share": "share in {} days",
    "forecast": "mean forecast of {} days",
    "bias": "mean forecast over share, minus 1",
    "ece": "expected calibration error",
    "auc": "AUC",
}
UPTAKE = 0.15  # of those whom a product suits neither well nor badly, in 60 days


def churn() -> Figures:
    """Two months of 2,000 customers against the planted dates, and the sizes of their profiles."""
    bank = played(Options(customers=2_000, days=60, seed=7))
    departures = Departures.of(bank.world.truth_records())
    found = churn_alerts(bank.alerts, departures, CHURN_KINDS)
    sizes = [len(profile_codec.encode(p)) for p in bank.runtime.tables["profiles"].values.values()]
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
        told |= figure(name, value, unit, (value, value), n, "clv", short(anchor))
    return told


def needs() -> Figures:
    """Four months of 300 customers who open products of their own accord, three banks: base rate and AUC per family.

    The anchor of an AUC is that of the planted chance itself (medians over the three banks); openings that follow an
    offer come on top of what was planted. `_of_batch`: a batch model of the same features on all three banks.
    """
    policy = load_policy(Settings.load().policy_dir)
    runs = [
        asked(played(Options(customers=300, days=120, seed=seed, uptake_per_60_days=UPTAKE)), policy) for seed in SEEDS
    ]
    told: Figures = {}
    for family in runs[0]:
        banks = [run[family] for run in runs]
        found = [foreseen(bank) for bank in banks]
        n, rates = sum(one.examples for one in found), sorted(one.base_rate for one in found)
        aucs, planted = (sorted(auc or 0.5 for auc in part) for part in zip(*[one[2:] for one in found], strict=True))
        edges = [(part[0], part[-1]) for part in (rates, aucs)]
        told |= figure(f"need_{family}_base_rate", rates[1], "share in 30 days", edges[0], n, "needs")
        told |= figure(f"need_{family}_auc", aucs[1], "AUC", edges[1], n, "needs", short(planted[1]))
        told |= figure(f"need_{family}_auc_of_batch", in_batch(banks), "AUC", None, n, "needs")
    return told | _need_horizons(policy)


def _need_horizons(policy: Policy) -> Figures:
    """Eight months of 300 customers, three banks: what was said for 30 and 90 days, against what was opened in them."""
    options = [Options(customers=300, days=240, seed=seed, uptake_per_60_days=UPTAKE) for seed in SEEDS]
    return horizon_figures([forecasts(played(each), policy) for each in options])


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
