"""Loans of the Berka bank: what a profile says on the day of the loan, and how well it tells who will not pay."""

import random

import pytest

from stream_app.figures.berka_loans import FOLDS, NAMES, Loan, _folds, judged, known_on_the_day, scores

TRANSACTIONS = """trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account
1;25;970105;credit;credit in cash;900.00;900.00;;;
2;25;970106;withdrawal;withdrawal in cash;100.00;800.00;payment for statement;;
3;7;970105;credit;credit in cash;50.00;50.00;;;
"""
LOANS = """"loan_id";"account_id";"date";"amount";"duration";"payments";"status"
1;9;"961231";1;12;1.00;"B"
2;7;"970301";1;12;1.00;"D"
3;25;"970201";1;12;1.00;"C"
"""


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "berka_subset"
    folder.mkdir()
    (folder / "trans_comp.csv").write_text(TRANSACTIONS)
    (folder / "loan_full682.csv").write_text(LOANS)
    return tmp_path


def some_loans(number: int = 200) -> list[Loan]:
    """Those who owe more do not pay."""
    chance = random.Random(3)
    raw = [[chance.gauss(0, 1) for _ in NAMES] for _ in range(number)]
    return [Loan(f"A{n}", tuple(row), row[0] + chance.gauss(0, 0.3) > 1.0) for n, row in enumerate(raw)]


def test_a_loan_is_described_by_the_profile_of_its_day_and_those_before_1997_have_none(data):
    good, bad = known_on_the_day(data)
    assert [(good.account, good.bad), (bad.account, bad.bad)] == [("A25", False), ("A7", True)]
    told = dict(zip(NAMES, good.values, strict=True))
    assert told["transactions"] == pytest.approx(1.0986, abs=1e-4)  # log of 1 + 2
    assert (told["lowest_balance"], told["balance"]) == (0.08, 0.08)  # of ten thousand
    assert told["mean_balance"] == 0.085


def test_without_the_data_it_says_which_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"trans_comp\.csv"):
        known_on_the_day(tmp_path)


def test_a_score_is_of_a_model_that_has_not_learned_the_loan():
    loans = some_loans(60)
    lied = [loans[0]._replace(bad=not loans[0].bad), *loans[1:]]
    fold = _folds([loan.bad for loan in loans], seed=0)
    assert sorted(set(fold)) == list(range(FOLDS))
    assert scores(lied, fold=fold)[0] == scores(loans, fold=fold)[0]


def test_who_owes_more_is_found_and_the_interval_holds_the_figure():
    found = judged(some_loans())
    assert found.interval[0] < found.auc < found.interval[1]
    assert found.auc > 0.8
    assert found.loans == 200
