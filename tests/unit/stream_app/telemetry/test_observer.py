"""What the meter of a topic knows about records under way: their time stamps until they are done, and who was late."""

from types import SimpleNamespace

import pytest
from faust.types import TP
from prometheus_client import generate_latest

from models.learning.scoring import ActionScorer, Linear, LinearScorer
from stream_app.engine.records import Record
from stream_app.engine.vitals import Restoring
from stream_app.streams import stream_names
from stream_app.telemetry.metrics import Metrics
from stream_app.telemetry.observer import Observer, TopicMeter
from tests.policies import default_policy
from tests.unit.stream_app.telemetry.test_model_metrics import a_report

CLOCK_MS = 5_000


def a_record(offset, partition=0, timestamp_ms=0):
    return Record("bank.transactions", "uuid", partition, offset, b"C1", b"{}", timestamp_ms=timestamp_ms)


@pytest.fixture
def meter():
    return TopicMeter("bank.transactions")


@pytest.fixture
def read(meter):
    """Decode a record as an event of the time that its value of `timestamp_ms` says, beside a clock at 5 s."""
    return meter.reading(lambda record: SimpleNamespace(occurred_ms=record.timestamp_ms), lambda _number: CLOCK_MS)


def test_a_record_is_done_once_its_partition_is_done_beyond_it(meter, read):
    for offset in range(5):
        read(a_record(offset, timestamp_ms=10 * offset))
    read(a_record(0, partition=1, timestamp_ms=99))
    assert list(meter.done(0, 3)) == [0, 10, 20]
    assert list(meter.done(0, 3)) == []
    assert list(meter.done(0, 5)) == [30, 40]
    assert list(meter.done(1, 1)) == [99]


def test_a_record_that_is_read_again_counts_once(meter, read):
    for offset in (0, 1, 1, 0, 1, 2):
        read(a_record(offset))
    assert len(list(meter.done(0, 9))) == 3


def test_an_event_older_than_the_clock_is_late(meter, read):
    for offset, at_ms in enumerate((CLOCK_MS - 1, CLOCK_MS, CLOCK_MS + 1)):
        read(a_record(offset, timestamp_ms=at_ms))
    metrics = Metrics()
    meter.flush(metrics)
    meter.flush(metrics)
    assert metrics.value("crm_late_events_total", topic="bank.transactions") == 1


def test_nobody_is_late_while_the_clock_stands_still_or_what_was_read_is_no_event(meter):
    meter.reading(lambda _record: object(), lambda _number: CLOCK_MS)(a_record(0))
    meter.reading(lambda _record: SimpleNamespace(occurred_ms=0), lambda _number: None)(a_record(1))
    meter.reading(lambda _record: SimpleNamespace(occurred_ms=0), None)(a_record(2))
    assert meter.late == 0


def test_the_streams_that_are_watched_are_those_of_the_contract():
    names = set(stream_names(default_policy(), "crm"))
    assert {
        *("crm:alerts:fraud:p1", "crm:alerts:relationship:p3", "crm:offers:mobile", "crm:arrivals:B001"),
        *("crm:arrivals:other", "crm:dead:alerts:fraud:p1"),
    } <= names
    assert len(names) == 2 * (5 * 3 + 7 + 8 + 1)


def test_drifts_and_waiting_examples_are_shown_as_the_trainer_tells_them():
    metrics = Metrics()
    observer = Observer(metrics)
    for changes in ({}, {"drifts": 5, "waiting": 4}, {"drifts": 5, "waiting": 1}):
        observer.model_report("churn", a_report(**changes))
    assert metrics.value("crm_drift_total", model="churn") == 5
    assert metrics.value("crm_examples_pending", model="churn") == 1


def test_the_version_that_is_shown_is_the_one_that_scores_whatever_the_trainer_has_made():
    metrics = Metrics()
    observer = Observer(metrics)
    observer.model_report("churn", a_report())
    observer.scrape(a_worker(), {"churn": LinearScorer(Linear((), (), 0.0, 500), version=5)})
    assert metrics.value("crm_model_version", model="churn") == 5
    assert metrics.value("crm_model_examples", model="churn") == 500
    assert metrics.value("crm_examples_total", model="churn") == 900
    assert metrics.value("crm_model_auc", model="churn") == 0.7


def a_worker(*, lag=(), clocks=(), lost=(), profiles=0, restoring=None, foreign=(), resent=0):
    """What a scrape sees: records behind by topic and partition, clocks (epoch ms) by number, lost records by topic."""
    lifecycle = SimpleNamespace(
        lag={TP(*tp): records for tp, records in dict(lag).items()},
        clock_ms={("profiles", number): clock_ms for number, clock_ms in dict(clocks).items()},
        restoring=restoring or Restoring(0, 0.0),
    )
    changelog = SimpleNamespace(foreign=dict(foreign), resent=resent)
    tables = {"profiles": SimpleNamespace(store=SimpleNamespace(value_count=profiles))}
    engine = SimpleNamespace(tables=tables, records_lost=dict(lost))
    return SimpleNamespace(lifecycle=lifecycle, engine=engine, changelog=changelog)


def test_what_is_left_to_restore_is_shown_while_it_is_restored():
    metrics = Metrics()
    observer = Observer(metrics)
    observer.scrape(a_worker(restoring=Restoring(700, 2.5)), {})
    assert (metrics.value("crm_recovery_records_left"), metrics.value("crm_recovery_seconds")) == (700, 2.5)
    observer.scrape(a_worker(), {})
    assert (metrics.value("crm_recovery_records_left"), metrics.value("crm_recovery_seconds")) == (0, 2.5)


