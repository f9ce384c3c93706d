"""Real and simulated histories through one live worker: exact to the cent, equal to replay, also over a kill -9."""

import json
import random
import signal
from collections import Counter

import pandas as pd
import pytest

from schemas.profile_view import view
from stream_app.simulate import Options, World
from stream_app.simulate.options import Faults
from stream_app.worker.process import worker_service
from tests.builders import after, wire_form
from tests.commands import MAPPINGS, rapport
from tests.shared_data import shared_data

from .deployment import PATIENCE, event, raw, until

pytestmark = [pytest.mark.integration, pytest.mark.slow]

BERKA = "berka_subset/trans_comp.csv"


def views(deployment):
    """The profiles as others see them, from the changelog."""
    return {customer: view(profile, "CNY") for customer, profile in deployment.profiles().items()}


def replayed(directory, deployment, lines):
    """The results of `rapport replay` over these lines, with the deployment's settings."""
    (directory / "lines.jsonl").write_bytes(b"".join(lines))
    out = directory / "out"
    answer = rapport("replay", directory / "lines.jsonl", "--out", out, "--json", environ=deployment.environ)
    assert answer.code == 0, answer.err
    return {
        name: [json.loads(line) for line in (out / f"{name}.jsonl").read_text().splitlines()]
        for name in ("alerts", "offers", "arrivals", "profiles", "dead_letters")
    }


# -- a Czech bank, 1993 to 1998 (PKDD'99 Discovery Challenge, Berka data) -----------------------------------------


@pytest.fixture(scope="module")
def berka(history):
    """The 30,200 transactions, loaded through Kafka; the live profiles when all is done."""
    source = shared_data(BERKA)
    loaded = history.rapport("load", source, "--mapping", MAPPINGS / "berka.toml", "--json").json
    assert loaded["by_topic"] == {f"{history.settings.input_namespace}.transactions": 30_200}
    history.drain()
    history.produced += 30_200
    until(lambda: history.accounted() == history.produced, "all is accounted for")
    return views(history)


@pytest.fixture(scope="module")
def expected():
    """The same file by pandas, in hellers; its days are ordered, and rows of one day keep the order of the file."""
    rows = pd.read_csv(shared_data(BERKA), sep=";", dtype=str, keep_default_na=False)
    for column in ("amount", "balance"):
        rows[column] = (rows[column].astype(float) * 100).round().astype(int)
    rows["is_credit"] = rows["type"] == "credit"
    return rows.sort_values("date", kind="stable")


def test_berka_has_the_totals_that_its_description_states(berka):
    totals = [profile["totals"]["CZK"] for profile in berka.values()]
    assert sum(t["credit_count"] + t["debit_count"] for t in totals) == 30_200
    assert sum(t["credit_minor"] for t in totals) == 14_308_723_200
    assert sum(t["debit_minor"] for t in totals) == 12_807_438_580


def test_every_account_has_the_counts_and_sums_that_pandas_finds_to_the_heller(berka, expected):
    found = {
        customer: (t["credit_count"], t["credit_minor"], t["debit_count"], t["debit_minor"], t["declined_count"])
        for customer, t in ((customer, profile["totals"]["CZK"]) for customer, profile in berka.items())
    }
    by_account = {}
    for account, rows in expected.groupby("account_id"):
        credit, debit = rows[rows["is_credit"]]["amount"], rows[~rows["is_credit"]]["amount"]
        by_account[f"A{account}"] = (len(credit), int(credit.sum()), len(debit), int(debit.sum()), 0)
    assert len(by_account) == 354
    assert found == by_account


def test_every_account_has_the_balance_of_its_last_row(berka, expected):
    """The last day's, and of several rows of that day the one that stands last in the file."""
    last = expected.groupby("account_id")["balance"].last()
    assert {name: profile["balances"] for name, profile in berka.items()} == {
        f"A{account}": {account: balance} for account, balance in last.items()
    }


def test_a_profile_shown_by_the_command_is_that_of_the_changelog(history, berka):
    for customer in sorted(berka)[:2]:
        assert history.rapport("profile", customer, "--json").json == berka[customer]


