"""Reading run records: whole ones are returned, others are named."""

import json
import shutil

import pytest
from records import fabricate

from harness.errors import RunError
from harness.record import find_records, load_record
from harness.storage import write_text


def edit(path, part, **changes):
    """Changes fields of one file of a record; None removes the field."""
    file = path / f"{part}.json"
    content = json.loads(file.read_text()) | changes
    for field in [field for field, value in changes.items() if value is None]:
        del content[field]
    file.write_text(json.dumps(content))


def test_a_whole_record_is_read_back(tmp_path):
    record = load_record(fabricate(tmp_path, "imdb-toy", seed=3))
    assert (record.experiment, record.label, record.seed) == ("imdb-toy", "imdb-toy", 3)


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("metrics", {"best_validation": None}, "metrics.json: field 'best_validation' is missing"),
        ("metrics", {"best_validation": "0.9"}, "'best_validation' has the wrong type: '0.9'"),
        ("metrics", {"parameters": True}, "'parameters' has the wrong type: True"),
        ("config", {"seed": 1.5}, "config.json: field 'seed' has the wrong type: 1.5"),
        ("config", {"schema": 99}, "schema 99, expected 1"),
        ("history", {"loss": [0.1]}, "columns of different lengths"),
        ("history", {"loss": [0.1, "x", 0.2]}, "column 'loss' must be a list of numbers"),
        ("metrics", {"test_at_best": float("inf")}, "Infinity is not a number"),
        ("metrics", {"best_validation": 0.99}, "'best_validation' must be 0.85 as in history"),
        ("metrics", {"last_validation": 0.99}, "'last_validation' must be"),
        ("metrics", {"best_epoch": 9}, "'best_epoch' must be from 1 to 3"),
        ("metrics", {"reference": {}}, "'reference' must be a label"),
        ("data", {"dataset": "jena"}, "'dataset' must be 'imdb' as in config.json"),
        ("data", {"files": [{}]}, "'files' must be a list of files with 'sha256'"),
        ("environment", {"device": None}, "environment.json: field 'device' is missing"),
    ],
)
def test_a_damaged_record_is_refused_with_file_and_field(tmp_path, part, changes, message):
    path = fabricate(tmp_path, "imdb-toy")
    edit(path, part, **changes)
    with pytest.raises(RunError) as error:
        load_record(path)
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"best_validation": NaN}'])
def test_files_that_are_not_json_objects_are_refused(tmp_path, text):
    path = fabricate(tmp_path, "imdb-toy")
    (path / "metrics.json").write_text(text)
    with pytest.raises(RunError, match=r"metrics\.json"):
        load_record(path)


def test_a_number_too_large_for_a_float_is_refused(tmp_path):
    path = fabricate(tmp_path, "imdb-toy")
    text = (
        (path / "metrics.json").read_text().replace('"wall_seconds": 30.0', '"wall_seconds": 1e999')
    )
    (path / "metrics.json").write_text(text)
    with pytest.raises(RunError, match="'wall_seconds' has the wrong type: inf"):
        load_record(path)


def test_a_network_without_its_history_is_refused(tmp_path):
    path = fabricate(tmp_path, "imdb-toy")
    (path / "history.json").write_text("{}")
    with pytest.raises(RunError, match=r"history\.json: field 'loss' must be present"):
        load_record(path)


def test_a_copied_record_is_not_another_seed(tmp_path):
    path = fabricate(tmp_path, "imdb-toy")
    shutil.copytree(path, path.with_name("seed-1"))
    with pytest.raises(RunError, match="the record is of imdb-toy, seed 0"):
        load_record(path.with_name("seed-1"))


def test_unfinished_and_damaged_runs_are_left_out_and_named(tmp_path):
    fabricate(tmp_path, "imdb-toy", seed=0)
    (fabricate(tmp_path, "imdb-toy", seed=1) / "metrics.json").unlink()
    fabricate(tmp_path, "imdb-toy", seed=2).rename(tmp_path / "imdb-toy" / "seed-2.unfinished")
    records, left_out = find_records(tmp_path)
    assert [r.seed for r in records] == [0]
    assert len(left_out) == 2
    assert "seed-1/metrics.json" in left_out[0]
    assert left_out[1] == "imdb-toy/seed-2.unfinished: the run did not finish."


def test_a_missing_results_directory_is_one_clear_error(tmp_path):
    with pytest.raises(RunError, match="does not exist; run an experiment first"):
        find_records(tmp_path / "nowhere")


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path):
    target = tmp_path / "summary.csv"
    write_text(target, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_text(target, "new \udcff\n")
    assert target.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [target]
