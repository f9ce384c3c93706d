"""A decision explained: each stage, each reason in both languages, and the same reasons as the documents tell."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from models.decide import UNFIT
from schemas.decisions import Stage
from stream_app.views.decision_lines import REASONS, STAGES, lines, outcome
from tests.commands import rapport
from tests.policies import default_policy

CHECKOUT = Path(__file__).resolve().parents[4]


def a_decision(**changed):
    first, second = (action.name for action in default_policy().actions.action[:2])
    return {
        "decision_id": "d1", "customer_id": "C1", "event_id": "I-1", "occurred_at": "2026-03-01T17:49:37.594Z",
        "trigger": "login", "policy": default_policy().hash, "models": {"propensity": 7}, "scores": {first: 0.25},
        "funnel": [
            {"stage": "eligibility", "entered": 2, "dropped": [{"action": second, "reason": "not_eligible"}]},
            {"stage": "contact", "entered": 1, "dropped": []},
        ],
        "action": first, "action_probability": 1, **changed,
    }  # fmt: skip


def test_each_stage_says_how_many_came_in_and_why_which_fell_out():
    said = list(lines(a_decision(), default_policy()))

    assert said[0] == "decision d1 about C1 at 2026-03-01T17:49:37.594Z"
    assert said[2] == "采取 / offered: high_yield_savings (专享大额存单 / High-yield certificate of deposit)"
    assert "准入 / may he have it (eligibility): 2 came in" in said
    assert (
        "  not_eligible: 不符合该方案的条件 / the conditions of the action do not hold: wealth_plan"
        in said
    )  # fmt: skip
    assert "接触 / may we contact him (contact): 1 came in" in said
    assert any(line.startswith("likelihood of acceptance 0.250: high_yield_savings") for line in said)
    assert said[-1].endswith("propensity 7")


def test_no_action_is_a_decision_too_and_the_last_reasons_are_told_in_a_word():
    nothing = a_decision(action=None, scores={}, models={})

    assert "不采取行动 / no action" in list(lines(nothing, default_policy()))
    assert outcome(nothing) == "no action: not_eligible (不符合该方案的条件 / the conditions of the action do not hold)"
    assert outcome(a_decision(action=None, funnel=[])) == "no action: -"
    assert outcome(a_decision()) == "high_yield_savings"


def test_exploration_and_another_policy_are_told():
    said = list(lines(a_decision(action_probability=0.025, policy="of-old", action="gone_action"), default_policy()))

    assert "offered: gone_action, which policy's exploration chose with a chance of 0.025" in said[2]
    assert f"policy of-old (now in place: {default_policy().hash})" in said[1]


def reasons_of(module):
    """Every word that the code of a module returns, or gives for an action that drops out."""
    tree = ast.parse((CHECKOUT / "models" / f"{module}.py").read_text(encoding="utf-8"))
    dropping = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "_dropped")
    spoken = [*(n for n in ast.walk(tree) if isinstance(n, ast.Return)), *dropping]
    words = {n.value for part in spoken for n in ast.walk(part) if isinstance(n, ast.Constant)}
    return {word for word in words if isinstance(word, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", word)}


def test_every_reason_that_the_code_gives_has_both_texts_and_stands_in_the_document():
    document = (CHECKOUT / "docs" / "policy.md").read_text(encoding="utf-8")
    table = document.partition("## Why there was no offer")[2].partition("\n## ")[0]
    told = {
        reason
        for line in table.splitlines() if line.startswith("|")
        for reason in re.findall(r"`([a-z_]+)`", line.split("|")[1])
    }  # fmt: skip
    others = {*STAGES, "failed"}  # the topic of a failed login
    assert (UNFIT | reasons_of("decide") | reasons_of("contact")) - others == set(REASONS)
    assert told == set(REASONS)
    assert set(STAGES) == set(get_args(Stage))


@pytest.mark.parametrize("wrong", [("decision",), ("decision", "-n", "0", "--customer", "C1")], ids=" ".join)
def test_neither_an_id_nor_a_customer_is_wrong_use(wrong):
    assert rapport(*wrong).code == 2
