"""What counts when two workers are held against one."""

import pytest

from tests.bench import two_workers
from tests.bench.two_workers import Done, ratios, tell


def done(workers: int, rate: float, *, right: bool = True) -> Done:
    return Done(workers, rate, 30.0, right)


def test_each_round_is_a_ratio_whichever_came_first():
    assert ratios([done(1, 1_000), done(2, 1_800), done(2, 900), done(1, 600)]) == [1.8, 1.5]


@pytest.mark.parametrize(("right", "code", "kept"), [(True, 0, 1), (False, 1, 0)])
def test_what_is_not_accounted_for_is_no_figure(right, code, kept, monkeypatch, capsys):
    files = []
    monkeypatch.setattr(two_workers.figures, "keep", files.append)
    assert tell([done(1, 1_000), done(2, 1_800, right=right)], keep=True) == code
    assert len(files) == kept
    assert ("DOES NOT COUNT" in capsys.readouterr().out) is not right
