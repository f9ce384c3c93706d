"""Banks that are played in processes of their own."""

import os

from stream_app.figures.side_by_side import side_by_side


def whose(seed: int) -> tuple[int, int, str | None]:
    return seed, os.getpid(), os.environ.get("OMP_NUM_THREADS")


def test_each_seed_has_its_answer_in_its_place_from_another_process(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    found = side_by_side(whose, [3, 1, 2])
    assert [seed for seed, _, _ in found] == [3, 1, 2]
    assert os.getpid() not in {process for _, process, _ in found}
    assert {threads for _, _, threads in found} == {"1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_what_was_not_set_is_not_set_afterwards(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert len(side_by_side(whose, [1])) == 1
    assert "OMP_NUM_THREADS" not in os.environ