def test_berka_live_and_by_replay_gives_the_same_profiles(history, berka, tmp_path):
    lines = tmp_path / "berka.jsonl"
    history.rapport("load", shared_data(BERKA), "--mapping", MAPPINGS / "berka.toml", "--out", lines)
    results = replayed(tmp_path, history, lines.read_bytes().splitlines(keepends=True))
    assert {profile["customer_id"]: profile for profile in results["profiles"]} == berka
    assert results["dead_letters"] == []


# -- a simulated bank ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated(history):
    """Customers first, then all transactions: between topics Kafka gives no order (docs/rules.md, 19). None is late."""
    faults = Faults(late=0.0, out_of_order=0.0, duplicate=0.02, broken=0.01)
    world = World(
        Options(customers=60, days=50, seed=11, activity=0.6, faults=faults, namespace=history.settings.input_namespace)
    )
    lines = list(world.lines())
    first = [line for line in lines if line.topic.endswith(".customers")]
    then = [line for line in lines if line.topic.endswith(".transactions") and line.key is not None]
    return first, then


def test_live_and_by_replay_give_the_same_actions_and_profiles(history, simulated, tmp_path):
    for part in simulated:
        history.send(*[raw(line) for line in part])
        history.drain()
    results = replayed(tmp_path, history, [line.encode() for part in simulated for line in part])
    expected = {profile["customer_id"]: profile for profile in results["profiles"]}
    until(lambda: {c: p for c, p in views(history).items() if c in expected} == expected, "profiles are equal")

    for family in ("alerts", "offers"):
        found = {}
        for stream in history.streams():
            if f":{family}:" in stream:
                for entry in history.entries(stream.partition(":")[2]):
                    if entry["data"]["customer_id"] in expected:
                        found[entry["id"]] = {**entry, "stream": stream}
        assert found == {entry["id"]: entry for entry in results[family]}
        assert len(found) == len(results[family]) > 10, family
    assert len(results["dead_letters"]) > 5


# -- a worker that dies -------------------------------------------------------------------------------------------


def test_a_worker_killed_in_the_middle_of_a_load_counts_everything_once(history):
    """Every seventh transaction raises an alert; the sums and alerts expected are a plain count of what was sent."""
    chance = random.Random(5)
    sent = []
    for number in range(6_000):
        large = number % 7 == 0
        sent.append(
            wire_form(
                "transactions",
                customer_id=f"K{number % 301}",
                amount=f"{(50_000 if large else 0) + chance.randrange(1, 900)}.{chance.randrange(100):02}",
                kind="transfer",
                counterparty_bank="BANK2" if large else ...,
                occurred_at=after(days=250, seconds=number),
            )
        )
    stream = f"{history.settings.namespace}:alerts:retention:p1"
    before = history.redis.xlen(stream)
    history.worker.stop()
    history.send(*[event("transactions", transaction) for transaction in sent])
    doomed = worker_service(history.settings, history.log, history.port, RAPPORT_CRASH_AT="mid_effects:2")
    doomed.launch()
    assert doomed.wait(PATIENCE) == 128 + signal.SIGKILL
    doomed.stop()
    assert 0 < history.redis.xlen(stream) - before < 6_000 // 7, "it did not die in the middle of the load"
    history.worker.start()
    history.drain()

    sums, counts = Counter(), Counter()
    for transaction in sent:
        sums[transaction["customer_id"]] += int(transaction["amount"].replace(".", ""))
        counts[transaction["customer_id"]] += 1
    found = {name: profile["totals"]["CNY"] for name, profile in views(history).items() if name in counts}
    assert {name: t["debit_minor"] for name, t in found.items()} == sums
    assert {name: t["debit_count"] for name, t in found.items()} == counts
    assert history.count("crm_profiles") == len(history.profiles())

    for name, ids in history.ids().items():
        assert len(ids) == len(set(ids)), name
    raised = Counter(
        entry["data"]["evidence"]["events"][0]
        for entry in history.entries("alerts:retention:p1")
        if entry["data"]["customer_id"] in counts and entry["data"].get("kind") == "large_outflow"
    )
    assert raised == Counter(t["event_id"] for t in sent if "counterparty_bank" in t)
