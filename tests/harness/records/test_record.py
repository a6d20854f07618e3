"""Reading records: whole ones are returned, others are named with the file and what is wrong."""

import base64
import json
import shutil

import pytest
from records import OUTPUTS, REVIEWS, WINDOWS, fabricate, fabricate_study, packed

from harness.errors import RunError
from harness.records.files import write_checksums
from harness.records.record import find_records, load_record
from harness.records.schema import Reviews, Weeks


def edit(path, part, place, **changes):
    """Changes fields of one file of a record, at a place in it; None removes the field."""
    file = path / f"{part}.json"
    content = where = json.loads(file.read_text())
    for name in place:
        where = where[name]
    where |= changes
    for field in [field for field, value in changes.items() if value is None]:
        del where[field]
    file.write_text(json.dumps(content))


def refused(path) -> str:
    with pytest.raises(RunError) as error:
        load_record(path)
    return str(error.value)


def test_a_whole_record_is_read_back(tmp_path):
    record = load_record(fabricate(tmp_path, "imdb-toy", seed=3))
    assert (record.experiment, record.label, record.seed) == ("imdb-toy", "imdb-toy", 3)
    assert (record.is_study, record.outputs, record.predictions) == (False, (), None)


def test_a_study_is_read_back_with_what_it_shows(tmp_path):
    record = load_record(fabricate_study(tmp_path, "toy-study", seed=3, outputs=OUTPUTS))
    assert (record.is_study, record.label, record.seed) == (True, "toy-study", 3)
    assert list(record.outputs) == OUTPUTS
    assert load_record(fabricate_study(tmp_path, "empty", outputs=[])).outputs == ()


@pytest.mark.parametrize(
    ("metric", "kind", "count"), [("accuracy", Reviews, REVIEWS), ("mae", Weeks, 600)]
)
def test_predictions_are_read_where_a_run_kept_them(tmp_path, metric, kind, count):
    record = load_record(fabricate(tmp_path, "made-toy", metric=metric, predictions=True))
    for measure, samples in record.predictions.items():
        assert isinstance(samples, kind)
        assert samples.count == count
        assert samples.mean == pytest.approx(record.metrics[measure])
    baseline = fabricate(tmp_path, "made-zero", epochs=0, best=0.5, predictions=True)
    assert load_record(baseline).predictions["test_at_end"].mean == 0.48


