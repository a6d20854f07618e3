"""Reading run records: whole ones are returned, others are named."""

import base64
import json
import os
import shutil
import stat

import pytest
from records import REVIEWS, WINDOWS, fabricate, fabricate_study, packed

from harness.errors import RunError, UnwritableError
from harness.records.atomic_files import write_text
from harness.records.record import find_records, load_record
from harness.records.study_outputs import Heatmap, Lines, Series, Table, Text


def edit(path, part, **changes):
    """Changes fields of one file of a record; None removes the field."""
    file = path / f"{part}.json"
    content = json.loads(file.read_text()) | changes
    for field in [field for field, value in changes.items() if value is None]:
        del content[field]
    file.write_text(json.dumps(content))


OUTPUTS = [
    Table("Numbers", ["share", "steps"], {"a net": [0.5, None], "another": [1, 2]}),
    Lines(
        "Curves",
        "step",
        "share",
        [Series("a net", [1, 2], [0.1, None]), Series("dots", [3], [1], dots=True)],
        references={"chance": 0.125},
        log_x=True,
    ),
    Heatmap("Shades", ["n", "a"], {"top": [0.5, 1], "bottom": [0, -1]}, marks=["top", "bottom"]),
    Text("Samples", {"epoch 1": "the the"}),
]


def edit_output(path, title, changes):
    """Changes fields of one output of a study's record; None removes the field."""
    file = path / "outputs.json"
    content = json.loads(file.read_text())
    (place,) = (i for i, one in enumerate(content["outputs"]) if one["title"] == title)
    kept = {k: v for k, v in content["outputs"][place].items() if changes.get(k, 0) is not None}
    content["outputs"][place] = kept | {k: v for k, v in changes.items() if v is not None}
    file.write_text(json.dumps(content))


def test_a_whole_record_is_read_back(tmp_path):
    record = load_record(fabricate(tmp_path, "imdb-toy", seed=3))
    assert (record.experiment, record.label, record.seed) == ("imdb-toy", "imdb-toy", 3)
    assert not record.is_study
    assert record.outputs == ()


def test_a_study_is_read_back_with_what_it_shows(tmp_path):
    record = load_record(fabricate_study(tmp_path, "toy-study", seed=3, outputs=OUTPUTS))
    assert record.is_study
    assert (record.label, record.seed) == ("toy-study", 3)
    assert list(record.outputs) == OUTPUTS


