"""The run's directory: nothing half-written under a final name, nothing lost."""

import json
import shutil
import subprocess
import sys

import pytest

from harness.errors import RunError, UnwritableError
from harness.records.files import write_checksums, write_json, write_text
from harness.records.record import label_of
from harness.records.run import MODEL, Run, made_data, promote_left
from harness.records.schema import validated
from harness.records.study_outputs import Outputs, Table, Text

CONFIG = {"experiment": "toy"}
METRICS = {"metric": "mae", "parameters": 3, "best_validation": 0.3, "test_at_best": 0.4}


def begun(tmp_path, config=CONFIG):
    run = Run(tmp_path / "toy" / "seed-0", seed=0, data_dir=None, sample=True)
    run.begin(config)
    return run


def test_the_final_name_appears_only_with_the_last_file(tmp_path):
    run = begun(tmp_path)
    run.write("data", {})
    for loss in (0.5, 0.25):
        run.add_epoch({"loss": loss})
        assert json.loads((run.unfinished / "history.json").read_text())["loss"][-1] == loss
    assert not run.directory.exists()
    run.finish(METRICS)
    assert sorted(p.name for p in run.directory.iterdir()) == [
        "SHA256SUMS",
        "config.json",
        "data.json",
        "history.json",
        "metrics.json",
    ]
    assert list(run.directory.parent.iterdir()) == [run.directory]


def test_a_study_is_finished_with_what_it_shows_and_the_model_it_leaves(tmp_path):
    outputs = [Table("Numbers", ["a"], {"r": [0.5]}), Text("Words", {"one": "नमस्कार"})]
    run = begun(tmp_path)
    run.write("data", made_data(True, "Made up."))
    (run.unfinished / MODEL).write_bytes(b"a model")
    run.finish_study(outputs)
    names = {path.name for path in run.directory.iterdir()}
    files = {f"{part}.json" for part in ("config", "data", "history", "metrics", "outputs")}
    assert names == files | {"model.keras", "SHA256SUMS"}
    content = {name: json.loads((run.directory / name).read_text("utf-8")) for name in files}
    assert validated("", Outputs, content["outputs.json"]).outputs == outputs
    assert set(content["metrics.json"]) == {"wall_seconds"}
    assert content["history.json"] == {}
    assert content["data.json"]["notes"] == ["Made up."]
    assert content["data.json"]["sample"] is True


def test_a_study_that_measured_no_number_gets_no_final_name(tmp_path):
    run = begun(tmp_path)
    with pytest.raises(
        RunError, match=r"'rows\.r\[0\]' must be a finite number .* not nan\. No record was made"
    ):
        run.finish_study([Table("Numbers", ["a"], {"r": [float("nan")]})])
    assert not run.directory.exists()


def test_an_earlier_run_stays_until_its_successor_is_finished(tmp_path):
    begun(tmp_path).finish(METRICS)
    run = begun(tmp_path, {"experiment": "toy", "second": True})
    assert "second" not in json.loads((run.directory / "config.json").read_text())
    run.finish(METRICS)
    assert json.loads((run.directory / "config.json").read_text())["second"]


def test_what_a_dead_process_left_is_cleared(tmp_path):
    left = tmp_path / "toy" / "seed-0.unfinished" / "best.keras"
    left.parent.mkdir(parents=True)
    left.write_text("stale")
    begun(tmp_path)
    assert not left.exists()


def test_a_process_that_dies_leaves_no_lock(tmp_path):
    directory = tmp_path / "toy" / "seed-0"
    other = f"""
import sys
from pathlib import Path
from harness.records.run import Run
run = Run(Path({str(directory)!r}), seed=0, data_dir=None, sample=True)
run.begin({{"experiment": "toy"}})
print("begun", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", other], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "begun\n"
        with pytest.raises(RunError, match="being written by another process"):
            begun(tmp_path)
    finally:
        process.kill()
        process.communicate()
    run = begun(tmp_path)
    run.finish(METRICS)
    assert list(directory.parent.iterdir()) == [directory]


def test_a_complete_folder_that_a_killed_process_left_is_promoted(tmp_path):
    first = begun(tmp_path)
    first.finish(METRICS)
    first.directory.rename(first.unfinished)
    promote_left(first.directory)
    assert list(first.directory.parent.iterdir()) == [first.directory]


def test_a_folder_that_a_process_is_filling_is_not_promoted(tmp_path):
    run = begun(tmp_path)
    write_checksums(run.unfinished)
    promote_left(run.directory)
    assert not run.directory.exists()


def test_a_run_that_lost_a_file_makes_no_record(tmp_path):
    run = begun(tmp_path)
    shutil.rmtree(run.unfinished)
    with pytest.raises(RunError, match=r"config\.json was removed during the run; no record was"):
        run.finish(METRICS)
    assert not run.directory.exists()


def test_an_abandoned_run_leaves_nothing(tmp_path):
    begun(tmp_path).abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_is_none_never_reaches_a_record(tmp_path):
    with pytest.raises(RunError, match="finite numbers only"):
        write_json(tmp_path / "metrics.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path):
    target = tmp_path / "summary.csv"
    write_text(target, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_text(target, "new \udcff\n")
    assert target.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(UnwritableError, match="what is there is no file"):
        write_text(tmp_path, "new")


def test_a_results_place_that_is_a_file_is_one_clear_error(tmp_path):
    (tmp_path / "toy").write_text("in the way")
    with pytest.raises(RunError, match=r"cannot write to .*toy"):
        begun(tmp_path)


def test_a_variant_has_a_folder_of_its_own_wherever_its_words_come_from():
    assert label_of("jena-gru", {}) == "jena-gru"
    assert label_of("jena-gru", {"horizon_hours": 24.0, "straddle_gaps": False}) == (
        "jena-gru+horizon-hours-24+straddle-gaps-no"
    )
    words = ["a/b", "ab", "a%2fb", "../up", "a b", "a:b", 'a"b', "a\\b", "a\nb", "\0"]
    words += [letter * 120 for letter in "aéन𐍈"]  # file systems count bytes: a letter may have four
    words += [letter * 300 + last for letter in "aन" for last in "12"]
    names = [label_of("toy", {"word": word}) for word in words]
    assert not set("".join(names)) & set('/\\:*?"<>| \n\0')
    assert len(set(names)) == len(words)
    assert max(len(f"{name}.png".encode()) for name in names) <= 255
