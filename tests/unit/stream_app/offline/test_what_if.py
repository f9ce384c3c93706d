"""What another policy would have done with the same events."""

import json
import os
import shutil

import pytest

from stream_app.commands.what_if import value
from stream_app.offline.what_if import changes
from tests.builders import wire_form
from tests.commands import rapport
from tests.policies import DIRECTORY, a_policy, default_policy, with_rule

OUTFLOW = {"kind": "transfer", "direction": "debit", "counterparty_bank": "BANK2"}


@pytest.fixture
def policy(tmp_path):
    """A copy of the bank's policy, and how to replace a text in one of its files."""
    copy = shutil.copytree(DIRECTORY, tmp_path / "policy")

    def edit(file, old, new):
        text = (copy / file).read_text(encoding="utf-8")
        assert old in text
        (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return copy

    return edit


@pytest.fixture
def events(tmp_path):
    """Two customers who send 30,000.00 and 60,000.00 to another bank: the rule asks for 50,000.00."""
    amounts = {"C1": "30000.00", "C2": "60000.00"}
    lines = [
        {"topic": "bank.transactions", "value": wire_form("transactions", customer_id=who, amount=amount, **OUTFLOW)}
        for who, amount in amounts.items()
    ]
    path = tmp_path / "day.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_lower_threshold_gives_the_alerts_that_it_lets_in_and_keeps_the_others(policy, events):
    changed = policy("rules.toml", "amount_minor = 50_000_00", "amount_minor = 20_000_00")
    told = rapport("what-if", events, "--policy", changed, "--json").json

    assert told["changed"] == [
        {"file": "rules.toml", "key": "rule (large_outflow).amount_minor", "before": 5_000_000, "after": 2_000_000}
    ]
    (row,) = told["alerts"]["rows"]
    assert row == {"name": "retention large_outflow", "before": 1, "after": 2, "gone": 0, "new": 1, "changed": 0}
    (new,) = told["alerts"]["new"]
    assert new["customer_id"] == "C1"
    assert "30,000.00" in new["why"]["en"]
    assert "30,000.00" in new["why"]["zh"]
    assert told["policies"]["before"] == default_policy().hash != told["policies"]["after"]


def test_it_works_in_the_other_direction_with_the_policies_swapped(policy, events):
    changed = policy("rules.toml", "amount_minor = 50_000_00", "amount_minor = 20_000_00")
    told = rapport("what-if", events, "--policy", DIRECTORY, "--against", changed, "--json").json

    (row,) = told["alerts"]["rows"]
    assert (row["before"], row["after"], row["gone"], row["new"]) == (2, 1, 1, 0)
    assert [gone["customer_id"] for gone in told["alerts"]["gone"]] == ["C1"]


def test_an_alert_that_is_only_said_otherwise_is_changed_and_neither_new_nor_gone(policy, events):
    changed = policy("rules.toml", "Large transfer to another bank", "Big transfer")
    (row,) = rapport("what-if", events, "--policy", changed, "--json").json["alerts"]["rows"]

    assert (row["gone"], row["new"], row["changed"]) == (0, 0, 1)


def test_an_alert_with_the_same_title_but_other_reasons_is_changed(policy, events):
    changed = policy("rules.toml", "{amount} {currency} transferred to {bank}", "{amount} {currency} went to {bank}")
    (row,) = rapport("what-if", events, "--policy", changed, "--json").json["alerts"]["rows"]

    assert (row["gone"], row["new"], row["changed"]) == (0, 0, 1)


def test_a_file_without_events_is_said_rather_than_compared(policy, tmp_path):
    (tmp_path / "empty.jsonl").touch()
    answer = rapport("what-if", tmp_path / "empty.jsonl", "--policy", policy("contact.toml", "= 6 ", "= 5 "))

    assert (answer.code, answer.complaint) == (1, f"{tmp_path / 'empty.jsonl'}: no event in it")


def test_people_read_what_changed_how_many_and_an_example_in_both_languages(policy, events, tmp_path):
    changed = policy("rules.toml", "amount_minor = 50_000_00", "amount_minor = 20_000_00")
    answer = rapport("what-if", events, "--policy", changed, "--out", tmp_path / "kept")

    assert answer.code == 0
    said = answer.out.splitlines()
    assert "rules.toml\trule (large_outflow).amount_minor\t50,000.00\t20,000.00" in said
    assert said[0] == "2 lines of events under both; at their start nothing was known of any customer."
    assert "retention large_outflow\t1\t2\t0\t1\t0" in said
    assert "all\t1\t2\t0\t1\t0" in said
    assert any(line.startswith("  new: C1 ") and "大额资金转出他行" in line for line in said)
    assert len((tmp_path / "kept" / "after" / "alerts.jsonl").read_text().splitlines()) == 2


def test_offers_are_shown_with_the_titles_that_people_know(policy, tmp_path):
    """A customer who agreed, has 90,000.00 idle, and logs in."""
    consents = {"marketing": True, "personalisation": True, "profiling": True}
    values = {
        "customers": wire_form("customers", customer_id="C1", consents=consents),
        "transactions": wire_form(
            "transactions", customer_id="C1", amount="90000.00", direction="credit", balance_after="90000.00"
        ),
        "interactions": wire_form(
            "interactions", event_id="in-best", customer_id="C1", kind="login", channel="mobile", topic=None
        ),  # its id is the chance with which a decision explores, and this one takes the best
    }
    day = tmp_path / "day.jsonl"
    day.write_text("".join(json.dumps({"topic": f"bank.{name}", "value": v}) + "\n" for name, v in values.items()))
    said = rapport("what-if", day, "--policy", policy("actions.toml", "value_minor = 300_00", "value_minor = 301_00"))

    assert "high_yield_savings (专享大额存单 / High-yield certificate of deposit)\t1\t1\t0\t0\t0" in said.out


def test_equal_policies_are_said_to_be_equal_and_a_wrong_one_is_one_line(policy, events):
    assert rapport("what-if", events, "--policy", DIRECTORY).out == "The two policies say the same.\n"

    answer = rapport("what-if", events, "--policy", policy("contact.toml", "offers_per_day = 1", "offers_per_day = 2"))
    assert (answer.code, answer.complaint) == (1, "contact.toml: offers_per_day: Input should be 1 (it is 2)")


def test_a_pipe_which_can_be_read_only_once_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    answer = rapport("what-if", tmp_path / "pipe", "--policy", DIRECTORY)
    assert (answer.code, answer.complaint) == (2, f"{tmp_path / 'pipe'}: it must be a file, for it is read twice")


def test_a_rule_that_is_taken_out_or_put_in_is_told_value_by_value():
    rules = [rule for rule in a_policy().model_dump(mode="json")["rules"]["rule"] if rule["kind"] != "large_inflow"]
    less = a_policy(rules={"rule": rules})

    gone = {change.key: change for change in changes(default_policy(), less)}
    assert gone["rule (large_inflow).priority"].after is None
    assert gone["rule (large_inflow).priority"].before == default_policy().rule_of["large_inflow"].priority
    assert "large_inflow" in [change.after for change in changes(less, default_policy())]


def test_a_list_of_words_is_one_value():
    (change,) = changes(default_policy(), with_rule("large_inflow", unless=["large_outflow"]))

    assert (change.key, change.before, change.after) == ("rule (large_inflow).unless", [], ["large_outflow"])


@pytest.mark.parametrize(
    ("key", "said", "told"),
    [
        ("a.amount_minor", 2_000_005, "20,000.05"),
        ("a.floor_minor", -150, "-1.50"),
        ("days", 14, "14"),
        ("zh", None, "-"),
        ("quiet", True, "True"),
    ],
)
def test_values_are_written_for_people(key, said, told):
    assert value(key, said, digits=2) == told


def test_amounts_have_the_digits_of_their_currency():
    assert value("a.amount_minor", 2_000_005, digits=0) == "2,000,005"