BITS = base64.b64encode(b"\xff" * 125).decode()
WEEKS = list(WINDOWS)
CURVE = {"label": "a", "x": [1, 2], "y": [1]}
BELOW_ZERO = {"label": "majority class", "validation": -1, "test": 0.5}
# kind of record, file, fields that are changed, and what the message says
DAMAGES = [
    ("accuracy", "metrics", {"best_validation": None}, "field 'best_validation' is missing"),
    ("accuracy", "metrics", {"best_validation": "0.9"}, "must be a finite number of at most 1e100"),
    ("accuracy", "metrics", {"best_validation": 0.99}, "must be 0.85 as in history.json"),
    ("accuracy", "metrics", {"best_epoch": 9}, "field 'best_epoch' must be from 1 to 3"),
    ("accuracy", "metrics", {"parameters": True}, "must be a valid integer, not True"),
    ("accuracy", "metrics", {"parameters": 10**400}, "must be less than 92233720368547758"),
    ("accuracy", "metrics", {"wall_seconds": 1e308}, "must be a finite number of at most 1e100"),
    ("accuracy", "metrics", {"reference": BELOW_ZERO}, "field 'reference.validation' must be gre"),
    ("accuracy", "metrics", {"test_at_best": float("inf")}, "not valid JSON (expected value at l"),
    ("accuracy", "config", {"schema": 99}, "schema 99, expected 1 or 2; a newer version of this"),
    ("accuracy", "config", {"role": "judge"}, "must be 'network', 'baseline' or 'study', not 'j"),
    ("accuracy", "config", {"experiment": ".."}, "must be a name that a file can have, without "),
    ("accuracy", "config", {"variant": {"a/b": 1}}, "must be a name that a file can have"),
    ("accuracy", "config", {"title": "LSTM\n| x |"}, "must be one line without markup, not"),
    ("accuracy", "config", {"title": "\ud800"}, "not valid JSON (unexpected end of hex escape"),
    ("accuracy", "history", {"loss": [0.1]}, "columns of different lengths"),
    ("accuracy", "history", {"loss": [0.1, "x", 0.2]}, "field 'loss[1]' must be a finite number"),
    ("accuracy", "data", {"dataset": "jena"}, "'dataset' must be 'imdb' as in config.json"),
    ("accuracy", "data", {"files": [{}]}, "field 'files[0].sha256' is missing"),
    ("accuracy", "data", {"files": [{"sha256": "../../../x"}]}, "must be a SHA-256 of 64 digits"),
    ("accuracy", "predictions", {"right": None}, "'best.test.reviews.right' is missing"),
    ("accuracy", "predictions", {"right": "=?"}, "padding"),
    ("accuracy", "predictions", {"count": 1000.0}, "must be a valid integer, not 1000.0"),
    ("accuracy", "predictions", {"count": REVIEWS + 1}, "right has 125 bytes for 1001 reviews"),
    ("accuracy", "predictions", {"count": 999, "right": BITS}, "a bit set beyond the last of 999"),
    ("accuracy", "predictions", {"right": BITS}, "best, test: accuracy 1, where metrics.json has"),
    ("mae", "predictions", {"weeks": WEEKS[:3]}, "must be of one length"),
    ("mae", "predictions", {"weeks": WEEKS[::-1]}, "weeks must stand in order of time, each once"),
    ("mae", "predictions", {"weeks": [*WEEKS[:3], "2015-2"]}, "an ISO week such as 2014-W03"),
    ("mae", "predictions", {"absolute_error_sum": [60.0] * 4}, "mae 0.4, where metrics.json has"),
    (0, "outputs", {"kind": "chart"}, "expected tags: 'table', 'lines'"),
    (0, "outputs", {"rows": None}, "field 'outputs[0].table.rows' is missing"),
    (0, "outputs", {"rows": {}}, "there are no rows"),
    (0, "outputs", {"rows": {"a net": [1, 2, 3]}}, "row 'a net' has 3 values for 2 columns"),
    (0, "outputs", {"rows": {"a net": [1, "2"]}}, "rows.a net[1]' must be a finite number"),
    (0, "outputs", {"title": "Curves"}, "'Curves' is the title of two outputs"),
    (1, "outputs", {"series": [CURVE]}, "'a' has 2 x for 1 y"),
    (1, "outputs", {"references": {"chance": "1/8"}}, "must be a finite number"),
    (2, "outputs", {"rows": {"top": [1, None], "bottom": [1, 2]}}, "must be a finite number"),
    (2, "outputs", {"marks": ["top", "middle"]}, "marks must name one row a column"),
]


@pytest.mark.parametrize(("kind", "part", "changes", "message"), DAMAGES)
def test_a_damaged_record_is_named_and_left_out(tmp_path, kind, part, changes, message):
    """What is read is drawn and written without further checks."""
    fabricate(tmp_path, "imdb-toy")
    if part == "outputs":
        path, place = fabricate_study(tmp_path, "imdb-odd", outputs=OUTPUTS), ["outputs", kind]
    else:
        path = fabricate(tmp_path, "imdb-odd", metric=kind, predictions=True)
        place = ["best", "test"] if part == "predictions" else []
    edit(path, part, place, **changes)
    records, (sentence,) = find_records(tmp_path)
    assert [record.experiment for record in records] == ["imdb-toy"]
    assert sentence.startswith(f"imdb-odd/seed-0/{part}.json: ")
    assert message in sentence


def test_one_review_at_the_threshold_may_differ_in_validation_alone(tmp_path):
    path = fabricate(tmp_path, "made-toy", predictions=True)
    one_more, two_more = ([place < n for place in range(REVIEWS)] for n in (851, 852))
    edit(path, "predictions", ["best", "validation"], **packed(one_more))  # of 0.85
    load_record(path)
    edit(path, "predictions", ["best", "validation"], **packed(two_more))
    assert "best, validation: accuracy 0.852, where metrics" in refused(path)


def test_predictions_are_of_as_many_samples_as_the_data_have(tmp_path):
    path = fabricate(tmp_path, "made-toy", metric="mae", predictions=True)
    edit(path, "data", [], facts={"test_windows": 600})
    load_record(path)
    edit(path, "data", [], facts={"test_windows": 601})
    assert "best, test: 600 windows, where data.json has 601" in refused(path)


