"""Tables for people: what a cell says."""

import re

import pytest

from stream_app.commands.common import print_table


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.8042699146017079, "0.8043"),
        (0.0020512392194428, "0.002051"),
        (-0.1439215929600166, "-0.1439"),
        (604_800.0, "604800"),
        (1_234_567.25, "1234567.25"),
        (None, "-"),
        (41, "41"),
        ("churn", "churn"),
    ],
)
def test_figures_are_told_to_four_places(capsys, value, said):
    print_table("Any", ("figure",), [(value,)])
    assert capsys.readouterr().out == f"figure\n{said}\n"


def test_brackets_in_a_cell_are_written_as_they_are_on_a_terminal_too(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_table("Any", ("text",), [("rule[3] [b]bold[/b] [/closed]",)])
    assert "rule[3] [b]bold[/b] [/closed]" in capsys.readouterr().out


def test_an_id_that_is_wider_than_the_terminal_goes_on_in_the_next_line(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    ids = ["qr27yjhnamaxfgdpcct3" * 2, "C000059-" * 8]
    print_table("Any", ("id", "customer"), [tuple(ids)])
    cells = [re.sub(r"\x1b\[[0-9;]*m", "", line).split("│")[1:-1] for line in capsys.readouterr().out.splitlines()]
    told = ["".join(row[place].strip() for row in cells if len(row) == 2) for place in range(2)]
    assert told == ids
