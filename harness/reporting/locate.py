"""The records that a command line names: an experiment, or a folder of records."""

import difflib
import glob
from collections.abc import Sequence
from pathlib import Path

from harness.errors import RunError, few
from harness.records.record import Record, load_record
from harness.reporting.alike import find_alike
from harness.reporting.analysis.published import PUBLISHED, load_published
from harness.reporting.analysis.results import SeedGroup, make_results


def records_in(folder: Path) -> tuple[list[Record], list[str]]:
    """The records of a results folder, of one experiment's folder or of one run's.

    Returns:
        The records, and one sentence for each run that was left out.

    Raises:
        RunError: there is no such folder, or the one run's record is damaged.
    """
    if not folder.is_dir():
        raise RunError(f"there is no folder {folder}.")
    path = folder.resolve()
    if (path / "config.json").exists():
        return [load_record(path)], []
    if any(path.glob("seed-*")):
        return find_alike(path.parent, glob.escape(path.name))
    return find_alike(path)


def find_group(name: str, results_dirs: Sequence[Path]) -> tuple[SeedGroup, list[str]]:
    """The runs that differ in their seed only and have this name.

    Args:
        name: label of an experiment, such as `imdb-lstm+optimizer-rmsprop`, or a folder.
        results_dirs: folders of records; the first that has finished runs of the label counts.

    Returns:
        The runs, and one sentence for each run that was left out.

    Raises:
        RunError: there are none, or the folder holds runs of several experiments.
    """
    records, left_out = [], []
    if name not in ("", "..") and Path(name).name == name:
        for results_dir in filter(Path.is_dir, results_dirs):
            records, more = find_alike(results_dir, glob.escape(name))
            left_out += more
            if records:
                break
    if not records and Path(name).is_dir():
        records, left_out = records_in(Path(name))
    if not records:
        known = {path.parent.name for one in results_dirs for path in one.glob("*/seed-*")}
        close = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"did you mean {close[0]}?" if close else "run it first, or name a folder."
        where = " or ".join(map(str, results_dirs))
        sentence = f"{where} holds no finished run of {name}; {hint}"
        raise RunError(f"{sentence} {few(left_out, ' ')}".strip())
    results = make_results(records, load_published(PUBLISHED))
    group, *others = [*results.rows, *results.studies]
    if others:
        names = few([one.name for one in (group, *others)])
        raise RunError(f"{name} holds the runs of several experiments ({names}); name one of them.")
    return group, left_out
