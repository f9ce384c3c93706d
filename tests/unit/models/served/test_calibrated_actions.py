"""Propensities are calibrated by action, by the offers that were made weeks ago; what is known of few is pooled."""

import json
import random
from math import exp

import msgpack
import pytest

from models.evaluation.meters import Meter
from models.features import FEATURES
from models.learning.calibration import SLOPES, log_odds
from models.learning.starts import OTHER, STARTING_PROPENSITY
from models.served.calibrated_actions import MAX_MAPS, PARTS, CalibratedActions
from models.served.propensity import PropensityLearner
from tests.unit.models.model_checks import OF_MAPPED, as_bytes, contacts, examples, in_contact, name_of, refuses, taught

DAY_MS = 86_400_000
START = {"loan": 0.2, "fund": 0.05, "card": 0.1}


def calibrated():
    return CalibratedActions(PropensityLearner(START))


def busy():
    """One that has published versions, and heard what came true of their scores."""
    learner = taught(calibrated, 200)
    for version in range(1, 6):
        learner.published(version, version * DAY_MS)
        for features, label, about in examples(40, seed=version):
            learner.came_true(learner.score(features, about), version, label, about)
    learner.published(6, 6 * DAY_MS)
    return learner


@pytest.mark.parametrize("check", OF_MAPPED, ids=name_of)
def test_it_keeps_the_law_of_every_learner(check):
    check(calibrated)


def test_its_contributions_are_those_of_the_learner_stretched_and_still_sum_to_the_score():
    learner = busy()
    plain, mapped = learner.learner.scorer(9), learner.scorer(9)
    for features, _, about in examples(30, seed=30):
        line, raw, scored = learner.line(about), plain.score(features, about), mapped.score(features, about)
        assert line.slope != 1.0
        assert sum(scored.contributions, scored.base) == scored.log_odds
        assert scored.contributions == pytest.approx([line.slope * part for part in raw.contributions])
        assert scored.log_odds == pytest.approx(line.of(raw.log_odds))
        assert scored.value == learner.score(features, about)


def test_what_is_known_of_a_contact_is_stretched_too():
    learner = in_contact(calibrated, 300)
    learner.published(1, DAY_MS)
    for features, label, about, slots in contacts(100, seed=3):
        learner.came_true(learner.score(features, about, slots), 1, label, about)
    learner.published(2, 2 * DAY_MS)
    plain, mapped = learner.learner.scorer(9), learner.scorer(9)
    for features, _, about, slots in contacts(30, seed=4):
        raw, scored = plain.score(features, about, slots), mapped.score(features, about, slots)
        assert scored.log_odds == pytest.approx(learner.line(about).of(raw.log_odds))
        assert len(scored.contributions) == len(FEATURES) + len(slots)
        assert sum(scored.contributions, scored.base) == scored.log_odds


def test_a_scorer_told_as_data_scores_on_to_the_last_bit_each_action_and_what_is_unknown():
    learner = busy()
    for features, label, about, slots in contacts(60, seed=31):
        learner.learn(features, label, about, slots)
    scorer = learner.scorer(9)
    again = learner.thawed(json.loads(json.dumps(scorer.plain())))
    assert (again.version, again.examples) == (0, scorer.examples)
    for features, _, _, slots in contacts(20, seed=32):
        for action in (*START, "unheard of"):
            assert again.score(features, action, slots) == scorer.score(features, action, slots)
    assert again.plain() == scorer.plain()


def test_before_it_has_heard_of_anything_each_action_has_what_policy_starts_with():
    scorer = calibrated().scorer(0)
    for action, start in START.items():
        assert scorer.score((1.0,) * len(FEATURES), action).value == pytest.approx(start)
    assert scorer.score((1.0,) * len(FEATURES), "unheard of").value == pytest.approx(STARTING_PROPENSITY)


def test_the_level_of_an_action_is_believed_from_the_start_and_what_tells_customers_apart_by_half():
    learner = taught(calibrated, 200)
    learner.published(1, DAY_MS)
    for action in START:
        raw, mapped = learner.learner.linear(action), learner.linear(action)
        assert mapped.base == pytest.approx(raw.base)
        assert mapped.weights == pytest.approx([weight / 2 for weight in raw.weights])


