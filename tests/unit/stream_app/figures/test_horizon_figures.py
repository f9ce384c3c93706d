"""The figures of the two horizons: a median and a range over the banks, of all families and of each."""

import pytest

from stream_app.figures.__main__ import horizon_figures
from stream_app.figures.need_horizons import Told


def a_bank(said, taken):
    return [Told("fund", 0, (said, 2 * said), (place < taken, place < 2 * taken)) for place in range(10)]


def test_each_figure_is_the_median_of_the_banks_with_their_extremes():
    told = horizon_figures([a_bank(0.1, 1), a_bank(0.3, 2), a_bank(0.2, 4)])
    share, forecast, bias = (told[f"need_fund_90_days_{name}"] for name in ("share", "forecast", "bias"))
    assert (share["value"], share["range"], share["n"]) == (0.4, [0.2, 0.8], 30)
    assert (forecast["value"], forecast["range"]) == (0.4, [0.2, 0.6])
    assert bias["value"] == pytest.approx(0.0)
    assert bias["range"] == [pytest.approx(-0.5), pytest.approx(0.5)]
    assert told["need_90_days_share"]["value"] == share["value"], "there is no other family in it"
    assert told["need_30_days_share"]["value"] == 0.2
    assert told["need_savings_30_days_share"]["n"] == 0
