"""The recording of the bank: a customer comes on one topic a phase, and every action is known by what causes it."""

from collections import defaultdict

import pytest

from models.policy import load_policy
from stream_app.bench import bank
from stream_app.bench.recorded import Recorded
from stream_app.settings import Settings
from stream_app.simulate import NO_FAULTS, Options

OPTIONS = Options(customers=60, days=25, seed=3, faults=NO_FAULTS)


@pytest.fixture(scope="module")
def made():
    settings = Settings()
    policy = load_policy(settings.policy_dir)
    return bank.record(OPTIONS, 8, 600, settings, policy, teaching=Options(customers=20, days=40, seed=5))


def test_a_customer_comes_on_one_topic_in_each_phase(made):
    topics = defaultdict(set)
    bounds = (made.phases[0], made.phases[0] + made.phases[1])
    for number, message in enumerate(made.messages):
        if message.topic != "mentions":
            topics[sum(number >= bound for bound in bounds), message.key].add(message.topic)

    assert made.phases[2] == 600
    assert all(len(found) == 1 for found in topics.values())


def test_no_customer_comes_by_mentions():
    """What he says takes a second topic, where timers could overtake it."""
    topics = {bank.topic_of(f"C{number:06}", phase) for number in range(1_000) for phase in range(3)}

    assert topics == {"transactions", "interactions", "outcomes", "customers"}


def test_every_action_has_a_cause_among_the_messages(made):
    numbers = [number if number >= 0 else -1 - number for number, _, _ in made.actions.values()]

    assert len(numbers) > 10
    assert all(0 <= number < len(made.messages) for number in numbers)
    assert {kind for _, kind, _ in made.actions.values()} <= {"alert", "offer", "arrival"}


def test_the_models_of_the_run_are_versions_that_a_worker_can_take_up(made):
    policy = load_policy(Settings().policy_dir)
    scorers = bank.scorers_of(made.models, policy)

    assert sorted(scorers) == sorted(policy.models.names)
    assert any(scorer.version > 0 for scorer in scorers.values())


def test_a_slice_expects_the_actions_of_its_own_messages_only(made, tmp_path):
    recorded = Recorded(tmp_path, tuple(made.phases), bytes(made.results), made.actions, ())
    first = recorded.starts[2]
    halves = (first, first + 300), (first + 300, recorded.total)
    expected = [recorded.expected(*half) for half in halves]

    assert not expected[0].keys() & expected[1].keys()
    assert all(0 <= number < 300 for half in expected for number, _ in half.values())
    assert recorded.outcomes(recorded.total) == {"applied": recorded.total, "duplicate": 0, "dead_letter": 0}
