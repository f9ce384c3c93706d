"""The comparison with planted truth, on cases small enough to count by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from schemas.times import to_rfc3339
from stream_app.figures.truth import (
    Departures,
    auc,
    churn_alerts,
    churn_auc,
    churn_ceiling,
    label_auc,
    propensity_ceiling,
    second_half,
)

DAY = 86_400_000
START = 1_700_000_000_000


def after(days):
    return START + days * DAY


def truth(**leaves):
    records = [{"record": "period", "end_ms": after(60)}]
    for customer, day in leaves.items():
        planted = {"planted_ms": after(day), "first_sign_ms": after(day - 20)} if day is not None else None
        records.append({"record": "customer", "customer_id": customer, "leaves": planted})
    return Departures.of(records)


def an_alert(customer, day, queue="retention", kind="large_outflow"):
    return {"customer_id": customer, "queue": queue, "kind": kind, "occurred_at": to_rfc3339(after(day))}


def an_example(customer, day, score, model="churn", label=0, version=3):
    return {"customer_id": customer, "model": model, "snapshot_ms": after(day), "score": score, "label": label,
            "model_version": version}  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=2))
def test_auc_agrees_with_scikit_learn(pairs):
    scores, labels = zip(*pairs, strict=True)
    if len(set(labels)) < 2:
        assert auc(scores, labels) is None
    else:
        assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


def test_recall_counts_leavers_of_the_period_who_were_warned_of_before():
    departures = truth(gone=30, unwarned=40, later=70, stays=None)
    alerts = [an_alert("gone", 20), an_alert("gone", 25), an_alert("unwarned", 41), an_alert("stays", 5),
              an_alert("later", 50), an_alert("stays2", 3, queue="fraud")]  # fmt: skip

    report = churn_alerts(alerts, departures)

    assert (report.leavers, report.warned) == (2, 1)
    assert report.recall == 0.5
    assert (report.alerted, report.alerted_leavers) == (4, 3)
    assert report.precision == 0.75
    assert report.days_of_warning == 10


def test_only_the_kinds_that_were_asked_for_count():
    report = churn_alerts([an_alert("gone", 20, kind="complaint")], truth(gone=30), frozenset({"large_outflow"}))

    assert (report.warned, report.precision) == (0, None)


def test_a_warning_too_long_ago_is_no_warning():
    assert churn_alerts([an_alert("gone", 1)], truth(gone=59)).warned == 0


def test_a_period_without_leavers_has_no_recall():
    assert churn_alerts([], truth(stays=None)).recall is None


def test_churn_scores_are_held_against_departures_within_the_horizon():
    departures = truth(soon=20, late=55, stays=None)
    examples = [an_example("soon", 5, 0.9), an_example("late", 5, 0.2), an_example("stays", 5, 0.1),
                an_example("late", 40, 0.8), an_example("stays", 6, 0.99, version=0)]  # fmt: skip

    assert churn_auc(examples, departures, horizon_days=30) == 1.0


def test_propensities_are_held_against_the_labels_that_matured():
    examples = [an_example("a", 1, 0.3, "propensity", 1), an_example("b", 1, 0.6, "propensity", 0),
                an_example("c", 1, 0.5, "churn", 1)]  # fmt: skip

    assert label_auc(examples, "propensity") == 0.0


def test_the_ceiling_of_churn_is_what_shows_of_the_way_out():
    departures = truth(soon=20, late=55, stays=None)
    shows = [an_example("soon", 5, 0.1), an_example("stays", 5, 0.9)]
    hidden = [an_example("late", 30, 0.9), an_example("stays", 30, 0.1)]

    assert churn_ceiling(shows, departures, horizon_days=30) == 1.0
    assert churn_ceiling(hidden, departures, horizon_days=30) == 0.5, "nothing shows before the first sign"
    assert [departures.gone("soon", after(day)) for day in (-9, 10, 20, 40)] == [0.0, 0.5, 1.0, 1.0]


def test_the_ceiling_of_propensity_is_what_the_planted_chances_reach_themselves():
    examples = [{**an_example(name, 1, 0.5, "propensity", label), "example_id": name}
                for name, label in (("a", 1), ("b", 0), ("c", 0), ("stranger", 1))]  # fmt: skip
    records = [{"record": "offer", "action_id": name, "chance": chance} for name, chance in
               (("a", 0.3), ("b", 0.4), ("c", 0.1))]  # fmt: skip

    assert propensity_ceiling(examples, [{"record": "period"}, *records]) == 0.5


def test_the_later_half_is_by_the_moment_of_scoring_and_of_scores_that_were_learned():
    examples = [an_example("a", day, 0.5, "propensity", 1) for day in (4, 1, 3, 2)]
    unlearned = an_example("z", 9, 0.5, "propensity", 1, version=0)

    assert [e["snapshot_ms"] for e in second_half([*examples, unlearned], "propensity")] == [after(3), after(4)]
