"""The plain online recipe on all of UCI Bank Marketing: the harness gives the figures that were measured elsewhere."""

import pytest

from models.evaluation.prequential import ANCHORS, bank_marketing, read_calls
from tests.shared_data import shared_data


@pytest.fixture(scope="module")
def calls():
    return list(read_calls(shared_data("uci_bank_marketing").parent))


@pytest.mark.slow
@pytest.mark.parametrize("delay", sorted(ANCHORS))
def test_bank_marketing_gives_the_figures_that_were_measured_elsewhere(calls, delay):
    judged = bank_marketing(calls, delay)
    assert (judged.whole, judged.second_half) == pytest.approx(ANCHORS[delay], abs=0.0015)
    assert judged.examples == 41_188


@pytest.mark.slow
def test_learning_first_lifts_bank_marketing_to_a_false_figure(calls):
    """0.856 on the whole stream by the very model whose honest figure is 0.792."""
    assert bank_marketing(calls, 0, peek=True).whole == pytest.approx(0.856, abs=0.002)
