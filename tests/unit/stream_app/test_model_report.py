"""The model report: curves held against other ways to reckon them, pictures against their coordinates, and the page."""

import json
import math
import random
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree as ET

import orjson
import pytest
from scipy.stats import binomtest

from models.evaluation.meters import BINS, Meter
from models.features import FEATURES
from models.policy import Text
from models.training.bookmark import Position
from models.training.learners import LocalTrainer, new_release
from models.training.shelf import Shelf
from models.training.snapshots import to_records
from schemas.actions import example_effect
from schemas.internal import ExampleRecord, Punctuation
from schemas.times import parse_rfc3339
from stream_app.commands.model_report import outcomes_of
from stream_app.model_report import charts, svg
from stream_app.model_report.curves import (
    as_percent,
    auc_range,
    distribution,
    found_by,
    gain,
    reliability,
    smoothed,
    wilson,
)
from stream_app.model_report.from_replay import SERVED, read_replay, stretches
from stream_app.model_report.from_shelf import read_versions
from stream_app.model_report.limits import LIMITS, base_rate_loss, remarks
from stream_app.model_report.page import page
from stream_app.model_report.sheet import ReasonSize, Sheet, Source, document, segments
from stream_app.model_report.svg import Axis, Frame, plain_axis
from tests.commands import rapport
from tests.policies import default_policy
from tests.unit.models.model_checks import examples

SVG = "{http://www.w3.org/2000/svg}"
DAY_MS = 86_400_000
SINCE = parse_rfc3339("2026-03-01T00:00:00Z")
POLICY = default_policy()


def judged(number=3_000, seed=5, *, sure=1.0):
    """Scores of which so much comes true (`sure` 1: exactly as often as they say), with their labels."""
    chance = random.Random(seed)
    for _ in range(number):
        log_odds = chance.gauss(-2.0, 1.2)
        yield 1 / (1 + math.exp(-log_odds)), chance.random() < 1 / (1 + math.exp(-sure * log_odds))


def metered(pairs):
    meter = Meter()
    for score, label in pairs:
        meter.update(label, score)
    return meter


def bins_of(pairs):
    return metered(pairs).snapshot()["bins"]


# ------------------------------------------------------------------------------------------------------------- curves


def test_the_area_under_the_gain_curve_is_the_auc():
    """With a share p of positives it is p / 2 + (1 - p) * AUC."""
    meter = metered(judged())
    curve, quality = gain(meter.snapshot()["bins"]), meter.quality()
    area = sum((b.customers - a.customers) * (a.found + b.found) / 2 for a, b in pairwise(curve))
    share = quality.positives / quality.examples

    assert area == pytest.approx(share / 2 + (1 - share) * quality.auc, abs=1e-12)
    assert curve[0] == (0.0, 0.0)
    assert curve[-1] == (1.0, 1.0)


