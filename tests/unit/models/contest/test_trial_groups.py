"""A group that is harmed keeps its veto, whatever lucky moments a trial has; one that is not stands in nobody's way."""

import random
from math import sqrt

import pytest
from pydantic import ValidationError

from models.contest.track_record import EVERYBODY
from models.contest.trial import Pair, looks
from models.policy.contest import ContestRules

RULES = ContestRules()
SPREAD = 0.25  # of what is saved on one example, nats
GROUP, REST = "aum:small", "aum:large"


def a_trial(seed: int, group_saves: float, rest_saves: float = 0.06) -> tuple[bool, bool]:
    """Say whether a group of a fifth was ever let pass: at a look, and at any example by one standard error."""
    chance, pair, at_look, at_any = random.Random(seed), Pair(), False, False
    for n in range(1, RULES.trial_examples + 1):
        mine = chance.random() < 0.2
        pair.add(chance.gauss(group_saves if mine else rest_saves, SPREAD), [GROUP if mine else REST])
        if n < RULES.trial_least:
            continue
        group = pair.saved[GROUP]
        deviation = sqrt(max(0.0, group.squares / group.count - group.mean**2) / group.count)
        at_any |= group.count >= RULES.segment_least and group.mean >= -deviation
        at_look |= n in looks(RULES) and not pair.harmed(RULES)
    return at_look, at_any


def test_a_fifth_that_is_truly_harmed_is_protected_at_the_looks():
    passed = [a_trial(seed, -0.0294) for seed in range(40)]
    assert sum(at_look for at_look, _ in passed) <= 2
    assert sum(at_any for _, at_any in passed) >= 10, "asked at every example, chance says yes some time"


def test_who_is_not_harmed_does_not_stand_in_the_way():
    assert sum(a_trial(seed, 0.03)[0] for seed in range(8)) == 8


def test_looks_are_fixed_before_a_trial_begins_and_the_last_is_its_end():
    assert looks(RULES) == (300, 450, 675, 1012, 1518, 2278, 3417, 5000)
    assert looks(ContestRules(trial_least=100, trial_examples=100)) == (100,)


def test_who_has_not_been_heard_is_waited_for_and_who_never_will_be_is_not_protected():
    pair = Pair()
    for n in range(100):
        pair.add(0.5, [REST, *([GROUP] if n % 20 == 0 else [])])
    assert pair.harmed(RULES) == [f"{GROUP} is still to be heard"]
    for _ in range(400):
        pair.add(0.5, [REST])
    pair.add(-5.0, [GROUP])
    assert pair.saved[GROUP].mean < 0
    assert pair.harmed(RULES) == []
    assert pair.saved[EVERYBODY].count == 501
    assert Pair().harmed(RULES) == []


@pytest.mark.parametrize("wrong", [{"trial_least": 6_000}, {"segment_least": 6_000}])
def test_a_trial_that_can_come_to_no_verdict_is_refused(wrong):
    with pytest.raises(ValidationError, match="must not be above trial_examples"):
        ContestRules(**wrong)
