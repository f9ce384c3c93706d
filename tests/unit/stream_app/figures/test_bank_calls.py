"""The champion on calls: one figure a delay, with its range over hashings, and a row for each part left out."""

import random
import zipfile

import pytest

from models.evaluation.prequential import DELAYS, Judged
from stream_app.figures.bank_calls import ANSWERS, ablation, figures, judged_by_delay, judged_early
from stream_app.figures.bank_marketing import main

CALLS = 120


@pytest.fixture
def data(tmp_path):
    """An archive of calls in which students say yes."""
    chance = random.Random(1)
    rows = ["month;day_of_week;job;age;duration;y"]
    for number in range(CALLS):
        student = chance.random() < 0.4
        answer = "yes" if student else "no"
        rows.append(f"may;{('mon', 'tue')[number // 20 % 2]};{'student' if student else 'admin.'};30;99;{answer}")
    (tmp_path / "uci_bank_marketing").mkdir()
    with zipfile.ZipFile(tmp_path / "uci_bank_marketing" / "bank-marketing-4files.zip", "w") as archive:
        archive.writestr("bank-additional-full.csv", "\n".join(rows))
    return tmp_path


def test_what_can_be_learned_at_once_is_and_a_label_that_never_comes_in_time_teaches_nothing(data):
    judged = judged_by_delay(data, ("", "1:"))
    assert [found.second_half for found in judged[0]] == [1.0, 1.0]
    assert [found.second_half for found in judged[1_000]] == [0.5, 0.5]
    assert {found.examples for part in judged.values() for found in part} == {CALLS}


def test_a_figure_is_the_median_of_the_hashings_and_its_range_their_extremes():
    found = [Judged(0.5, second_half, CALLS) for second_half in (0.7, 0.9, 0.8)]
    told = figures({100: found})["bank_marketing_auc_delay_100"]
    assert (told["value"], told["range"], told["n"], told["anchor"]) == (0.8, [0.7, 0.9], CALLS, 0.787)


def test_the_ablation_is_printed_with_a_column_for_each_delay(data, monkeypatch, capsys):
    monkeypatch.setenv("RAPPORT_SHARED_DATA", str(data))
    assert main(["--ablation"]) == 0
    _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["River", "River", "steady", "quick", "quick", "champion", "champion"]
    assert len(list(ablation(data))) == len(rows)
    assert all(len(row[48:].split()) == len(DELAYS) for row in rows)


def test_by_itself_it_prints_the_champion_at_each_delay(data, monkeypatch, capsys):
    monkeypatch.setenv("RAPPORT_SHARED_DATA", str(data))
    assert main([]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(DELAYS) + len(ANSWERS)


def test_who_learns_each_yes_when_it_comes_is_held_against_who_waits_for_the_horizon(data):
    (early,) = [found[0].second_half for answer, found in judged_early(data, ("",)).items() if answer == ANSWERS[0]]
    assert 0.5 < early <= 1.0, "the calls after the first hundred know of students"
    told = figures({1_000: [Judged(0.5, 0.7, CALLS)]}, {100: [Judged(0.5, 0.8, CALLS)]})["bank_marketing_auc_early_100"]
    assert (told["value"], told["anchor"]) == (0.8, 0.7)