def test_the_first_tenth_finds_what_sorting_finds():
    pairs = list(judged())
    best = sorted(pairs, reverse=True)[: len(pairs) // 10]
    found = sum(label for _, label in best) / sum(label for _, label in pairs)

    assert found_by(gain(bins_of(pairs)), 0.1) == pytest.approx(found, abs=0.01)
    assert found_by(gain(bins_of(pairs)), 1.0) == 1.0
    assert gain(bins_of([(0.1, False)])) == []
    assert found_by([], 0.5) == 1.0


def test_reliability_groups_hold_all_examples_and_give_the_meters_calibration_error():
    meter = metered(judged(sure=0.5))
    groups = reliability(meter.snapshot()["bins"])
    error = sum(g.examples * abs(g.predicted - g.observed) for g in groups) / 3_000

    assert sum(g.examples for g in groups) == 3_000
    assert error == pytest.approx(meter.quality().calibration_error, abs=1e-12)
    assert [g.predicted for g in groups] == sorted(g.predicted for g in groups)
    assert all(g.low <= g.observed <= g.high for g in groups)


@pytest.mark.parametrize(("positives", "number"), [(0, 10), (5, 100), (10, 10), (37, 2_000)])
def test_the_interval_of_a_share_is_wilsons(positives, number):
    known = binomtest(positives, number).proportion_ci(method="wilson")
    assert wilson(positives, number) == pytest.approx((known.low, known.high), abs=1e-6)


def test_the_interval_of_an_auc_is_that_of_hanley_and_mcneil():
    """Their example: area 0.893 over 51 abnormal and 58 normal images has a standard error of 0.032."""
    low, high = auc_range(0.893, 51, 58)
    assert (high - low) / 2 / 1.96 == pytest.approx(0.032, abs=1e-3)


def test_a_distribution_puts_each_score_into_its_half_unit_of_log_odds():
    pairs = list(judged())
    bars = distribution(bins_of(pairs))
    sums = [sum(bar.negatives for bar in bars), sum(bar.positives for bar in bars)]
    assert sums == pytest.approx([1.0, 1.0])
    counted = Counter(math.floor(2 * math.log(s / (1 - s))) / 2 for s, label in pairs if label)
    total = sum(counted.values())
    # A score on an edge may fall to the bar beside: bins are 0.05 wide.
    assert max(abs(bar.positives - counted[bar.low] / total) for bar in bars) < 0.04


def test_smoothing_weighs_the_last_points_and_skips_what_weighs_nothing():
    assert smoothed([(1, 0.5, 0.0), (2, 0.8, 1.0)]) == [(2, 0.8)]
    points = [(n, float(n), 1.0) for n in range(8)]
    assert smoothed(points)[-1] == (7, pytest.approx(5.0))


def test_log_odds_read_as_percent():
    assert [as_percent(value) for value in (-8.0, -4.0, 0.0, 8.0)] == ["<0.1%", "1.8%", "50%", ">99.9%"]


# ------------------------------------------------------------------------------------------------------------- limits

HEALTHY = {
    "examples": 5_000,
    "positives": 400,
    "auc": 0.75,
    "log_loss": 0.15,
    "calibration_error": 0.01,
    "censored": 10,
    "late": 1,
    "refused": 0,
    "served": {"auc": 0.74, "calibration_error": 0.015},
}


def test_healthy_figures_have_no_remark_and_every_limit_has_its_reason():
    assert remarks(HEALTHY) == []
    assert all(len(limit.why.en) > 40 and len(limit.why.zh) > 15 for limit in LIMITS)
    assert len({limit.code for limit in LIMITS}) == len({limit.name.zh for limit in LIMITS}) == len(LIMITS)


@pytest.mark.parametrize(
    ("limit", "changes"),
    [
        ("mature", {"positives": 199}),
        ("better than chance", {"auc": 0.549, "served": None}),
        ("no leak", {"auc": 0.901, "served": None}),
        ("calibrated", {"calibration_error": 0.021}),
        ("calibrated", {"served": {"auc": 0.74, "calibration_error": 0.03}}),
        ("informative", {"log_loss": base_rate_loss(HEALTHY)}),
        ("served as known", {"served": {"auc": 0.69, "calibration_error": 0.01}}),
        ("labels in time", {"late": 60}),
        ("labels known", {"censored": 1_300}),
        ("sound numbers", {"refused": 1}),
    ],
)
def test_a_limit_that_is_broken_is_said_with_its_reason(limit, changes):
    (remark,) = remarks({**HEALTHY, **changes})
    assert remark.limit == limit
    assert re.search(r"[\u4e00-\u9fff]", remark.says.zh)
    assert not re.search(r"[\u4e00-\u9fff]", remark.says.en)
    assert re.findall(r"\d+\.?\d*", remark.says.zh) == re.findall(r"\d+\.?\d*", remark.says.en)
    assert remark.why in {one.why for one in LIMITS}


def test_a_calibration_error_says_of_which_scores_it_is():
    (served,) = remarks({**HEALTHY, "served": {"auc": 0.74, "calibration_error": 0.03}})
    (own,) = remarks({**HEALTHY, "calibration_error": 0.021})
    assert "0.030 of the scores as served" in served.says.en
    assert "已发出评分的校准误差 0.030" in served.says.zh
    assert "0.021, above" in own.says.en


def test_the_limits_stand_where_they_were_meant_to():
    on_the_edge = {"auc": 0.55, "positives": 200, "examples": 5_000, "served": None, "calibration_error": 0.02}
    assert remarks({**HEALTHY, **on_the_edge, "log_loss": 0.1}) == []
    assert remarks({**HEALTHY, "auc": 0.90, "served": None}) == []


def test_what_cannot_be_told_is_no_remark():
    nothing = {"examples": 0, "positives": 0, "auc": None, "log_loss": None, "calibration_error": None}
    assert [remark.limit for remark in remarks(nothing)] == ["mature"]


def test_a_model_that_no_label_judges_has_no_positives_to_be_too_few():
    value = {"examples": 110, "positives": 110, "auc": None, "log_loss": None, "calibration_error": None}
    assert remarks(value) == []


# ----------------------------------------------------------------------------------------------------------- pictures


def frame():
    return Frame(Axis(10.0, 20.0, (), "x"), Axis(0.0, 2.0, (), "y"))


def read(text):
    return ET.fromstring(text)  # noqa: S314 - our own


def parsed(*parts):
    return read(svg.picture("it", "A title", "What it shows", *parts))


def test_values_lie_where_their_share_of_the_axis_is():
    drawn = parsed(svg.line(frame(), [(10.0, 0.0), (12.5, 1.0), (20.0, 2.0)], "line-0", title="a < b"))
    points = [tuple(map(float, p.split(","))) for p in drawn.find(f".//{SVG}polyline").get("points").split()]

    left, right, top, bottom = 46, 440 - 14, 12, 260 - 40
    across, up = right - left, bottom - top
    expected = [(left, bottom), (left + 0.25 * across, bottom - 0.5 * up), (right, top)]
    assert [coordinate for point in points for coordinate in point] == pytest.approx(
        [coordinate for point in expected for coordinate in point], abs=0.01
    )
    assert drawn.find(f".//{SVG}g/{SVG}title").text == "a < b"


def test_a_column_stands_on_the_axis_and_is_as_high_as_its_value():
    bar = parsed(svg.column(frame(), 12.0, 14.0, 1.5, "bar-one", "hint")).find(f"{SVG}rect")
    x, y, width, height = (float(bar.get(name)) for name in ("x", "y", "width", "height"))

    assert (x, width) == (pytest.approx(46 + 0.2 * 380), pytest.approx(0.2 * 380))
    assert (y + height, height) == (pytest.approx(220), pytest.approx(0.75 * 208))


def test_a_limit_is_drawn_where_it_lies_within_the_picture_only():
    height = float(parsed(svg.level(frame(), 0.5, "low")).find(f".//{SVG}line").get("y1"))
    assert height == pytest.approx(220 - 0.25 * 208)
    assert svg.level(frame(), 2.5, "beyond") == ""


def test_lying_bars_are_as_long_as_their_share_of_the_longest():
    drawn, height = svg.lying_bars([("a", 4.0, "4", "bar-one"), ("b", 1.0, "1", "bar-one")])
    widths = [float(bar.get("width")) for bar in read(drawn).iter("rect")]
    assert widths[0] == pytest.approx(4 * widths[1])
    assert height == 76
    assert svg.lying_bars([])[1] == 8


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.5, 0.95), (0.0, 0.013), (-3.0, 7.0), (0.0, 36_000.0)])
def test_ticks_are_round_and_lie_within_the_axis(low, high):
    axis = plain_axis(low, high, "x")
    values = [tick.value for tick in axis.ticks]
    assert 3 <= len(values) <= 7
    assert low <= values[0] < values[-1] <= high
    steps = {round(b - a, 9) for a, b in pairwise(values)}
    (step,) = steps
    assert f"{step:e}"[0] in "125"