def test_a_study_that_shows_nothing_yet_is_whole(tmp_path):
    assert load_record(fabricate_study(tmp_path, "toy-study", outputs=[])).outputs == ()


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("metrics", {"best_validation": None}, "metrics.json: field 'best_validation' is missing"),
        (
            "metrics",
            {"best_validation": "0.9"},
            "'best_validation' must be a finite number, not '0.9'",
        ),
        ("metrics", {"parameters": True}, "'parameters' must be a whole number, not True"),
        ("config", {"seed": 1.5}, "config.json: field 'seed' must be a whole number, not 1.5"),
        ("config", {"schema": 99}, "schema 99, expected 1"),
        ("history", {"loss": [0.1]}, "columns of different lengths"),
        ("history", {"loss": [0.1, "x", 0.2]}, "field 'loss[1]' must be a finite number, not 'x'"),
        (
            "metrics",
            {"test_at_best": float("inf")},
            "metrics.json: not valid JSON (expected value at line",
        ),
        ("metrics", {"best_validation": 0.99}, "'best_validation' must be 0.85 as in history"),
        ("metrics", {"last_validation": 0.99}, "'last_validation' must be"),
        ("metrics", {"best_epoch": 9}, "'best_epoch' must be from 1 to 3"),
        ("metrics", {"reference": {}}, "metrics.json: field 'reference.label' is missing"),
        ("data", {"dataset": "jena"}, "'dataset' must be 'imdb' as in config.json"),
        ("data", {"files": [{}]}, "data.json: field 'files[0].sha256' is missing"),
        ("environment", {"device": None}, "environment.json: field 'device' is missing"),
    ],
)
def test_a_damaged_record_is_refused_with_file_and_field(tmp_path, part, changes, message):
    path = fabricate(tmp_path, "imdb-toy")
    edit(path, part, **changes)
    with pytest.raises(RunError) as error:
        load_record(path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("title", "changes", "message"),
    [
        (
            "Numbers",
            {"kind": "chart"},
            "the kind of an output must be one of table, lines, heatmap, text",
        ),
        (
            "Numbers",
            {"kind": None},
            "the kind of an output must be one of table, lines, heatmap, text",
        ),
        (
            "Numbers",
            {"kind": ["table"]},
            "the kind of an output must be one of table, lines, heatmap, text",
        ),
        ("Numbers", {"kind": "lines"}, "field 'x' is missing"),
        ("Numbers", {"rows": None}, "output 1: field 'rows' is missing"),
        ("Numbers", {"rows": [[1, 2]]}, "'rows' must be a table of names and values"),
        ("Numbers", {"unit": "steps"}, "'unit' is unknown; known: title, columns, rows"),
        ("Numbers", {"rows": {"a net": [1]}}, "row 'a net' has 1 values for 2 columns"),
        ("Numbers", {"rows": {"a net": [1, 2, 3]}}, "row 'a net' has 3 values for 2 columns"),
        (
            "Numbers",
            {"rows": {"a net": [1, "2"]}},
            "field 'rows.a net[1]' must be a finite number, not '2'",
        ),
        ("Numbers", {"rows": {"a net": [1, True]}}, "must be a finite number, not True"),
        ("Numbers", {"rows": {"a net": [1, float("nan")]}}, "not valid JSON (expected value"),
        ("Numbers", {"title": "Curves"}, "output 2: 'Curves' is also an earlier title"),
        ("Curves", {"series": [{"label": "a", "x": [1, 2], "y": [1]}]}, "'a' has 2 x for 1 y"),
        ("Curves", {"series": [{"label": "a", "x": [1]}]}, "field 'series[0].y' is missing"),
        (
            "Curves",
            {"series": [{"label": "a", "x": ["1"], "y": [1]}]},
            "field 'series[0].x[0]' must be a finite number",
        ),
        ("Curves", {"references": {"chance": "1/8"}}, "must be a finite number, not '1/8'"),
        ("Shades", {"rows": {"top": [1, 2], "bottom": [1]}}, "row 'bottom' has 1 values for 2"),
        (
            "Shades",
            {"rows": {"top": [1, None], "bottom": [1, 2]}},
            "'rows.top[1]' must be a finite number",
        ),
        ("Shades", {"marks": ["top"]}, "marks must name one row a column"),
        ("Shades", {"marks": ["top", "middle"]}, "marks must name one row a column"),
        ("Samples", {"lines": None}, "output 4: field 'lines' is missing"),
    ],
)
def test_a_damaged_output_is_refused_with_file_and_reason(tmp_path, title, changes, message):
    path = fabricate_study(tmp_path, "toy-study", outputs=OUTPUTS)
    edit_output(path, title, changes)
    with pytest.raises(RunError) as error:
        load_record(path)
    assert "outputs.json" in str(error.value)
    assert message in str(error.value)
    _, (sentence,) = find_records(tmp_path)  # the other records can still be used
    assert sentence.startswith("toy-study/seed-0/outputs.json: ")


@pytest.mark.parametrize(
    ("title", "changes"),
    [
        ("Numbers", {"title": 5}),
        ("Numbers", {"title": ["Numbers"]}),
        ("Numbers", {"columns": [1, 2]}),
        ("Numbers", {"columns": "ab"}),
        ("Curves", {"series": [{"label": "a", "x": [None], "y": [1]}]}),
        ("Curves", {"y": 3}),
        ("Curves", {"series": []}),
        ("Shades", {"rows": {}, "marks": []}),
        ("Samples", {"lines": ["the the"]}),
        ("Samples", {"lines": {"epoch 1": 1}}),
    ],
)
def test_an_output_that_could_not_be_shown_is_refused(tmp_path, title, changes):
    """What is read is drawn and written without further checks."""
    path = fabricate_study(tmp_path, "toy-study", outputs=OUTPUTS)
    edit_output(path, title, changes)
    with pytest.raises(RunError, match=r"outputs\.json"):
        load_record(path)


def test_a_study_without_its_outputs_is_refused(tmp_path):
    path = fabricate_study(tmp_path, "toy-study", outputs=OUTPUTS)
    (path / "outputs.json").unlink()
    with pytest.raises(RunError, match=r"outputs\.json: No such file"):
        load_record(path)


