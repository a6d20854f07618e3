"""For maintainers: keeps the weights of one run of each model beside the reference records.

    python -m explore.keep_weights results

It copies `best.keras` of each network's run with seed 0 into `results/reference/`, its numbers
rounded to float16, and the linear model's `linear.npz`. Their hashes go into `weights.json`. Runs
with other settings than the protocol's are left out. Copy the records first: weights belong to the
record beside them.

Rounding halves the files, and turns the verdict of at most 5 of the 25,000 test reviews.
"""

import inspect
import io
import sys
import zipfile
from pathlib import Path

from explore.trained import MANIFEST, trainable
from harness.cli import Parser, add_places, run_command
from harness.errors import RunError
from harness.records.files import read_json, sha256, write_bytes, write_checksums, write_json
from harness.records.record import Record, load_record
from harness.records.run import BEST, LINEAR
from harness.reporting.groups import REFERENCE

SEED = 0
WEIGHTS = "model.weights.h5"  # Keras's name for the member of the archive that holds the numbers


def keep(place: str, results_dir: Path, data_dir: Path | None) -> dict:
    """Writes the file of one network and returns its entry in the manifest.

    Raises:
        RunError: the run, its file or the reference's record is missing or damaged.
        DataError: the Jena series, which gives the normalisation, is missing.
    """
    record = load_record(results_dir / place)
    load_record(REFERENCE / place)
    linear = record.path / LINEAR
    path = linear if linear.exists() else record.path / BEST
    kept = REFERENCE / place / path.name
    write_bytes(kept, path.read_bytes() if path == linear else in_float16(path))
    write_checksums(REFERENCE / place)
    print(f"{place}: {kept.stat().st_size / 1e6:.2f} MB")
    entry = {"file": path.name, "sha256": sha256(kept), "dtype": "float16"}
    if record.config["dataset"] == "jena":
        entry["normalisation"] = normalisation(record, data_dir)
    return entry


def in_float16(path: Path) -> bytes:
    """A Keras archive whose weights are float16, packed. Keras reads them as float32.

    Raises:
        RunError: it cannot be read.
    """
    import h5py
    import numpy as np

    rounded, packed = io.BytesIO(), io.BytesIO()
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with h5py.File(io.BytesIO(members[WEIGHTS])) as old, h5py.File(rounded, "w") as new:

            def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
                if isinstance(item, h5py.Dataset):
                    made = new.create_dataset(name, data=item[()].astype(np.float16))
                else:
                    made = new.require_group(name)
                made.attrs.update(item.attrs)

            old.visititems(copy)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise RunError(f"{path} is not a saved network ({error}).") from error
    members[WEIGHTS] = rounded.getvalue()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # without the time, so that bytes stay
    return packed.getvalue()


def normalisation(record: Record, data_dir: Path | None) -> dict[str, list[float]]:
    """Mean and standard deviation of each column over the training rows of a run on Jena.

    Raises:
        RunError: the run read another file than the one that is found now.
        DataError: there is no usable file.
    """
    from data.jena import load_jena
    from data.windows import make_windows

    climate = load_jena(data_dir)
    if climate.provenance["files"] != record.data["files"]:
        raise RunError(f"{record.path} is a run on another Jena file; name that with --data-dir.")
    settings = inspect.getfullargspec(make_windows).kwonlyargs
    windows = make_windows(climate, **{name: record.config["protocol"][name] for name in settings})
    return windows.facts["normalisation"]


def keep_all(results: Path, data_dir: Path | None) -> None:
    """Keeps the weights of each model that has a run, and says which have none.

    Raises:
        RunError, DataError: as `keep`.
    """
    manifest = read_json(REFERENCE / MANIFEST) if (REFERENCE / MANIFEST).exists() else {}
    for name in trainable():
        place = f"{name}/seed-{SEED}"
        if (results / place).is_dir():
            manifest[place] = keep(place, results, data_dir)
        else:
            print(f"left out: {results} has no {place}", file=sys.stderr)
    write_json(REFERENCE / MANIFEST, manifest)


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("explore.keep_weights", __doc__)
    parser.add_argument("results", type=Path, metavar="DIR", help="results of the runs to keep")
    add_places(parser, "data")
    options = parser.parse_args(argv)
    return run_command(lambda: keep_all(options.results, options.data_dir))


if __name__ == "__main__":
    sys.exit(main())