def test_an_axis_of_one_value_still_has_a_length():
    assert plain_axis(3.0, 3.0, "x").high == 4.0


# --------------------------------------------------------------------------------------------------- from what there is


def matured(number, *, version=3, model="churn"):
    for place, (features, label, _) in enumerate(examples(number, seed=4)):
        at_ms = SINCE + place * DAY_MS // 40
        yield ExampleRecord(
            model=model,
            example_id=f"e{place:05}",
            customer_id=f"C{place % 50}",
            due_ms=at_ms + 30 * DAY_MS,
            snapshot_ms=at_ms,
            features=features,
            label=None if place % 97 == 0 else int(label),
            score=0.05 + 0.4 * label + 0.001 * (place % 7),
            model_version=version,
        )


@pytest.fixture(scope="module")
def learned():
    """A trainer that has learned 500 examples in process."""
    trainer = LocalTrainer(POLICY)
    trainer.take([example_effect(example, timed=False) for example in matured(500)])
    trainer.advance(SINCE + 200 * DAY_MS, None)
    return trainer


@pytest.fixture(scope="module")
def replayed(tmp_path_factory, learned):
    """The files of a replay that the report reads."""
    out = tmp_path_factory.mktemp("replay")
    (out / "models.json").write_bytes(orjson.dumps(learned.summary()))
    summary = {"policy": POLICY.hash, "outcomes": {"joined": 40, "late": 2, "dangling": 1}}
    (out / "summary.json").write_text(json.dumps(summary))
    early = [e.model_copy(update={"part": "early", "score": 0.99}) for e in matured(9)]
    (out / "examples.jsonl").write_text("".join(e.model_dump_json() + "\n" for e in [*early, *matured(500)]))
    reasons = [{"code": "logins_30d", "contribution": -0.5}, {"code": "aum", "contribution": 0.25}]
    scored = {"churn": {"reasons": reasons}}
    told = [{"scores": scored}, {"scores": {"churn": {"reasons": reasons[1:]}}}, {"scores": {}}]
    (out / "profiles.jsonl").write_text("".join(json.dumps(profile) + "\n" for profile in told))
    return out