def test_outputs_that_are_no_list_are_refused(tmp_path):
    path = fabricate_study(tmp_path, "toy-study", outputs=OUTPUTS)
    (path / "outputs.json").write_text('{"outputs": {}}')
    with pytest.raises(RunError, match=r"outputs\.json: field 'outputs' must be a list, not \{\}"):
        load_record(path)


def test_a_network_does_not_pass_for_a_study_nor_a_study_for_a_network(tmp_path):
    network = fabricate(tmp_path, "imdb-toy")
    edit(network, "config", role="study")
    with pytest.raises(RunError, match=r"outputs\.json: No such file"):
        load_record(network)
    study = fabricate_study(tmp_path, "toy-study", outputs=OUTPUTS)
    edit(study, "config", role="network")
    with pytest.raises(RunError, match=r"metrics\.json: field 'metric' is missing"):
        load_record(study)


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
    with pytest.raises(RunError, match="'wall_seconds' must be a finite number, not inf"):
        load_record(path)


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("metrics", {"parameters": 10**400}, "field 'parameters' must be less than 9223372036854"),
        ("metrics", {"test_at_end": 10**400}, "field 'test_at_end' must be a finite number"),
        ("metrics", {"wall_seconds": 1e308}, "'wall_seconds' must be a number of at most 1e100"),
        ("metrics", {"test_at_end": 1.5}, "field 'test_at_end' must be at most 1, as an accuracy"),
        ("metrics", {"test_at_end": -0.5}, "'test_at_end' must be greater than or equal to 0"),
        ("metrics", {"wall_seconds": -1}, "'wall_seconds' must be greater than or equal to 0"),
        ("metrics", {"seconds_per_epoch": -1.0}, "'seconds_per_epoch' must be greater than or"),
        ("metrics", {"degrees_per_unit": 8.0}, "field 'degrees_per_unit' must be null"),
        ("metrics", {"degrees_per_unit": 0}, "'degrees_per_unit' must be greater than 0, not 0"),
        (
            "metrics",
            {"reference": {"label": "majority class", "validation": 1.5, "test": 0.5}},
            "field 'reference.validation' must be at most 1",
        ),
        ("history", {"accuracy": [0.5, 1.5, 0.5]}, "field 'accuracy' must be at most 1"),
        ("history", {"seconds": [1, -1, 1]}, "field 'seconds' must be free of negatives"),
        (
            "config",
            {"title": "\ud800"},
            "config.json: not valid JSON (unexpected end of hex escape",
        ),
        ("config", {"variant": {"word": "\udcff"}}, "config.json: not valid JSON"),
        ("config", {"role": "judge"}, "'role' must be 'network', 'baseline' or 'study'"),
        ("config", {"schema": True}, "schema True, expected 1"),
        ("data", {"notes": [3]}, "data.json: field 'notes[0]' must be text, not 3"),
        ("environment", {"packages": {"keras": 3}}, "field 'packages.keras' must be text, not 3"),
        ("environment", {"threads": -1}, "'threads' must be greater than or equal to 0, not -1"),
        ("config", {"seed": -1}, "field 'seed' must be greater than or equal to 0, not -1"),
        ("config", {"dataset": "../../x"}, "field 'dataset' must be a name that a file can have"),
        ("config", {"experiment": ".."}, "field 'experiment' must be a name that a file can have"),
        ("config", {"variant": {"a/b": 1}}, "must be a name that a file can have, without"),
        ("config", {"title": "LSTM\n| x |"}, "'title' must be one line without markup, not"),
        ("config", {"title": "a\x1b[31mb"}, "'title' must be one line without markup, not"),
        ("config", {"title": "<script>"}, "'title' must be one line without markup, not"),
        ("config", {"title": "[x](javascript:y)"}, "'title' must be one line without markup"),
        ("config", {"notes": ["a\n# b"]}, "'notes[0]' must be one line without markup, not"),
        ("data", {"files": [{"sha256": "../../../x"}]}, "must be a SHA-256 of 64 digits, not"),
        ("environment", {"device": "GPU\n"}, "'device' must be one line without markup, not"),
        ("metrics", {"best_validation": 1.5}, "'best_validation' must be at most 1"),
    ],
)
def test_an_impossible_record_is_named_and_left_out(tmp_path, part, changes, message):
    fabricate(tmp_path, "imdb-toy", seed=0)
    edit(fabricate(tmp_path, "imdb-toy", seed=1), part, **changes)
    records, (sentence,) = find_records(tmp_path)
    assert [record.seed for record in records] == [0]
    assert sentence.startswith(f"imdb-toy/seed-1/{part}.json: ")
    assert message in sentence


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1" * 5000, "number out of range"),  # more digits than Python makes an integer of
        ("[" * 10_000, "recursion limit exceeded"),
        ('"\xff"', "invalid"),
    ],
)
def test_content_that_no_python_object_holds_is_named_and_left_out(tmp_path, text, message):
    path = fabricate(tmp_path, "imdb-toy")
    (path / "data.json").write_text(f'{{"facts": {text}', encoding="latin-1")
    records, (sentence,) = find_records(tmp_path)
    assert records == []
    assert sentence.startswith("imdb-toy/seed-0/data.json: not valid JSON (")
    assert message in sentence


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