class Sure(PropensityLearner):
    """A learner that never learns: it is too sure of one feature, and far off in what it believes of one action."""

    examples = 1
    actions = ("card", "loan")
    level = -2.0

    def learn(self, *example):
        return

    def linear(self, action, contact=None):
        known = super().linear(action, contact)
        return known._replace(weights=(3.0, *[0.0 for _ in FEATURES[1:]]), base=self.level)


TRUE_LEVEL = {"card": -2.0, "loan": -0.8}


def weeks_of_delay(learner, days=200, horizon=20, *, hears=True):
    """Make twenty offers a day, hear of each a horizon later; judge the scores of the second half, by action."""
    chance, waiting, judged = random.Random(5), [], {action: Meter() for action in TRUE_LEVEL}
    for day in range(1, days):
        learner.published(day, day * DAY_MS)
        for _due, *told in [it for it in waiting if it[0] == day]:
            if hears:
                learner.came_true(*told)
        for _ in range(20):
            one, action = chance.gauss(0, 0.5), chance.choice(["card", "card", "card", "loan"])
            score = learner.score((one, *(0.0 for _ in FEATURES[1:])), action)
            label = chance.random() < 1 / (1 + exp(-(TRUE_LEVEL[action] + one)))
            waiting.append((day + horizon, score, day, label, action))
            if day > days // 2:
                judged[action].update(label, score)
    return {action: meter.quality() for action, meter in judged.items()}


def test_offers_that_were_made_weeks_ago_teach_it_each_action_by_itself():
    told, untold = (weeks_of_delay(CalibratedActions(Sure(START)), hears=hears) for hears in (True, False))
    assert untold["loan"].calibration_error > 0.16
    assert told["loan"].calibration_error < 0.09, "of 500 offers, a third of them taken, 0.055 is chance"
    assert told["card"].calibration_error < 0.035, "of 1,500 offers 0.021 is chance"
    for action in TRUE_LEVEL:
        assert told[action].log_loss < untold[action].log_loss


def test_an_action_with_few_answers_of_its_own_follows_the_others():
    """Its own map moves little by two answers, and the others' is below it."""
    learner = CalibratedActions(Sure(START))
    learner.published(1, DAY_MS)
    chance = random.Random(2)
    for number in range(900):
        score = learner.score((chance.gauss(0, 0.5), *[0.0] * (len(FEATURES) - 1)), "card")
        learner.came_true(score, 1, chance.random() < 0.4, "card")
        if number < 2:
            learner.came_true(score, 1, False, "loan")
    learner.published(2, 2 * DAY_MS)
    loan, card, fund = learner.line("loan"), learner.line("card"), learner.line("fund")
    assert card.shift > 1.0, "40 % take it, and the model says 12 %"
    assert 0.5 * card.shift < loan.shift < fund.shift, "the others' shift, and a little less by two answers of its own"
    assert fund.start == pytest.approx(log_odds(START["fund"])), "nothing was learned of it: about what policy says"


def test_actions_that_policy_does_not_name_and_are_learned_together_have_one_map():
    learner = CalibratedActions(PropensityLearner(START, max_actions=4))
    for number, (features, label, _) in enumerate(examples(80)):
        learner.learn(features, label, f"campaign {number % 8}")
    assert OTHER in learner.learner.actions
    learner.published(1, DAY_MS)
    for features, _, _ in examples(60, seed=2):
        learner.came_true(learner.score(features, "campaign 6"), 1, True, "campaign 6")
    learner.published(2, 2 * DAY_MS)
    assert learner.line("campaign 6") == learner.line("campaign 7") == learner.line(OTHER)
    assert learner.line(OTHER).shift > learner.line("campaign 1").shift > 0.0
    assert learner.line("unheard of") == learner.line(OTHER)
    features = (0.5,) * len(FEATURES)
    assert learner.scorer(2).score(features, "campaign 6").value == learner.score(features, "campaign 7")


def test_a_score_is_traced_back_through_the_map_of_its_version():
    """The same raw score teaches the same, whatever map it went through."""
    features, lessons = (0.8, *[0.0] * (len(FEATURES) - 1)), []
    for heard in (0, 300):
        learner = CalibratedActions(Sure(START))
        learner.published(1, DAY_MS)
        for _ in range(heard):
            learner.came_true(learner.score(features, "card"), 1, True, "card")
        learner.published(2, 2 * DAY_MS)
        score = learner.score(features, "card")
        lessons.append(learner._line_in(learner._maps.of(2), "card").back(log_odds(score)))
    assert lessons == pytest.approx([Sure.level + 3.0 * features[0]] * 2)


