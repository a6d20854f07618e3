"""For maintainers: keeps the weights of one run of each model beside the reference records.

    python -m explore.keep_weights results

It copies `best.keras` of each network's run with seed 0 into `results/reference/`, its numbers
rounded to float16, and the other models as they are. Their hashes go into the record's checksums.
Runs with other settings than the protocol's are left out. Copy the records first: weights belong to
the record beside them.

Rounding halves the files, and turns the verdict of at most 5 of the 25,000 test reviews.
"""

import io
import sys
import zipfile
from pathlib import Path

from explore.trained import network_of, trainable
from harness.cli import Parser, run_command
from harness.records.files import write_bytes, write_checksums
from harness.records.record import load_record
from harness.records.run import BEST
from harness.reporting.groups import REFERENCE

WEIGHTS = "model.weights.h5"  # Keras's name for the member of the archive that holds the numbers


def keep_weights(results: Path) -> None:
    """Keeps the model of each experiment that has a run, and says which have none."""
    for name in trainable():
        run, record = (folder / name / "seed-0" for folder in (results, REFERENCE))
        if not run.is_dir():
            print(f"left out: there is no {run}", file=sys.stderr)
            continue
        load_record(record)  # which must be there
        path = network_of(run).path
        kept = record / path.name
        write_bytes(kept, in_float16(path) if path.name == BEST else path.read_bytes())
        write_checksums(record)
        print(f"{kept}: {kept.stat().st_size / 1e6:.2f} MB")


def in_float16(path: Path) -> bytes:
    """A Keras archive whose weights are float16, packed. Keras reads them as float32."""
    import h5py
    import numpy as np

    rounded, packed = io.BytesIO(), io.BytesIO()
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
    members[WEIGHTS] = rounded.getvalue()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # without the time, so that bytes stay
    return packed.getvalue()


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("explore.keep_weights", __doc__)
    parser.add_argument("results", type=Path, metavar="DIR", help="results of the runs to keep")
    options = parser.parse_args(argv)
    return run_command(lambda: keep_weights(options.results))


if __name__ == "__main__":
    sys.exit(main())
