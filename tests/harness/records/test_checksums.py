"""The checksums of a record: a changed byte is found and named."""

import hashlib
import json

import pytest
from records import fabricate

from harness.errors import RunError
from harness.records.checksums import write_checksums
from harness.records.record import load_record
from harness.records.run import MODEL, Run, baseline_metrics, made_data


@pytest.fixture
def record(tmp_path):
    """A record of today, with checksums."""
    path = fabricate(tmp_path, "imdb-toy", predictions=True)
    write(path, schema=2)
    write_checksums(path)
    return path


def write(path, **changes):
    """Changes the configuration of a record."""
    file = path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def refused(path) -> str:
    with pytest.raises(RunError) as error:
        load_record(path)
    return str(error.value)


def test_a_finished_run_leaves_the_checksum_of_each_file(tmp_path):
    run = Run(tmp_path / "toy" / "seed-0", seed=0, data_dir=None, sample=True)
    run.begin({"experiment": "toy"})
    run.write("data", made_data(True, "Made up."))
    (run.unfinished / MODEL).write_bytes(b"a model")
    reference = {"label": "majority class", "validation": 0.5, "test": 0.5}
    values = {"validation": 0.5, "test": 0.5, "reference": reference}
    run.finish(baseline_metrics("accuracy", parameters=None, **values))
    lines = (run.directory / "SHA256SUMS").read_text().splitlines()
    found = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = [path for path in run.directory.iterdir() if path.name != "SHA256SUMS"]
    assert found == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    assert "model.keras" in found


def flips(path, stride: int) -> None:
    """Flips a bit of each byte at this distance, one at a time, in each file of a record."""
    whole = load_record(path)
    for file in sorted(path.iterdir()):
        content = file.read_bytes()
        for place in range(0, len(content), stride):
            changed = bytearray(content)
            changed[place] ^= 1 << place % 8
            file.write_bytes(changed)
            said = refused(path)
            assert str(path / file.name) in said or file.name == "SHA256SUMS", said
        file.write_bytes(content)
    assert load_record(path) == whole


def test_a_flipped_bit_is_found_and_its_file_named(record):
    flips(record, stride=53)


@pytest.mark.faults
def test_each_flipped_bit_is_found_and_its_file_named(record):
    flips(record, stride=1)


def test_a_number_that_was_changed_by_hand_is_named_with_its_file(record):
    file = record / "environment.json"
    file.write_text(file.read_text().replace("fabricated", "improved"))
    assert refused(record).endswith(
        "environment.json: changed since the run: its SHA-256 is not the recorded one."
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SHA256SUMS", "SHA256SUMS: missing; without it, damage cannot be told."),
        ("predictions.json", "predictions.json: No such file or directory."),
    ],
)
def test_a_file_that_was_removed_is_named(record, name, message):
    (record / name).unlink()
    assert refused(record).endswith(message)


def test_a_file_that_was_added_is_named(tmp_path):
    path = fabricate(tmp_path, "imdb-toy", predictions=True)
    predictions = (path / "predictions.json").read_bytes()
    (path / "predictions.json").unlink()
    write_checksums(path)
    (path / "predictions.json").write_bytes(predictions)
    assert refused(path).endswith("SHA256SUMS: has no line for predictions.json.")


@pytest.mark.parametrize("line", ["", "x", f"{'0' * 64}  ../x", f"{'0' * 64} config.json", "\xff"])
def test_a_damaged_list_of_checksums_is_named(record, line):
    file = record / "SHA256SUMS"
    file.write_bytes(file.read_bytes() + line.encode("latin-1") + b"\n")
    assert "SHA256SUMS: " in refused(record)


def test_a_record_of_the_time_before_there_were_checksums_is_read(tmp_path):
    assert load_record(fabricate(tmp_path, "imdb-toy")).config["schema"] == 1


def test_a_record_of_a_newer_version_says_what_reads_it(tmp_path):
    path = fabricate(tmp_path, "imdb-toy")
    write(path, schema=3)
    assert refused(path).endswith(
        "schema 3, expected 1 or 2; a newer version of this project reads newer records."
    )
