"""Every model that learns online passes every law of `model_checks`."""

import pytest

from models.served.churn import ChurnLearner
from models.served.propensity import PropensityLearner
from tests.unit.models.model_checks import CHECKS, name_of


@pytest.mark.parametrize("make", [ChurnLearner, PropensityLearner])
@pytest.mark.parametrize("check", CHECKS, ids=name_of)
def test_a_model_keeps_the_law(check, make):
    check(make)


def test_there_are_enough_laws():
    assert len(CHECKS) >= 15
