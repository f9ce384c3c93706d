"""A snapshot comes from outside: one that is malformed anywhere is refused, and the refusal names the field."""

import copy
from hashlib import sha256
from typing import Any

import msgpack
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.drift import MARKS
from models.learning.learner import BadSnapshotError
from models.training.learners import LocalTrainer, new_release, scorer_of
from models.training.published import Published
from models.training.record_keys import MANIFEST
from models.training.shelf import Shelf
from models.training.snapshots import Manifest, Stored, assemble, to_records
from tests.unit.models.training.test_release_training import POLICY, the_effects

QUICK = settings(max_examples=60, deadline=None)


def _trained(model: str) -> Published:
    trainer = LocalTrainer(POLICY)
    trainer.take(the_effects(model))
    return trainer.advance(9_000, None)[-1]


VERSIONS = {model: _trained(model) for model in ("churn", "propensity")}
models = st.sampled_from(sorted(VERSIONS))
# What stands in place of a value and can be taken for none of those that a snapshot holds.
wrong = st.sampled_from([None, "text", b"bytes", [], {}, [["a"]], float("nan"), float("inf"), -7, 1e300, 2**63])
wrong_in_json = st.sampled_from([None, "text", [], {}, [["a"]], True, -7, 1e300])
COLUMNS = {"counts", "means", "variances", "weights", "certainties"}
# Of texts and numbers in lists; `test_track_record` and `test_contest_release` take them apart.
ROWS = {"points", "since", "contest"}
# What the first versions did not tell: a version without it is taken up.
LATER = {"lags", "pivot"}
# A text or an empty one may be there.
FREE = {"names", "sealed", "released", "positions", "actions", "promises", "slots", "bins", "lags"}


def as_read(version: Published) -> Any:
    return msgpack.unpackb(msgpack.packb(version.snapshot))


