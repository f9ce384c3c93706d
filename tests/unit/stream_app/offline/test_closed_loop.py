"""The synthetic bank played to its end: the labels of those who never return come without them."""

import pytest

from stream_app.offline import closed_loop
from stream_app.offline.closed_loop import play
from stream_app.settings import Settings
from stream_app.simulate import Options
from tests.policies import default_policy

BANK = Options(customers=16, days=75, seed=3, churn_per_60_days=0.8)  # many leave, and soon


class NobodyIsWoken(closed_loop._Watched):
    """A product that looks at a customer when he sends something, and else not."""

    def _move_clock(self, number: int, occurred_ms: int) -> None:
        self._highest[number] = max(occurred_ms, self._highest.get(number, -1))
        self._learn()


def matured_of_the_silent() -> tuple[int, int]:
    policy = default_policy()
    return play(BANK, Settings.load(learning=False), policy).matured_of_the_silent(policy)


def test_every_example_of_who_never_returns_matures_at_its_horizon():
    due, matured = matured_of_the_silent()
    assert due == matured > 0


def test_the_share_falls_where_a_customer_is_looked_at_only_when_he_sends_something(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(closed_loop, "_Watched", NobodyIsWoken)
    due, matured = matured_of_the_silent()
    assert matured < due