@pytest.fixture(scope="module")
def shelved():
    """A trainer that has learned the same, with the versions that it published."""
    number = 500
    release, shelf = new_release("churn", POLICY, 1), Shelf(5)
    for place, example in enumerate(matured(number)):
        release.take(example, Position("here", place, 0), place)
    promise = Punctuation(model="churn", source_partition=0, below_ms=SINCE + 200 * DAY_MS, idle=False)
    for version in release.promise(promise, number):
        for key, value in to_records(version):
            shelf.put(key, value)
    return release, shelf


def test_a_replay_is_reported_as_it_was_served(replayed):
    told = document(read_replay(replayed, POLICY))
    churn = told["models"]["churn"]
    labelled = [e for e in matured(500) if e.label is not None]
    served = metered((e.score, e.label == 1) for e in labelled).quality()

    assert told["policy"] == POLICY.hash
    assert told["outcomes"] == {"joined": 40, "late": 2, "dangling": 1}
    assert churn["figures"]["served"] == served._asdict()
    assert churn["figures"]["examples"] == len(labelled) == sum(g["examples"] for g in churn["reliability"])
    assert churn["lag_days"] == {"30": 500}
    assert [(r["code"], r["size"]) for r in churn["reasons"]] == [("assets", 0.25), ("logins", 0.25)]
    assert [row["name"] for row in churn["history"]].count(SERVED) >= 3
    assert list(told["models"]) == list(POLICY.models.names)


def test_stretches_are_long_enough_for_some_positives_and_cover_what_they_can():
    served = [e.model_dump() for e in matured(500) if e.label is not None]
    rows = stretches(served)
    positives = sum(e["label"] for e in served)
    every = max(100, math.ceil(10 * len(served) / positives))

    assert {row["examples"] for row in rows} == {every}
    assert len(rows) == len(served) // every
    assert stretches([]) == []


def test_the_shelf_is_reported_by_its_newest_version(shelved):
    release, shelf = shelved
    told = document(read_versions(shelf, POLICY, "versions"))
    churn, quality = told["models"]["churn"], release.quality()

    assert list(told["models"]) == ["churn"]
    assert churn["figures"]["version"] == release.version
    assert abs(churn["figures"]["auc"] - quality.auc) < 0.1
    assert churn["history"] == [row for row in release.history() if row["version"] <= release.version]
    assert {reason["code"] for reason in churn["reasons"][:2]} == set(FEATURES[:2]), "the label follows these two"
    assert churn["reasons"][0]["zh"]


def test_the_versions_tell_the_maturity_lag_that_a_replay_of_the_same_tells(shelved, replayed):
    told = document(read_versions(shelved[1], POLICY, "versions"))["models"]["churn"]
    of_replay = document(read_replay(replayed, POLICY))["models"]["churn"]
    known = shelved[1].latest("churn").manifest.examples + shelved[1].latest("churn").snapshot["state"]["censored"]
    assert told["lag_days"] == {"30": known}
    assert told["lag_of"] == of_replay["lag_of"]
    drawn = charts.maturity("churn", told)
    assert drawn.rows == (("30", f"{known:,}", "100.0%"),)
    assert "A label is known 30 days after the score" in drawn.says.en
    assert "标签在评分后 30 天才知道" in drawn.says.zh