def test_a_network_does_not_pass_for_a_study_nor_a_study_for_a_network(tmp_path):
    network = fabricate(tmp_path, "imdb-toy")
    edit(network, "config", [], role="study")
    assert "outputs.json: No such file" in refused(network)
    study = fabricate_study(tmp_path, "toy-study", outputs=OUTPUTS)
    edit(study, "config", [], role="network")
    assert "metrics.json: field 'metric' is missing" in refused(study)


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '{"a": NaN}', '{"a": ' + "1" * 5000, "[" * 10_000, '{"a": "\xff"']
)
def test_files_that_hold_no_json_object_are_refused(tmp_path, text):
    path = fabricate(tmp_path, "imdb-toy")
    (path / "metrics.json").write_text(text, encoding="latin-1")
    assert refused(path).startswith(f"{path}/metrics.json: ")


def test_a_number_beyond_all_is_refused_in_fields_that_are_not_checked(tmp_path):
    path = fabricate(tmp_path, "imdb-toy")
    text = (path / "data.json").read_text().replace('"facts": {}', '"facts": {"rows": 1e400}')
    (path / "data.json").write_text(text)
    assert "data.json: not valid JSON (Out of range" in refused(path)


def test_each_changed_byte_of_a_record_with_checksums_is_found(tmp_path):
    path = fabricate(tmp_path, "imdb-toy", predictions=True, config={"schema": 2})
    assert refused(path).endswith("SHA256SUMS: missing; without it, damage cannot be told.")
    write_checksums(path)
    whole = load_record(path)
    for file in sorted(path.iterdir()):
        content = file.read_bytes()
        for place in range(0, len(content), 53):
            changed = bytearray(content)
            changed[place] ^= 1 << place % 8
            file.write_bytes(changed)
            assert str(path / file.name) in refused(path) or file.name == "SHA256SUMS"
        file.write_bytes(content)
    assert load_record(path) == whole


def test_a_file_that_was_removed_or_added_is_named(tmp_path):
    path = fabricate(tmp_path, "imdb-toy", predictions=True)
    predictions = (path / "predictions.json").read_bytes()
    write_checksums(path)
    (path / "predictions.json").unlink()
    assert refused(path).endswith("predictions.json: No such file or directory.")
    write_checksums(path)
    (path / "predictions.json").write_bytes(predictions)
    assert refused(path).endswith("SHA256SUMS: has no line for predictions.json.")


def test_a_copied_record_is_not_another_seed(tmp_path):
    path = fabricate(tmp_path, "imdb-toy")
    shutil.copytree(path, path.with_name("seed-1"))
    assert "the record is of imdb-toy, seed 0" in refused(path.with_name("seed-1"))


def test_an_unfinished_run_is_named_and_a_complete_one_is_promoted(tmp_path):
    paths = [fabricate(tmp_path, "imdb-toy", seed=seed) for seed in range(3)]
    write_checksums(paths[1])
    unfinished = [path.rename(f"{path}.unfinished") for path in paths[1:]]
    records, left_out = find_records(tmp_path)
    assert [record.seed for record in records] == [0, 1]
    assert left_out == ["imdb-toy/seed-2.unfinished: the run did not finish."]
    assert [path.exists() for path in unfinished] == [False, True]
    (paths[1] / "metrics.json").write_text("{}")  # and no more than one that is whole
    paths[1].rename(unfinished[0])
    assert [record.seed for record in find_records(tmp_path)[0]] == [0]


def test_names_are_shown_and_not_sent_to_the_terminal(tmp_path):
    (fabricate(tmp_path, "imdb-toy").parent / "seed-\x1b[31m.unfinished").mkdir()
    assert find_records(tmp_path)[1] == [
        r"imdb-toy/seed-\x1b[31m.unfinished: the run did not finish."
    ]
    with pytest.raises(RunError, match="does not exist; run an experiment first"):
        find_records(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("config", "label"),
    [
        ({"variant": {"optimizer": "rmsprop-keras2"}}, "imdb-x+optimizer-rmsprop-keras-2.0"),
        ({"variant": {"optimizer": "rmsprop-summed-rows"}}, "imdb-x+optimizer-rmsprop-keras-2.11"),
        ({"protocol": {"epochs": 3, "optimizer": "adam-keras2"}}, "imdb-x"),
        ({"plain_keras": True}, "imdb-x+plain-keras"),
    ],
)
def test_a_record_with_older_names_is_read_by_todays(tmp_path, config, label):
    record = load_record(fabricate(tmp_path, "imdb-x", config=config))
    assert record.label == label
    assert record.config["protocol"].get("optimizer") in (None, "adam-keras-2.0")