@pytest.fixture
def closed(tmp_path):
    """A folder that this user cannot read, below which there is a record."""
    folder = fabricate(tmp_path / "results", "imdb-toy").parent
    folder.chmod(0)
    if os.access(folder, os.R_OK):
        pytest.skip("this user can read every folder")
    yield folder
    folder.chmod(0o755)


def test_a_folder_that_cannot_be_read_is_named(closed):
    results = closed.parent
    fabricate(results, "imdb-other")
    records, left_out = find_records(results)
    assert [record.label for record in records] == ["imdb-other"]
    assert left_out == ["imdb-toy: the folder cannot be read."]
    with pytest.raises(RunError, match=r"imdb-toy cannot be read; correct its permissions\."):
        find_records(closed)
    with pytest.raises(RunError, match=r"imdb-toy/results does not exist"):
        find_records(closed / "results")


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path):
    target = tmp_path / "summary.csv"
    write_text(target, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_text(target, "new \udcff\n")
    assert target.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [target]


def edit_samples(path, epoch, split, **changes):
    """Changes fields of one part of the predictions; None removes the field."""
    file = path / "predictions.json"
    content = json.loads(file.read_text())
    samples = content[epoch][split] | changes
    content[epoch][split] = {name: value for name, value in samples.items() if value is not None}
    file.write_text(json.dumps(content))


@pytest.mark.parametrize("metric", ["accuracy", "mae"])
def test_predictions_are_read_where_a_run_kept_them(tmp_path, metric):
    path = fabricate(tmp_path, "made-toy", metric=metric, predictions=True)
    read = load_record(path).predictions
    assert read == json.loads((path / "predictions.json").read_text())
    (path / "predictions.json").unlink()
    assert load_record(path).predictions is None  # as in earlier versions


def test_predictions_of_a_baseline_without_epochs_are_read(tmp_path):
    path = fabricate(tmp_path, "made-toy", epochs=0, best=0.5, predictions=True)
    assert load_record(path).predictions is not None


RIGHT = [True] * 845 + [False] * (REVIEWS - 845)  # the made-up test accuracy is 0.845


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"right": None}, "best, test: must hold right, count"),
        ({"wrong": []}, "best, test: must hold right, count"),
        ({"right": 3}, "best, test: must hold right, count"),
        ({"right": "=?"}, "best, test: right is not base64"),
        ({"right": "Ä"}, "best, test: right is not base64"),
        ({"count": 0}, "count must be a positive number of reviews, not 0"),
        ({"count": 1000.0}, "count must be a positive number of reviews, not 1000.0"),
        ({"count": REVIEWS + 1}, "right has 125 bytes for 1001 reviews, a bit a review"),
        ({"count": REVIEWS - 8}, "right has 125 bytes for 992 reviews"),
        ({"right": packed(RIGHT + [True] * 9)["right"]}, "right has 127 bytes for 1000 reviews"),
        (packed([False, *RIGHT[1:]]), "accuracy 0.844, where metrics.json has test_at_best 0.845"),
    ],
)
def test_damaged_predictions_of_reviews_are_refused(tmp_path, changes, message):
    path = fabricate(tmp_path, "made-toy", predictions=True)
    edit_samples(path, "best", "test", **changes)
    with pytest.raises(RunError) as error:
        load_record(path)
    assert "predictions.json: " in str(error.value)
    assert message in str(error.value)