def test_a_version_of_before_lags_were_kept_is_reported_without_them():
    release, shelf = new_release("churn", POLICY, 1), Shelf(5)
    for place, example in enumerate(matured(300)):
        release.take(example, Position("here", place, 0), place)
    promise = Punctuation(model="churn", source_partition=0, below_ms=SINCE + 200 * DAY_MS, idle=False)
    newest = list(release.promise(promise, 300))[-1]
    del newest.snapshot["state"]["lags"]
    for key, value in to_records(newest):
        shelf.put(key, value)
    told = document(read_versions(shelf, POLICY, "versions"))["models"]["churn"]
    assert told["lag_days"] == {}
    assert "does not keep when each score was given" in charts.maturity("churn", told).says.en


def test_one_model_may_be_asked_for(shelved):
    source = read_versions(shelved[1], POLICY, "versions")
    assert list(document(source, "churn")["models"]) == ["churn"]
    assert document(source, "value")["models"] == {}


# ------------------------------------------------------------------------------------------------------------ the page


STRETCH = {"examples": 100, "positives": 5, "auc": 0.7, "log_loss": 0.2, "ece": 0.01}
EVENTS = [
    {
        "number": 1,
        "what": "promoted",
        "at_ms": SINCE + 45 * DAY_MS,
        "version": 4,
        "champion": "naive_bayes",
        "about": "naive_bayes",
        "why": "better <by far>",
        "by": "trainer",
    }
]
DRIFTS = [
    {"at_ms": SINCE + 40 * DAY_MS, "about": "logistic <old>", "trial": 2},
    {"at_ms": SINCE + 44 * DAY_MS, "about": "logistic", "trial": 0},
    {"at_ms": SINCE - 40 * DAY_MS, "about": "logistic", "trial": 0},
]


def contested():
    """A sheet with two competitors in all customers and in a group of them, and a promotion."""
    rows = [
        {
            "due_day": f"2026-04-{day:02}",
            "version": day,
            "name": name,
            "segment": segment,
            "role": role,
            "examples": 200,
            "positives": 20,
            "auc": 0.6 + day / 100,
            "log_loss": 0.2,
            "ece": 0.01,
        }
        for day in range(1, 29)
        for name, role in (("logistic", "champion"), ("naive_bayes", "challenger"))
        for segment in ("", "tier:private")
    ]
    figures = {**HEALTHY, "version": 28, "drifts": 1}
    return Sheet("churn", figures, history=rows, bins=bins_of(judged(500)), events=EVENTS, drifts=DRIFTS)