def manifest_of(version: Published) -> Manifest:
    *_, (_, said) = to_records(version)
    return Manifest(**{name: orjson.loads(said)[name] for name in Manifest._fields})


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of everything in a snapshot, at most the first three of a list."""
    inside = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    found = [place for key, part in inside for place in places(part, (*path, key))]
    return [path, *found] if path else found


def put(data: Any, path: tuple, value: Any) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


def restored(model: str, snapshot: Any) -> int:
    release = new_release(model, POLICY, sources=1)
    release.restore(snapshot)
    return release.version


def taken_up(model: str, snapshot: Any) -> int:
    return scorer_of(Stored(manifest_of(VERSIONS[model]), snapshot), POLICY).version


uses = pytest.mark.parametrize("use", [restored, taken_up])


@uses
@pytest.mark.parametrize("model", sorted(VERSIONS))
def test_a_sound_one_is_taken(model, use):
    assert use(model, as_read(VERSIONS[model])) == VERSIONS[model].version


@uses
@QUICK
@given(models, st.data())
def test_a_part_that_is_missing_is_named(use, model, data):
    snapshot = as_read(VERSIONS[model])
    parts = [path for path in places(snapshot) if isinstance(path[-1], str) and path[-1] not in LATER]
    named = [path for path in parts if not FREE & set(path[:-1])]
    *way, last = data.draw(st.sampled_from([p for p in named if p[-2:-1] != ("actions",)]))
    inside = snapshot
    for key in way:
        inside = inside[key]
    del inside[last]
    with pytest.raises(BadSnapshotError, match=last):
        use(model, snapshot)


@uses
@pytest.mark.parametrize("model", sorted(VERSIONS))
def test_what_the_first_versions_did_not_tell_may_be_missing(model, use):
    snapshot = as_read(VERSIONS[model])
    for *way, last in [path for path in places(snapshot) if path[-1] in LATER]:
        inside = snapshot
        for key in way:
            inside = inside[key]
        del inside[last]
    assert use(model, snapshot) == VERSIONS[model].version


@uses
def test_a_propensity_of_before_it_was_calibrated_is_taken_up_whole_and_a_half_calibrated_one_is_not(use):
    parts = ("calibration", "own", "maps")
    for kept in range(len(parts)):
        snapshot = as_read(VERSIONS["propensity"])
        for part in parts[kept:]:
            del snapshot["state"]["learner"][part]
        if not kept:
            assert use("propensity", snapshot) == VERSIONS["propensity"].version
            continue
        with pytest.raises(BadSnapshotError, match=parts[-1]):
            use("propensity", snapshot)


@uses
@QUICK
@given(models, wrong, st.data())
def test_a_part_that_is_something_else_is_named(use, model, value, data):
    snapshot = as_read(VERSIONS[model])
    named = [path for path in places(snapshot) if not ROWS & set(path)]
    number_or_map = [path for path in named if not FREE & {path[-1], path[-2] if len(path) > 1 else ""}]
    path = data.draw(st.sampled_from(number_or_map))
    before = copy.deepcopy(snapshot)
    put(snapshot, path, value)
    if path[-1] in ("loss", "intercept") and value == -7:
        return  # it may be
    if path[-1] in ("maps", "own") and value == []:
        return  # none yet
    named = next(key for key in reversed(path) if isinstance(key, str))
    is_number_below_nothing = value == -7 and named in ("means", "weights", "bins", "promises", "levels")
    if is_number_below_nothing and isinstance(path[-1], int):
        return  # likewise
    with pytest.raises(BadSnapshotError, match=named):
        use(model, snapshot)
    use(model, before)


@QUICK
@given(models, st.sampled_from(["names", "slots", "released", "bins", "positions", "promises", "actions"]), st.data())
def test_what_may_hold_anything_of_its_kind_holds_nothing_else(model, name, data):
    snapshot = as_read(VERSIONS[model])
    path = data.draw(st.sampled_from([p for p in places(snapshot) if p[-1] == name] or [None]))
    if path is None:
        return
    put(snapshot, path, data.draw(st.sampled_from([None, 7, "text", [[1]], {"a": 1}, {1: [0, 0]}, [0.5]])))
    with pytest.raises(BadSnapshotError, match=name):
        restored(model, snapshot)


@pytest.mark.parametrize("model", sorted(VERSIONS))
def test_a_column_that_is_shorter_than_the_names_is_named(model):
    columns = [path for path in places(as_read(VERSIONS[model])["state"]["learner"]) if path[-1] in COLUMNS]
    assert len(columns) >= 4
    for *way, column in columns:
        snapshot = as_read(VERSIONS[model])
        inside = snapshot["state"]["learner"]
        for key in way:
            inside = inside[key]
        inside[column].pop()
        with pytest.raises(BadSnapshotError, match=f"learner.*{column}: not as many as names"):
            restored(model, snapshot)


@QUICK
@given(models, wrong_in_json, st.sampled_from(Manifest._fields))
def test_a_manifest_that_is_malformed_is_refused_and_an_older_version_serves_on(model, value, field):
    *_, (key, body), (manifest_key, said) = to_records(VERSIONS[model])
    data = orjson.loads(said)
    if value is None and field in ("auc", "log_loss", "calibration_error"):
        return  # nothing was measured yet
    data[field] = value
    parts = {"0": body, MANIFEST: orjson.dumps(data)}
    number = VERSIONS[model].version
    with pytest.raises(BadSnapshotError, match=field):
        assemble(model, number, parts)
    older = VERSIONS[model]._replace(version=number - 1)
    shelf = Shelf(3)
    for record in to_records(older):
        shelf.put(*record)
    shelf.put(key, body)
    assert shelf.put(manifest_key, parts[MANIFEST]) is None
    assert shelf.latest(model).manifest.version == number - 1


@pytest.mark.parametrize("body", [b"\xc1", b"\x93\x01", msgpack.packb([1]), b""])
def test_parts_that_are_no_snapshot_are_refused(body):
    version = VERSIONS["churn"]
    records = dict(to_records(version._replace(snapshot={})))
    said = orjson.loads(list(records.values())[-1])
    told = orjson.dumps({**said, "size": len(body), "checksum": sha256(body).hexdigest()})
    with pytest.raises(BadSnapshotError, match=r"\(whole\)"):
        assemble("churn", version.version, {"0": body, MANIFEST: told})


def test_a_version_under_anothers_key_of_an_unknown_model_or_with_another_number_is_refused():
    version = VERSIONS["churn"]
    parts = {key.rsplit("/")[-1]: value for key, value in to_records(version)}
    with pytest.raises(BadSnapshotError, match="lies under propensity"):
        assemble("propensity", version.version, parts)
    with pytest.raises(BadSnapshotError, match="size"):
        assemble("churn", version.version, {**parts, "0": b""})
    with pytest.raises(BadSnapshotError, match="is missing"):
        assemble("churn", version.version, {})
    manifest = manifest_of(version)
    with pytest.raises(BadSnapshotError, match="nobody knows"):
        scorer_of(Stored(manifest._replace(model="luck"), as_read(version)), POLICY)
    with pytest.raises(BadSnapshotError, match=r"state\.version"):
        scorer_of(Stored(manifest._replace(version=99), as_read(version)), POLICY)


@pytest.mark.parametrize(
    ("seen", "levels"),
    [
        (31, [[[0, 0.0, 0.0]]]),  # a bucket of nothing
        (31, [[]]),
        (3, [[[1, 0.5, 0.0]], [[2, 0.5, 0.0], [2, 0.5, 0.0]]]),  # more than was seen
        (31, [[[1, 0.5, 0.0]] * 6]),
    ],
)
def test_a_window_of_losses_that_cannot_be_is_refused(seen, levels):
    snapshot = as_read(VERSIONS["churn"])
    snapshot["state"]["contest"]["drift"] = {"seen": seen, "levels": levels}
    with pytest.raises(BadSnapshotError, match="drift"):
        restored("churn", snapshot)


@pytest.mark.parametrize(
    "marks", [[[5, "logistic", 0]] * (MARKS + 1), [[-2, "logistic", 0]], [[5, "logistic", -1]], [[5, "x" * 201, 0]]]
)
def test_marks_of_drifts_that_cannot_be_are_refused(marks):
    snapshot = as_read(VERSIONS["churn"])
    snapshot["state"]["contest"]["drift_marks"] = [[5, "logistic", 3]] * MARKS
    restored("churn", snapshot)
    snapshot["state"]["contest"]["drift_marks"] = marks
    with pytest.raises(BadSnapshotError, match="drift_marks"):
        restored("churn", snapshot)
