"""What operations see at 3 a.m.: who scores, which trial runs, what was not learned, how old labels are."""

import random

import pytest

from models.challengers.kinds import CHAMPION, KINDS
from models.contest.setup import Setup
from models.policy import load_policy
from models.training.bookmark import Position
from models.training.learners import LEARNERS, new_release, report
from models.training.published import Cadence
from models.training.release import Release
from schemas.internal import Punctuation
from stream_app.settings import Settings
from stream_app.telemetry.metrics import SPECS, Metrics
from stream_app.telemetry.model_metrics import ModelMetrics
from stream_app.training.held import Held
from stream_app.training.trainer import Trainer, example_partition
from tests.contests import STRETCH_MS, an_example, rules
from tests.unit.models.training.test_release_training import FOLDER

POLICY = load_policy(FOLDER)
OWN = ("crm_model_", "crm_examples_", "crm_drift_")


def a_report(**changes):
    """What a trainer says of churn, its challengers unheard; `changes` over it."""
    quiet = {
        "examples": 900,
        "positives": 90,
        "waiting": 3,
        "drifts": 2,
        "auc": 0.7,
        "log_loss": None,
        "calibration_error": None,
        "censored": 0,
        "late": 0,
        "repeated": 0,
        "rejected": 0,
        "refused": 0,
        "early": 0,
        "in_vain": 0,
        "served": {"calibration_error": None},
        "matured_ms": None,
        "promised_ms": None,
        "champion": CHAMPION,
        "pinned": None,
        "challengers": {},
        "trial": None,
    }
    return {**quiet, **changes}


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def shown(metrics):
    return ModelMetrics(metrics)


def labels_of(metrics, name):
    """The label sets that a metric has samples of."""
    return [
        sample.labels
        for family in metrics._metrics[name].collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]


def in_a_trial():
    """A trainer in the middle of a trial of naive Bayes, over customers who leave by their assets."""
    quick = rules(trial_every=20, trial_least=5_000, trial_examples=10_000)
    setup = Setup(("naive_bayes",), 0.1, rules=quick, freeze_ms=STRETCH_MS)
    release = Release("churn", LEARNERS["churn"](POLICY), 1, Cadence(50, daily=False), setup)
    chance = random.Random(3)
    for number in range(120):
        values = [chance.gauss(0, 1) for _ in range(34)]
        release.take(an_example(number, values, values[0] > 0.5), Position("s", number, 0), number)
    list(release.promise(Punctuation(model="churn", source_partition=0, below_ms=10**9), 120))
    return release


def test_who_scores_shows_for_every_member(shown, metrics):
    release = in_a_trial()
    shown.tell("churn", report(release))
    assert metrics.value("crm_model_on_duty", model="churn", member=CHAMPION) == 1
    assert labels_of(metrics, "crm_model_on_duty") == [
        {"model": "churn", "member": name} for name in (CHAMPION, "naive_bayes")
    ]
    assert metrics.value("crm_model_on_duty", member="naive_bayes") == 0
    for name, meter in release.contest.meters.items():
        of = {"model": "churn", "member": name}
        quality = meter.quality()
        assert metrics.value("crm_model_member_examples", **of) == quality.examples > 0
        assert metrics.value("crm_model_member_auc", **of) == quality.auc
        assert metrics.value("crm_model_member_log_loss", **of) == quality.log_loss
        assert metrics.value("crm_model_member_calibration_error", **of) == quality.calibration_error


def test_an_open_trial_shows_its_number_how_far_it_is_and_what_is_still_needed(shown, metrics):
    release = in_a_trial()
    trial = release.contest.duty.trial
    shown.tell("churn", report(release))
    assert metrics.value("crm_model_trial_number", model="churn") == trial.number > 0
    assert metrics.value("crm_model_trial_examples", model="churn") == trial.examples > 0
    evidence = trial.pairs["naive_bayes"].evidence.log_value()
    assert metrics.value("crm_model_trial_evidence_nats", model="churn", member="naive_bayes") == evidence
    assert labels_of(metrics, "crm_model_trial_evidence_nats") == [{"model": "churn", "member": "naive_bayes"}]
    needed = metrics.value("crm_model_trial_evidence_needed_nats", model="churn")
    assert needed == pytest.approx(trial.needed(rules()))