def test_of_a_version_that_it_does_not_know_nothing_is_learned():
    learner = busy()
    before = learner.snapshot()
    learner.came_true(0.9, 0, True, "card")
    learner.came_true(0.9, 99, True, "card")
    assert learner.snapshot() == before


def test_the_map_in_use_changes_once_a_day():
    learner = busy()
    before = learner.line("card")
    for features, _, _ in examples(50, seed=31):
        learner.came_true(learner.score(features, "card"), 6, True, "card")
    learner.published(7, 6 * DAY_MS + 1)
    assert learner.line("card") == before
    learner.published(8, 7 * DAY_MS)
    assert learner.line("card") != before


def test_off_duty_the_map_goes_on_by_the_labels_of_what_it_had_said():
    learner = busy()
    before, said = learner.line("card"), [learner.score(values, "card") for values, _, _ in examples(40, seed=50)]
    for score in said:
        learner.came_true(score, 6, True, "card")
    learner.off_duty(6 * DAY_MS)
    assert learner.line("card") == before, "not within the day"
    learner.off_duty(7 * DAY_MS)
    assert learner.line("card") != before


def test_maps_are_bounded():
    learner = taught(calibrated, 30)
    for version in range(1, 2 * MAX_MAPS):
        learner.published(version, version * DAY_MS)
    assert len(learner.snapshot()["maps"]) == MAX_MAPS
    calibrated().restore(learner.snapshot())


def test_a_restored_one_has_the_same_future_to_the_last_bit():
    first, second = busy(), calibrated()
    second.restore(json.loads(json.dumps(first.snapshot())))
    for version, (features, label, about) in enumerate(examples(60, seed=32), start=7):
        for learner in (first, second):
            learner.published(version, version * DAY_MS)
            learner.came_true(learner.score(features, about), version - 2, label, about)
            learner.learn(features, label, about)
        assert second.snapshot() == first.snapshot()
        assert second.score(features, about) == first.score(features, about)


def test_after_a_restart_the_same_bytes_are_told_in_whatever_order_actions_were_met():
    learner, again = calibrated(), calibrated()
    for action in ("loan", "card", "fund"):
        learner.learn((0.0,) * len(FEATURES), True, action)
    again.restore(msgpack.unpackb(as_bytes(learner)))
    for one in (learner, again):
        one.published(1, DAY_MS)
    assert as_bytes(again) == as_bytes(learner)


def test_a_version_of_before_propensity_was_calibrated_is_taken_up_and_begins_a_calibration():
    learner, told = busy(), busy().snapshot()
    for part in PARTS:
        del told[part]
    again = calibrated()
    again.restore(told)
    assert again.learner.snapshot() == learner.learner.snapshot()
    fresh = calibrated()
    fresh.learner.restore(learner.learner.snapshot())
    assert again.snapshot() == fresh.snapshot()


@pytest.mark.parametrize(
    "damage",
    [
        {"maps": [[1, 2, 0.0, 0.0, []]]},
        {"maps": [[2, 1, 1.0, 0.0, []]]},
        {"maps": [[1, 2, 1.0, 0.0]]},
        {"maps": [[1, 2, 1.0, 0.0, [["card", -2.0, SLOPES[0] ** 2 / 2, 0.0]]]]},
        {"maps": [[1, 2, 1.0, 0.0, [["card", -2.0, 1.0, float("nan")]]]]},
        {"maps": [[1, 2, 1.0, 0.0, [["card", -2.0, 1.0]]]]},
        {"maps": [[1, 2, 1.0, 0.0, []]] * (MAX_MAPS + 1)},
        {"own": [["card", 0, 1.0, 0.0, 1.0, 0.0, 1.0]]},
        {"own": [["card", 0, 9.0, 0.0, 200.0, 0.0, 50.0]]},
        {"own": [[str(n), 0, 1.0, 0.0, 200.0, 0.0, 50.0] for n in range(201)]},
        {"calibration": []},
        {"calibration": [0, 0.7, 0.0, 50.0, 0.0, 12.5, -2]},
    ],
)
def test_a_damaged_calibration_is_refused_and_changes_nothing(damage):
    assert refuses(busy(), damage)


def test_what_the_learner_refuses_is_told():
    assert calibrated().refused == 0