@pytest.fixture(scope="module")
def written(replayed):
    """The page of everything that there is to draw, with its pictures."""
    replay = read_replay(replayed, POLICY)
    html = page(document(replay._replace(sheets=(contested(), *replay.sheets[1:]))))
    return html, [read(text) for text in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


def test_the_page_needs_no_network_and_no_script_and_follows_light_and_dark(written):
    html, _ = written
    assert "<script" not in html
    assert "url(" not in html
    assert set(re.findall(r"https?://[^\"' <]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html
    assert '<html lang="en">' in html


def test_every_picture_has_a_title_a_description_and_a_table_beside_it(written):
    html, pictures = written
    assert len(pictures) >= 6
    for picture in pictures:
        ids = picture.get("aria-labelledby").split()
        assert [child.get("id") for child in picture[:2]] == ids
        assert all(child.text for child in picture[:2])
        assert picture.get("role") == "img"
        (figure,) = re.findall(rf'<figure id="{ids[0].removesuffix("-title")}-figure">.*?</figure>', html, re.DOTALL)
        assert "<table>" in figure
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_champion_challengers_promotions_and_groups_are_there(written):
    html, pictures = written
    (auc,) = [picture for picture in pictures if picture.get("aria-labelledby").startswith("churn-auc")]
    lines = {
        group.find(f"{SVG}title").text for group in auc.iter(f"{SVG}g") if group.find(f"{SVG}polyline") is not None
    }

    assert lines == {"logistic", "naive_bayes"}
    assert "晋升 / promoted: naive_bayes (better &lt;by far&gt;)" in html
    assert "tier:private" in html
    assert "naive_bayes (挑战者 / challenger)" in html


@pytest.mark.parametrize("measure", ["auc", "log-loss"])
def test_every_drift_of_the_time_that_is_drawn_is_marked_with_the_trial_that_it_opened(written, measure):
    html, pictures = written
    (drawn,) = [picture for picture in pictures if picture.get("aria-labelledby").startswith(f"churn-{measure}")]
    marks = {
        group.find(f"{SVG}title").text: float(group.find(f"{SVG}line").get("x1"))
        for group in drawn.iter(f"{SVG}g")
        if [text.text for text in group.findall(f"{SVG}text")] == ["D"]
    }
    opened = "漂移：logistic <old> 的损失上升，开启试验 2 / drift: loss of logistic <old> rose, opened trial 2"
    none = "漂移：logistic 的损失上升，未开启试验 / drift: loss of logistic rose, opened no trial"
    april = (SINCE + 40 * DAY_MS) / DAY_MS - (date(2026, 4, 1) - date(1970, 1, 1)).days
    assert set(marks) == {opened, none}
    assert marks[opened] == pytest.approx(46 + april / 27 * 380, abs=0.1)
    assert marks[none] - marks[opened] == pytest.approx(4 / 27 * 380, abs=0.1)
    assert "D：漂移，开启试验" in html
    assert html.count("<td>2026-01-20</td>") == 1, "the table below has also what lies before the picture"


def test_the_json_has_every_drift_that_the_versions_remember():
    assert document(Source("s", (contested(),)))["models"]["churn"]["drifts"] == DRIFTS


def test_the_page_says_all_in_chinese_and_in_english(written):
    """Each word of ours stands there in both languages: headings, sentences, heads of tables, remarks, limits."""
    html, _ = written
    tree = read(re.sub(r"<!doctype html>|<meta[^>]*>|<nav.*?</nav>", "", html))
    spoken = Counter(element.get("lang") for element in tree.iter("span") if element.get("lang"))
    assert spoken["zh"] == spoken["en"] > 100
    alike = {"AUC", "churn", "propensity", "value", "need", "原因", "reason"}  # names, and what names its language
    for place in ("h1", "h2", "h3", "figcaption/p", "th", "dt", "li"):
        for element in tree.findall(f".//{place}"):
            languages = {span.get("lang") for span in element.iter("span")} - {None}
            said = "".join(element.itertext())
            assert languages == {"zh", "en"} or said in alike, (place, said)


def test_remarks_stand_below_the_overview_where_a_phone_need_not_scroll_for_them(written):
    html, _ = written
    (glance,) = re.findall(r"一览.*?</section>", html, re.DOTALL)
    table, below = glance.split("</table>")
    assert "fewer than 200" in below
    assert "正例" in below
    assert "fewer than" not in table


HOSTILE = "\"><script>alert(1)</script>' onload=x & {{}} "


def test_names_from_a_file_are_words_on_the_page_whatever_they_hold():
    """`--from` reads what somebody wrote: models, members, groups, reasons and events are text and no markup."""
    told = contested()
    rows = [{**row, "name": HOSTILE + row["name"], "segment": row["segment"] and HOSTILE} for row in told.history]
    event = {key: HOSTILE if isinstance(value, str) else value for key, value in EVENTS[0].items()}
    reason = ReasonSize(HOSTILE, HOSTILE, HOSTILE, 1.0)
    figures = {**told.figures, "challengers": {HOSTILE: HEALTHY, "logistic": HEALTHY}}
    hostile = {"model": HOSTILE, "reasons_of": Text(zh=HOSTILE, en=HOSTILE), "champion": HOSTILE}
    seen = [{"at_ms": SINCE + 40 * DAY_MS, "about": HOSTILE, "trial": 1}]
    sheet = replace(told, **hostile, figures=figures, history=rows, events=[event], reasons=[reason], drifts=seen)
    html = page(document(Source(HOSTILE, (sheet, replace(sheet, model="-")), HOSTILE)))

    assert "<script" not in html
    tree = read(re.sub(r"<!doctype html>|<meta[^>]*>", "", html))  # markup in a name would not parse, or show below
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    links = [element.get("href")[1:] for element in tree.iter() if element.get("href")]
    assert not [element for element in tree.iter() if element.get("onload") or element.tag.endswith("script")]
    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)
    assert not [one for one in ids if " " in one]
    assert tree.findall(".//section/h2")[1].text.startswith('"><script>')


def test_a_group_of_customers_is_summed_up_over_all_stretches():
    rows = [
        {"segment": "", "name": "logistic", "role": "champion", **STRETCH},
        {"segment": "a", "name": "logistic", "role": "champion", **STRETCH, "auc": None},
        {"segment": "a", "name": "logistic", "role": "champion", **STRETCH, "positives": 10, "auc": 0.6},
        {"segment": "a", "name": "logistic", "role": "champion", **STRETCH, "positives": 70, "auc": 0.8, "ece": 0.07},
        {"segment": "b", "name": "logistic", "role": "champion", **STRETCH, "auc": None},
    ]
    first, second = segments(rows)

    assert (first["examples"], first["positives"]) == (300, 85)
    assert first["auc"] == pytest.approx((10 * 0.6 + 30 * 0.8) / 40)
    assert first["ece"] == pytest.approx(0.03)
    assert second["auc"] is None


def test_what_is_written_is_what_the_json_says(replayed):
    told = document(read_replay(replayed, POLICY))
    html = page(json.loads(orjson.dumps(told)))
    assert html == page(told)
    assert f"{told['models']['churn']['figures']['auc']:.3f}" in html
    for limit in told["limits"]:
        assert limit["name"]["en"] in html
        assert limit["name"]["zh"] in html


def test_what_cannot_be_drawn_is_said():
    figures = {"version": 1, "examples": 0, "positives": 0, "auc": None, "log_loss": None, "calibration_error": None}
    html = page(document(Source("nowhere", (Sheet("churn", figures),))))
    assert "<svg" not in html
    assert html.count("<strong>") >= 6
    assert "Too few labels have come true yet" in html
    assert "no outcomes" in html


def test_a_meter_that_is_full_can_be_drawn():
    bins = [[place, 3, 1, 4 / BINS * place] for place in range(BINS)]
    told = document(Source("x", (Sheet("m", HEALTHY | {"version": 1}, bins=bins),)))
    drawn = charts.distribution("m", told["models"]["m"])
    assert len(read(drawn.svg).findall(f"{SVG}rect")) == 2 * 33


def test_outcomes_are_added_up_over_labels_from_a_workers_metrics():
    exposed = "".join(
        f'crm_outcomes_total{{label="{label}",result="{result}"}} {count}\n'
        for label, result, count in (("Accepted", "joined", 3.0), ("Rejected", "joined", 4.0), ("Clicked", "late", 1.0))
    )
    assert outcomes_of(f"# TYPE crm_outcomes_total counter\n{exposed}crm_profiles 9\n") == {"joined": 7, "late": 1}


def test_a_worker_that_does_not_answer_is_named(replayed):
    answer = rapport("model", "report", "--from", replayed, "--worker", "127.0.0.1:1")
    assert (answer.code, answer.err) == (1, "127.0.0.1:1 does not answer: ClientConnectorError\n")


def test_the_command_writes_page_and_numbers_and_names_what_is_wrong(replayed, tmp_path):
    answer = rapport("model", "report", "--from", replayed, "--out", tmp_path / "report", "--model", "churn", "--json")

    assert answer.json == json.loads((tmp_path / "report" / "model-report.json").read_text())
    assert (tmp_path / "report" / "model-report.html").read_text().startswith("<!doctype html>")
    nothing = rapport("model", "report", "--from", tmp_path)
    assert (nothing.code, "models.json" in nothing.err) == (1, True)


def test_a_report_before_the_first_version_says_so_rather_than_printing_an_empty_table(tmp_path):
    for name, text in (("models", "{}"), ("summary", '{"policy": ""}')):
        (tmp_path / f"{name}.json").write_text(text)
    for name in ("examples", "profiles"):
        (tmp_path / f"{name}.jsonl").touch()
    answer = rapport("model", "report", "--from", tmp_path)

    assert answer.code == 0
    assert answer.out.startswith("no model has a version yet")
