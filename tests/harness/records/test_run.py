"""The run's directory: nothing half-written under a final name, nothing lost."""

import json
import shutil
import subprocess
import sys

import pytest

from harness.errors import RunError
from harness.records.atomic_files import write_json
from harness.records.record import CHECKPOINT, find_records, label_of, mend
from harness.records.run import MODEL, Run, baseline_metrics, made_data
from harness.records.study_outputs import Table, Text, from_json

CONFIG = {"experiment": "toy"}
METRICS = baseline_metrics(
    "mae",
    parameters=3,
    validation=0.3,
    test=0.4,
    reference={"label": "persistence", "validation": 0.5, "test": 0.6},
)


def begun(tmp_path, config=CONFIG):
    run = Run(tmp_path / "toy" / "seed-0", seed=0, data_dir=None, sample=True)
    run.begin(config)
    return run


def test_the_final_name_appears_only_with_the_last_file(tmp_path):
    run = begun(tmp_path)
    run.write("data", {})
    run.add_epoch({"loss": 1.0})
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
    assert [from_json("", one) for one in content["outputs.json"]["outputs"]] == outputs
    assert set(content["metrics.json"]) == {"wall_seconds"}
    assert content["history.json"] == {}
    assert content["data.json"]["notes"] == ["Made up."]
    assert content["data.json"]["sample"] is True


def test_a_study_that_measured_no_number_gets_no_final_name(tmp_path):
    run = begun(tmp_path)
    with pytest.raises(
        RunError, match=r"'rows\.r\[0\]' must be a finite number, not nan\. No record was made"
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


def test_a_run_that_another_process_is_writing_is_left_alone(tmp_path):
    first = begun(tmp_path)
    with pytest.raises(RunError, match="being written by another process"):
        begun(tmp_path)
    assert (first.unfinished / "config.json").exists()
    first.finish(METRICS)
    begun(tmp_path)


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


def test_a_record_set_aside_by_a_process_that_died_is_named_and_restored(tmp_path):
    first = begun(tmp_path)
    first.finish(METRICS)
    first.directory.rename(tmp_path / "toy" / ".seed-0.replaced")
    assert find_records(tmp_path) == (
        [],
        [
            "toy/seed-0: the process that was replacing this record was killed; the command that "
            "makes the record restores it."
        ],
    )
    mend(first.directory)
    assert (first.directory / "metrics.json").exists()
    assert list(first.directory.parent.iterdir()) == [first.directory]


def test_what_a_process_left_that_died_after_the_last_rename_is_cleared_up(tmp_path):
    run = begun(tmp_path)
    run.finish(METRICS)
    (run.directory / CHECKPOINT).write_text("left")
    for name in (".seed-0.replaced", ".seed-0.lock"):
        (tmp_path / "toy" / name).touch()
    mend(run.directory)
    assert not (run.directory / CHECKPOINT).exists()
    assert (run.directory / "metrics.json").exists()


def test_a_record_that_is_being_replaced_is_left_alone(tmp_path):
    begun(tmp_path).finish(METRICS)
    run = begun(tmp_path)
    run.directory.rename(tmp_path / "toy" / ".seed-0.replaced")
    mend(run.directory)
    assert not run.directory.exists()
    run.finish(METRICS)


@pytest.mark.parametrize("removed", ["", "toy", "toy/seed-0.unfinished"])
def test_a_run_whose_directory_was_removed_stops_and_makes_no_record(removed, tmp_path):
    results = tmp_path / "results"
    run = begun(results)
    run.add_epoch({"loss": 1.0})
    shutil.rmtree(results / removed)
    calls = [
        lambda: run.add_epoch({"loss": 0.5}),
        lambda: run.write("data", {}),
        lambda: run.save_checkpoint({}, []),
        lambda: run.finish(METRICS),
    ]
    for call in calls:
        with pytest.raises(RunError, match=r"seed-0\.unfinished was removed while the run was"):
            call()
    run.abandon()
    assert not run.directory.exists()
    assert not run.unfinished.exists()


def test_a_run_whose_directory_was_removed_leaves_that_of_its_successor_alone(tmp_path):
    first = begun(tmp_path)
    shutil.rmtree(tmp_path / "toy")
    second = begun(tmp_path)
    with pytest.raises(RunError, match="was removed while the run was filling it"):
        first.add_epoch({"loss": 0.5})
    first.abandon()
    second.write("data", {})
    with pytest.raises(RunError, match="being written by another process"):
        begun(tmp_path)
    second.finish(METRICS)
    assert (second.directory / "metrics.json").exists()


def test_an_abandoned_run_leaves_nothing(tmp_path):
    begun(tmp_path).abandon()
    assert list(tmp_path.iterdir()) == []


def test_declaring_an_experiment_loads_no_validation():
    """`--help` answers at once."""
    code = "import sys, harness.experiment; print({'pydantic', 'filelock'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_history_is_on_disk_after_every_epoch(tmp_path):
    run = begun(tmp_path)
    for loss in (0.5, 0.25):
        run.add_epoch({"loss": loss})
        assert json.loads((run.unfinished / "history.json").read_text())["loss"][-1] == loss


def test_a_number_that_is_none_never_reaches_a_record(tmp_path):
    with pytest.raises(RunError, match="finite numbers only"):
        write_json(tmp_path / "metrics.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_results_place_that_is_a_file_is_one_clear_error(tmp_path):
    (tmp_path / "toy").write_text("in the way")
    with pytest.raises(RunError, match=r"cannot write to .*toy"):
        begun(tmp_path)


def test_variants_get_folders_of_their_own():
    assert label_of("jena-gru", {}) == "jena-gru"
    assert label_of("jena-gru", {"horizon_hours": 24.0, "straddle_gaps": False}) == (
        "jena-gru+horizon-hours-24+straddle-gaps-no"
    )


@pytest.mark.parametrize("word", ["a/b", "../up", "a b", "a:b", 'a"b', "a\\b", "a\nb", "\0"])
def test_a_free_word_never_leaves_the_folder_of_the_results(word):
    name = label_of("toy", {"word": word})
    assert not set(name) & set('/\\:*?"<>| \n\0')
    assert name.startswith("toy+word-")


@pytest.mark.parametrize(
    ("one", "other"), [("a/b", "ab"), ("a/b", "a%2fb"), ("a/b", "a:b"), ("/b", "\u02fb")]
)
def test_different_words_get_different_folders(one, other):
    assert label_of("toy", {"word": one}) != label_of("toy", {"word": other})


def test_a_long_word_of_any_script_is_a_file_name():
    """File systems count bytes, of which a letter may have four."""
    for letter in "aéन𐍈":
        name = label_of("next-letter", {"word": letter * 120})
        assert len(f"{name}.png".encode()) <= 255


def test_very_long_variants_get_short_names_that_still_differ():
    variants = [{f"setting_{i}": i for i in range(30)} | {"last": last} for last in (1, 2)]
    names = [label_of("jena-gru", variant) for variant in variants]
    assert max(map(len, names)) <= 150
    assert names[0] != names[1]
