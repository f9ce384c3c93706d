"""The meters agree with scikit-learn and River on the same scores."""

import random

import pytest
from river import metrics
from sklearn.metrics import log_loss, roc_auc_score

from models.evaluation.meters import Meter


def scores(number=4_000, *, base=0.03, seed=1):
    chance = random.Random(seed)
    for _ in range(number):
        label = chance.random() < base
        log_odds = chance.gauss(-2.0 if label else -3.6, 1.0)
        yield label, 1 / (1 + 2.718281828**-log_odds)


def test_auc_and_log_loss_are_those_of_scikit_learn_and_river():
    meter, river = Meter(), metrics.LogLoss()
    labels, given = zip(*scores(), strict=True)
    for label, score in zip(labels, given, strict=True):
        meter.update(label, score)
        river.update(label, score)
    quality = meter.quality()
    assert quality.auc == pytest.approx(roc_auc_score(labels, given), abs=0.002)
    assert quality.log_loss == pytest.approx(log_loss(labels, given), abs=1e-9)
    assert quality.log_loss == pytest.approx(river.get(), abs=1e-9)
    assert (quality.examples, quality.positives) == (4_000, sum(labels))


def test_a_calibrated_score_has_next_to_no_calibration_error_and_a_shifted_one_its_shift():
    calibrated, shifted, chance = Meter(), Meter(), random.Random(2)
    for _ in range(40_000):
        p = chance.random() * 0.8
        label = chance.random() < p
        calibrated.update(label, p)
        shifted.update(label, p + 0.2)
    assert calibrated.quality().calibration_error < 0.01
    assert shifted.quality().calibration_error == pytest.approx(0.2, abs=0.01)


def test_one_class_alone_has_no_auc_and_nothing_at_all_no_quality():
    meter = Meter()
    assert meter.quality() == (0, 0, None, None, None)
    meter.update(True, 1.0)
    meter.update(True, 0.0)
    quality = meter.quality()
    assert quality.auc is None
    assert quality.log_loss == pytest.approx(27.6 / 2, abs=0.1)
    assert quality.calibration_error == pytest.approx(0.5)
