"""Two results beside each other: what differs, by how much, and their curves (`make compare`).

A and B are names of experiments, which are looked up among your own runs first and then in the
reference, or folders of records. Without B, your own runs of A are compared with the reference.

  python -m harness.reporting.compare imdb-lstm imdb-gru
  python -m harness.reporting.compare imdb-lstm
"""

import argparse
import difflib
import glob
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli import Parser, add_path, add_places, add_reference, run_command, warn_left_out
from harness.errors import RunError, few
from harness.records.record import find_records
from harness.reporting.comparison import NotCheckable, measure, refuse_unlike
from harness.reporting.conditions import differences
from harness.reporting.groups import (
    NUMBERS,
    ModelResults,
    SeedGroup,
    Study,
    load_results,
    make_results,
)
from harness.reporting.table import (
    FOUR,
    SIGNED,
    Blocks,
    Table,
    format_interval,
    format_percent,
    mean_and_sd,
    text,
)
from harness.reporting.tables import METRICS


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status, 1 where the two cannot be compared."""
    parser = Parser("harness.reporting.compare", __doc__)
    parser.add_argument("a", metavar="A", help="experiment or folder")
    parser.add_argument("b", metavar="B", nargs="?", help="experiment or folder")
    add_places(parser, "results")
    add_reference(parser)
    add_path(parser, "--plot", "plots/comparison.png", "file of the overlaid curves")
    arguments = parser.parse_args(argv)
    return run_command(lambda: compare(arguments))


def compare(arguments: argparse.Namespace) -> None:
    """Prints the comparison and draws the curves."""
    own, reference = [arguments.results_dir], [arguments.reference]
    if arguments.b:
        own = reference = own + reference
    first, left_out = find_group(arguments.a, own)
    second, more = find_group(arguments.b or first.first.label, reference)
    warn_left_out([*left_out, *more])
    if first.first.path == second.first.path:
        raise RunError(f"A and B are the same runs ({first.first.label}).")
    for group in (first, second):
        if isinstance(group, Study):
            raise RunError(f"{group.first.label} is a study, which has no validation value.")
    try:
        refuse_unlike((first, second))
    except NotCheckable as reason:
        raise RunError(f"A and B cannot be compared: {reason}.") from reason
    print(text(_blocks(first, second)))
    if first.first.history and second.first.history:
        from harness.reporting.figures.draw import plot_pair  # slow, and `--help` needs it not

        plot_pair(first, second, arguments.plot)
        print(f"wrote {arguments.plot}", file=sys.stderr)


def _blocks(first: ModelResults, second: ModelResults) -> Blocks:
    """The two sides, what differs, then the numbers and why some cannot be compared."""
    differing = [
        [one.kind, one.name, ", ".join(one.first), ", ".join(one.second)]
        for one in differences(first.records, second.records)
    ]
    rows, reasons = [], {}
    for name in NUMBERS:
        sides = [mean_and_sd(group.spread(NUMBERS[name]), FOUR) for group in (first, second)]
        compared, note = _difference(first, second, name)
        rows.append([name, *sides, *compared])
        reasons.setdefault(note, []).append(name)
    columns = ["A", "B", "A - B", "95 % over seeds", "95 % over test samples", "A is better"]
    better = "lower" if first.lower_is_better else "higher"
    return [
        *(
            f"{side}: {group.first.label} ({group.title}), {group.runs} in {_folder(group)}"
            for side, group in (("A", first), ("B", second))
        ),
        Table(["What differs", "", "A", "B"], differing or [["nothing", "", "", ""]], "llll"),
        f"{METRICS[first.metric]}; {better} is better:",
        Table(["Number", *columns], rows),
        *(f"{', '.join(names)}: {note}." for note, names in reasons.items() if note),
    ]


def _difference(first: ModelResults, second: ModelResults, name: str) -> tuple[list[str], str]:
    """The cells of a number's difference, and why there is none or no interval over seeds."""
    split = "validation" if "validation" in name else "test"
    trivial = [group.reference[split] for group in (first, second)]
    # the same predictor on the same samples gives the same number, but for rounding
    if not math.isclose(*trivial, rel_tol=1e-6):
        scores = " and ".join(map(FOUR, trivial))
        label = first.reference["label"]
        return [""] * 4, f"other {split} samples, on which {label} has {scores}"
    try:
        measured = measure([first, second], NUMBERS[name])
    except NotCheckable as reason:
        return [""] * 4, str(reason)
    why = measured.missing_seeds or "no two runs of either differ"
    pairs = len(first.records) * len(second.records)
    cells = [
        SIGNED(measured.estimate.value),
        format_interval(measured.interval, SIGNED),
        format_interval(measured.samples_interval, SIGNED),
        f"in {format_percent(measured.superiority)} of {pairs} pair{'s' if pairs > 1 else ''}",
    ]
    return cells, "" if measured.interval else f"no interval over seeds: {why}"


def _folder(group: SeedGroup) -> str:
    """The results folder as seen from here, or absolute where that is shorter."""
    folder = group.first.path.parent.parent.resolve()
    return min(os.path.relpath(folder), str(folder), key=len)


def find_group(name: str, results_dirs: Sequence[Path]) -> tuple[SeedGroup, list[str]]:
    """The runs that have this label (`imdb-gru+units-64`), or lie in this folder.

    The first of the folders that has finished runs of the label counts. Returns also one sentence
    for each run that was left out.
    """
    left_out: list[str] = []
    label = "" if name in ("", "..") or Path(name).name != name else glob.escape(name)
    for folder in filter(Path.is_dir, results_dirs if label else ()):
        records, more = find_records(folder, label)
        left_out += more
        if records:
            results = make_results(records, left_out=left_out)
            break
    else:
        if not (name and Path(name).is_dir()):
            raise RunError(_missing(name, results_dirs, left_out))
        results = load_results(Path(name))
    group, *others = [*results.rows, *results.studies]
    if others:
        names = few([one.name for one in (group, *others)])
        raise RunError(f"{name} holds the runs of several experiments ({names}); name one of them.")
    return group, results.left_out


def _missing(name: str, results_dirs: Sequence[Path], left_out: Sequence[str]) -> str:
    """What to do where there is no run of a name."""
    known = {path.parent.name for one in results_dirs for path in one.glob("*/seed-*")}
    close = difflib.get_close_matches(name, sorted(known), n=1)
    hint = f"did you mean {close[0]}?" if close else "run it first, or name a folder."
    where = " or ".join(map(str, results_dirs))
    sentence = f"{where} holds no finished run of {name}; {hint}"
    return f"{sentence} {few(left_out, ' ')}".strip()


if __name__ == "__main__":
    sys.exit(main())