def test_a_bit_beyond_the_last_review_is_refused(tmp_path):
    path = fabricate(tmp_path, "made-toy", predictions=True)
    edit_samples(path, "best", "test", count=999)
    right = base64.b64encode(b"\xff" * 125).decode()
    edit_samples(path, "best", "test", right=right)
    with pytest.raises(RunError, match="right has a bit set beyond the last of 999 reviews"):
        load_record(path)


def test_one_review_at_the_threshold_may_differ_in_validation_alone(tmp_path):
    path = fabricate(tmp_path, "made-toy", predictions=True)
    one_more, two_more = ([place < n for place in range(REVIEWS)] for n in (851, 852))
    edit_samples(path, "best", "validation", **packed(one_more))  # the made-up accuracy is 0.85
    load_record(path)
    edit_samples(path, "best", "validation", **packed(two_more))
    with pytest.raises(RunError, match=r"best, validation: accuracy 0\.852, where metrics"):
        load_record(path)


WEEKS = list(WINDOWS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"windows": None}, "last, test: must hold weeks, absolute_error_sum, windows"),
        ({"weeks": 4}, "last, test: must hold weeks, absolute_error_sum, windows"),
        ({"weeks": WEEKS[:3]}, "must be of one length, not 3, 4 and 4"),
        ({"windows": [1] * 5}, "must be of one length, not 4, 4 and 5"),
        (
            {"weeks": [], "absolute_error_sum": [], "windows": []},
            "must be of one length, not 0, 0 and 0",
        ),
        ({"weeks": [*WEEKS[:3], "2015-2"]}, "weeks must be ISO weeks such as 2014-W03"),
        ({"weeks": [*WEEKS[:3], 3]}, "weeks must be ISO weeks"),
        ({"weeks": WEEKS[::-1]}, "weeks must stand in order of time, each once"),
        ({"weeks": [WEEKS[0], *WEEKS[:3]]}, "weeks must stand in order of time, each once"),
        ({"windows": [168, 168, 168, 10**400]}, "windows must be positive numbers of windows"),
        ({"absolute_error_sum": [1, 1, 1, 10**400]}, "must be sums of absolute errors"),
        ({"windows": [168, 168, 168, 0]}, "windows must be positive numbers of windows"),
        ({"windows": [168, 168, 168, 96.0]}, "windows must be positive numbers of windows"),
        ({"absolute_error_sum": [1, 1, 1, -1]}, "must be sums of absolute errors"),
        ({"absolute_error_sum": [1, 1, 1, "1"]}, "must be sums of absolute errors"),
        ({"absolute_error_sum": [60.0] * 4}, "mae 0.4, where metrics.json has test_at_end 0.87"),
    ],
)
def test_damaged_predictions_of_weeks_are_refused(tmp_path, changes, message):
    path = fabricate(tmp_path, "made-toy", metric="mae", predictions=True)
    edit_samples(path, "last", "test", **changes)
    with pytest.raises(RunError) as error:
        load_record(path)
    assert "predictions.json: " in str(error.value)
    assert message in str(error.value)


def test_predictions_without_an_epoch_or_a_split_are_refused(tmp_path):
    path = fabricate(tmp_path, "made-toy", predictions=True)
    edit(path, "predictions", last={"test": {}})
    with pytest.raises(RunError, match="last, validation: must hold right, count"):
        load_record(path)
    edit(path, "predictions", last=None)
    with pytest.raises(RunError, match="last, validation: must hold"):
        load_record(path)


@pytest.mark.parametrize(
    ("metric", "facts", "message"),
    [
        ("accuracy", {"test_reviews": 999}, "best, test: 1000 reviews, where data.json has 999"),
        ("mae", {"test_windows": 601}, "best, test: 600 windows, where data.json has 601"),
        ("mae", {"validation_windows": 1}, "validation: 600 windows, where data.json has 1"),
    ],
)
def test_predictions_are_of_as_many_samples_as_the_data_have(tmp_path, metric, facts, message):
    path = fabricate(tmp_path, "made-toy", metric=metric, predictions=True)
    counts = {"test_reviews": 1000, "test_windows": 600, "validation_windows": 600}
    edit(path, "data", facts=counts)
    load_record(path)
    edit(path, "data", facts=counts | facts)
    with pytest.raises(RunError, match=message):
        load_record(path)


def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UnwritableError, match="what is there is no file"):
            write_text(path, "new")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


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