def test_when_a_trial_is_over_nothing_of_it_stays(shown, metrics):
    shown.tell("churn", report(in_a_trial()))
    shown.tell("churn", a_report())
    assert metrics.value("crm_model_trial_number", model="churn") == 0
    assert labels_of(metrics, "crm_model_trial_number") == [{"model": "churn"}]
    for name in SPECS:
        if name.startswith("crm_model_trial_") and not name.endswith("number"):
            assert labels_of(metrics, name) == [], name


def test_what_was_not_learned_shows_by_reason(shown, metrics):
    for late in (2, 5, 5):
        shown.tell("churn", a_report(late=late, censored=7, rejected=1, repeated=3, refused=4))
    by_reason = {
        labels["reason"]: metrics.value("crm_examples_not_learned_total", **labels)
        for labels in labels_of(metrics, "crm_examples_not_learned_total")
    }
    assert by_reason == {"censored": 7, "late": 5, "repeated": 3, "rejected": 1, "refused": 4}


def test_what_was_learned_early_and_what_of_it_in_vain_shows(shown, metrics):
    shown.tell("propensity", a_report(early=40, in_vain=2))
    told = [metrics.value("crm_examples_early_total", model="propensity", result=it) for it in ("learned", "in_vain")]
    assert told == [40, 2]


def test_how_old_the_newest_label_is_shows_in_event_time(shown, metrics):
    shown.tell("churn", report(new_release("churn", POLICY, 1)))
    for name in ("crm_model_last_label_timestamp_seconds", "crm_model_promised_timestamp_seconds"):
        assert labels_of(metrics, name) == [], "before anything came there is no time to show"
    release = in_a_trial()
    shown.tell("churn", report(release))
    assert metrics.value("crm_model_last_label_timestamp_seconds") == release.matured_ms / 1_000 > 0
    assert metrics.value("crm_model_promised_timestamp_seconds") == 10**6


def test_a_version_that_is_pinned_shows(shown, metrics):
    for pinned in (None, 12):
        shown.tell("churn", a_report(pinned=pinned))
        assert metrics.value("crm_model_pinned_version", model="churn") == (pinned or 0)


def test_the_calibration_of_what_customers_were_given_shows_once_there_is_any(shown, metrics):
    shown.tell("propensity", a_report())
    assert labels_of(metrics, "crm_model_served_calibration_error") == []
    shown.tell("propensity", a_report(served={"calibration_error": 0.03}))
    assert metrics.value("crm_model_served_calibration_error", model="propensity") == 0.03


def test_a_model_that_is_trained_elsewhere_shows_here_no_longer_but_what_was_counted_stays(shown, metrics):
    shown.tell("churn", report(in_a_trial()))
    shown.tell("propensity", a_report(late=2))
    counted = metrics.value("crm_examples_total", model="churn")
    shown.tell("churn", None)
    for name, spec in SPECS.items():
        if name.startswith(OWN) and spec.kind.__name__ == "Gauge":
            assert all(labels["model"] == "propensity" for labels in labels_of(metrics, name)), name
    assert metrics.value("crm_examples_total", model="churn") == counted > 0
    shown.tell("never heard of", None)


def test_labels_are_of_fixed_sets(shown, metrics):
    shown.tell("churn", report(in_a_trial()))
    for name in SPECS:
        for labels in labels_of(metrics, name):
            assert labels.get("member", CHAMPION) in {CHAMPION, *KINDS}


async def test_a_trainer_tells_of_a_model_when_it_learns_and_when_it_gives_it_away():
    heard: list[tuple] = []
    trainer = Trainer(Settings.load(partitions=1), POLICY, lambda model, said: heard.append((model, said)))
    number = example_partition("churn", POLICY)
    trainer.held[number] = Held(new_release("churn", POLICY, 1))
    await trainer._learn(number, [], trainer._assignment)
    trainer.forget([number, number + 1])
    assert [(model, said is None) for model, said in heard] == [("churn", False), ("churn", True)]
