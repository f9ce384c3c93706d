"""`rapport profile ID --why`: the score taken apart, under the version that gave it or, where that is gone, another."""

import math

import pytest

from models.features import FEATURES, features
from models.training.bookmark import Position
from models.training.learners import new_release, scorer_of
from models.training.shelf import Shelf
from models.training.snapshots import Stored, to_records
from schemas.internal import Punctuation
from stream_app.views.explained import lines, why
from tests.commands import rapport
from tests.explaining import a_scorer, scored_in_weeks, values_with
from tests.policies import default_policy
from tests.unit.models.training.test_release import an_example

POLICY = default_policy()
BEFORE, NOW = values_with(logins_30d=12, aum=900), values_with(salary_late_days=9, aum=900)


@pytest.fixture(scope="module")
def shelf():
    """The versions of a churn model that has learned 450 examples."""
    release, kept = new_release("churn", POLICY, 1), Shelf(5)
    for number in range(450):
        release.take(an_example(number), Position("here", number, 0), number)
    below = Punctuation(model="churn", source_partition=0, below_ms=2**45, idle=False)
    for version in release.promise(below, 450):
        for key, value in to_records(version):
            kept.put(key, value)
    return kept


@pytest.fixture(scope="module")
def scorer(shelf):
    return scorer_of(shelf.latest("churn"), POLICY)


def test_all_parts_sum_to_the_log_odds_and_all_movements_to_what_lies_between(shelf, scorer):
    told = why(scored_in_weeks(scorer, BEFORE, NOW), shelf, POLICY)

    assert math.fsum([told["base"], *told["parts"].values()]) == pytest.approx(told["log_odds"], abs=1e-9)
    now, before = (math.log(p / (1 - p)) for p in (told["score"], told["why_now"]["before"]))
    moved = told["why_now"]
    assert math.fsum([moved["learned"], *moved["moved"].values()]) == pytest.approx(now - before, abs=1e-9)
    assert "aum" not in moved["moved"]
    assert moved["days"] == 7.0
    assert told["note"] == ""


def test_what_another_version_scored_is_explained_anew_as_of_the_last_event(shelf, scorer):
    profile = scored_in_weeks(a_scorer(version=99, base=0.0), NOW)
    told = why(profile, shelf, POLICY)

    assert told["version"] == scorer.version
    assert told["score"] == scorer.score(features(profile, profile.last_seen_ms)).value
    assert told["note"] == (
        "version 99 gave 0.500 at 2026-03-02T01:00:00.000Z; "
        f"explained as of the last event, by version {scorer.version}"
    )


def test_what_would_change_it_is_labelled_as_the_models_view(shelf):
    """Under any version: the threshold is brought down to where the score lies."""
    told = why(scored_in_weeks(a_scorer(version=99), NOW), shelf, POLICY)
    assert told["what_if"]["view"].endswith("not cause and effect")
    assert all(change["score"] < 0.65 for change in told["what_if"]["changes"])


def test_without_a_score_or_a_version_that_is_said(shelf, scorer):
    profile = scored_in_weeks(scorer, NOW)
    nobody = profile.copied()
    nobody.scores = {}

    assert why(nobody, shelf, POLICY)["note"].startswith("there is no score")
    assert why(profile, Shelf(5), POLICY)["note"].endswith("is not on the shelf, and no other is")
    assert why(profile, Shelf(5), POLICY)["reasons"]


def test_it_is_written_for_people(shelf, scorer):
    written = lines(why(scored_in_weeks(scorer, BEFORE, NOW), shelf, POLICY))
    assert written[0].endswith("what adds to it:")
    assert any("7 天前为" in line for line in written)
    late = lines(why(scored_in_weeks(a_scorer(salary_late_days=0.8), NOW), Shelf(5), POLICY))
    assert late[1] == "  +1.842  代发工资已迟到 9 天 / salary did not arrive: 9 days late"
    assert lines({"note": "nothing"}) == ["nothing"]


def test_of_a_model_that_is_no_sum_shapley_values_are_sampled_and_called_approximate(shelf):
    """A tree is put on duty in the newest version: it asks for the logins first, then for the salary."""
    leaves = [[-1, 0.0, 0, 0, -3.0], [-1, 0.0, 0, 0, -1.0], [-1, 0.0, 0, 0, 2.0]]
    place = [FEATURES.index("salary_late_days"), FEATURES.index("logins_30d")]
    nodes = [[place[1], 0.5, 1, 2, -2.0], [place[0], 0.5, 3, 4, -1.0], leaves[0], leaves[1], leaves[2]]
    manifest, snapshot, _ = shelf.latest("churn")
    contest = {**snapshot["state"]["contest"], "on_duty": "hoeffding_adaptive"}
    contest["challengers"] = {"hoeffding_adaptive": {"names": list(FEATURES), "examples": 450, "nodes": nodes}}
    contest["meters"] = {**contest["meters"], "hoeffding_adaptive": contest["meters"]["logistic"]}
    newest = Stored(manifest, {**snapshot, "state": {**snapshot["state"], "contest": contest}})

    told = why(scored_in_weeks(scorer_of(newest, POLICY), BEFORE, NOW), OnlyOne(newest), POLICY)

    parts = told["approximate"]["parts"]
    assert "approximate" in told["approximate"]["method"]
    assert math.fsum([told["approximate"]["base"], *parts.values()]) == pytest.approx(told["log_odds"], abs=1e-9)
    assert math.fsum([told["base"], *told["parts"].values()]) == pytest.approx(told["log_odds"], abs=1e-9)
    assert {feature for feature, part in parts.items() if part} <= {"salary_late_days", "logins_30d"}


class OnlyOne:
    """A shelf with one version of one model."""

    def __init__(self, version):
        self.version = version

    def stored(self, model, version):
        return self.version

    latest = None


def test_a_worker_cannot_be_asked_why():
    answer = rapport("profile", "C1", "--why", "--worker", "127.0.0.1:1")
    assert (answer.code, "without --worker" in answer.err) == (2, True)