def test_foreign_changelog_records_are_counted_by_table():
    metrics = Metrics()
    observer = Observer(metrics)
    for foreign in (2, 2, 5):
        observer.scrape(a_worker(foreign={"profiles": foreign}, resent=1), {})
    assert metrics.value("crm_changelog_foreign_total", table="profiles") == 5
    assert metrics.value("crm_resent_total") == 1


def test_lag_and_clock_of_a_partition_that_moved_away_are_shown_no_longer():
    metrics = Metrics()
    observer = Observer(metrics)
    here = a_worker(lag={("bank.transactions", 0): 3, ("bank.transactions", 1): 4}, clocks={0: 7_000, 1: 9_000})
    observer.scrape(here, {})
    assert metrics.value("crm_consumer_lag_records", topic="bank.transactions") == 7
    assert metrics.value("crm_clock_seconds", partition="1") == 9
    observer.scrape(a_worker(lag={("bank.transactions", 0): 2}, clocks={0: 8_000}), {})
    assert metrics.value("crm_consumer_lag_records", topic="bank.transactions") == 2
    assert metrics.value("crm_clock_seconds") == 8


def test_a_clock_that_cannot_be_told_stands_still_and_shows_no_time():
    metrics = Metrics()
    observer = Observer(metrics)
    observer.scrape(a_worker(clocks={0: 7_000, 1: 7_000}), {})
    observer.scrape(a_worker(clocks={0: 7_000, 1: None}), {})
    assert metrics.value("crm_clock_seconds") == 7
    assert metrics.value("crm_clock_standing_still", partition="0") == 0
    assert metrics.value("crm_clock_standing_still", partition="1") == 1


def test_profiles_are_those_of_the_partitions_held_now():
    metrics = Metrics()
    observer = Observer(metrics)
    for held in (7, 3):
        observer.scrape(a_worker(profiles=held), {})
    assert metrics.value("crm_profiles") == 3


def test_records_that_were_lost_are_counted_once_however_often_somebody_asks():
    metrics = Metrics()
    observer = Observer(metrics)
    for lost in (5, 5, 9):
        observer.scrape(a_worker(lost={"bank.transactions": lost, "bank.mentions": 1}), {})
    assert metrics.value("crm_records_lost_total", topic="bank.transactions") == 9
    assert metrics.value("crm_records_lost_total", topic="bank.mentions") == 1


NOTHING_LEFT = SimpleNamespace(seconds=0.01, plan=SimpleNamespace(batches=()))


def test_what_has_never_happened_on_a_topic_is_seen_as_none_of_it():
    metrics = Metrics()
    Observer(metrics).meter("bank.transactions")
    told = generate_latest(metrics.registry).decode()
    assert 'crm_events_total{result="duplicate",topic="bank.transactions"} 0.0' in told


def test_every_score_is_counted_under_its_model_whatever_version_gave_it():
    metrics = Metrics()
    observer = Observer(metrics)
    scorers = {name: LinearScorer(Linear((2.0,), (1.0,), 0.5, 9), version=4) for name in ("churn", "propensity")}
    versions = [scorers, {**scorers, "churn": LinearScorer(Linear((), (), 0.0, 10), version=5)}]
    newest = observer.counted(lambda: versions[0])
    assert newest()["churn"].score((3.0,)) == scorers["churn"].score((3.0,))
    newest()["propensity"].score((3.0,), "loan")
    observer.on_checkpoint(NOTHING_LEFT)
    del versions[0]
    newest()["churn"].score(())
    observer.on_checkpoint(NOTHING_LEFT)
    assert metrics.value("crm_model_predictions_total", model="churn") == 2
    assert metrics.value("crm_model_predictions_total", model="propensity") == 1


def test_a_scorer_that_is_counted_can_all_that_it_could_before():
    """A worker counts its scores, a replay does not, and both must say the same of every customer."""
    learned, unlearned = Linear((2.0,), (1.0,), 0.5, 600), Linear((), (), 0.0, 0)
    plain = {
        "churn": LinearScorer(learned, version=4),
        "need": ActionScorer({"fund": learned, "loan": learned}, {}, unlearned, version=4),
    }
    metrics = Metrics()
    observer = Observer(metrics)
    seen = observer.counted(lambda: plain)()
    for model, scorer in plain.items():
        able = [name for name in dir(scorer) if not name.startswith("_") and name != "plain"]  # told as data offline
        assert [name for name in able if not hasattr(seen[model], name)] == []
    asked = ((3.0,), ["fund", "loan", "card"], 500)
    assert seen["need"].chances(*asked) == plain["need"].chances(*asked) != {}
    observer.on_checkpoint(NOTHING_LEFT)
    assert metrics.value("crm_model_predictions_total", model="need") == 2


def test_scorers_that_are_counted_change_when_there_are_newer_ones_and_only_then():
    given = {"churn": LinearScorer(Linear((), (), 0.0, 500), version=5)}
    versions = [given]
    newest = Observer(Metrics()).counted(lambda: versions[-1])
    first = newest()
    assert newest() is first, "a step takes up a new context only for new scorers"
    assert (first["churn"].version, first["churn"].examples) == (5, 500)
    versions.append({"churn": LinearScorer(Linear((), (), 0.0, 600), version=6)})
    assert newest()["churn"].version == 6
