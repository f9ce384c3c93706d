"""The figures of learning: five banks, the scores that their customers were given, against the truth and the labels."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from models.policy import Policy, load_policy
from models.served.propensity import PropensityLearner
from stream_app.figures.bank_played import CHURN_KINDS, played
from stream_app.figures.calibration import calibration, calibration_error
from stream_app.figures.churn_gap import against_batch
from stream_app.figures.figure_file import Figures
from stream_app.figures.forms import figure, wilson
from stream_app.figures.label_modes import compared, left_ms, taken_ms
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
from stream_app.offline.closed_loop import Played
from stream_app.settings import Settings
from stream_app.simulate import Options

HORIZON_DAYS = 30
UNITS = {
    "_ece": "expected calibration error",
    "_bias": "mean score minus share",
    "_days_of_warning": "days, median",
}
CALIBRATED = ("churn", "propensity")
SEEDS = (7, 8, 9, 10, 11)


class Bank(NamedTuple):
    """What one bank says of learning: its figures, the scored examples by model, how many of the silent matured."""

    found: Mapping[str, float]
    given: Mapping[str, Sequence[Mapping[str, Any]]]
    due: int
    matured: int


def _bank(seed: int) -> Bank:
    """Play four months of 500 customers, and hold what was learned against what was planted."""
    policy = load_policy(Settings.load().policy_dir)
    bank = played(Options(customers=500, days=120, seed=seed))
    given = {
        model: [{**e, "example_id": f"{seed} {e['example_id']}"} for e in served(bank.examples, model)]
        for model in CALIBRATED
    }
    found = _aucs(bank) | _calibration(bank, policy)
    known = {name: 0.5 if value is None else value for name, value in found.items()}
    return Bank(known, given, *bank.matured_of_the_silent(policy))


def learning() -> Figures:
    """Four months of 500 customers, five banks: the scores that customers were given, against the truth and the labels.

    Beside each AUC its ceiling: what one would get who knows all that is planted. The scores of the first months come
    from models that have seen next to nothing; `_second_half` is the later half of the scores. Then: how well the
    scores are calibrated, what learning early would do (`reports.label_modes`), and whether the silent mature.
    """
    banks = side_by_side(_bank, SEEDS)
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


def _calibration(bank: Played, policy: Policy) -> dict[str, float | None]:
    """Say how well the scores that were given are calibrated, and how other ways to learn compare."""
    told: dict[str, float | None] = {}
    for model in CALIBRATED:
        scored = [(e["score"], e["label"] == 1) for e in served(bank.examples, model)]
        told[f"simulated_{model}_ece"] = calibration_error(scored)
    known = {"churn": left_ms(Departures.of(bank.world.truth_records())), "propensity": taken_ms(bank.accepted_ms)}
    for model in CALIBRATED:
        examples = [e for e in bank.examples if e["model"] == model]
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


def _aucs(bank: Played) -> dict[str, float | None]:
    records = list(bank.world.truth_records())
    departures, later = Departures.of(records), second_half(bank.examples, "propensity")
    later_churn = second_half(bank.examples, "churn")
    return {
        "simulated_churn_auc": churn_auc(bank.examples, departures, HORIZON_DAYS),
        "simulated_churn_auc_second_half": churn_auc(later_churn, departures, HORIZON_DAYS),
        "simulated_churn_auc_ceiling": churn_ceiling(bank.examples, departures, HORIZON_DAYS),
        "simulated_propensity_auc": label_auc(bank.examples, "propensity"),
        "simulated_propensity_auc_second_half": label_auc(later, "propensity"),
        "simulated_propensity_auc_ceiling": propensity_ceiling(bank.examples, records),
        "simulated_propensity_auc_ceiling_second_half": propensity_ceiling(later, records),
        "simulated_churn_days_of_warning": churn_alerts(bank.alerts, departures, CHURN_KINDS).days_of_warning,
        **against_batch(bank.examples, departures, HORIZON_DAYS).told(),
    }


def _median(name: str, values: list[float], n: int) -> Figures:
    ranked = sorted(values)
    unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "AUC")
    return figure(name, ranked[len(ranked) // 2], unit, (ranked[0], ranked[-1]), n, "learning")
