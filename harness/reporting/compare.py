"""Two results beside each other: what differs, by how much, and their curves (`make compare`).

A and B are names of experiments, which are looked up among your own runs first and then in the
reference, or folders of records. Without B, your own runs of A are compared with the reference.

  python -m harness.reporting.compare imdb-lstm imdb-gru
  python -m harness.reporting.compare imdb-lstm --format markdown
"""

import argparse
import difflib
import glob
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import Parser, add_path, add_places, add_sources, run_command, warn_left_out
from harness.errors import RunError, few

if TYPE_CHECKING:
    from harness.reporting.comparison import Comparison
    from harness.reporting.groups import SeedGroup


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status, 1 where the two cannot be compared."""
    parser = Parser("harness.reporting.compare", __doc__)
    parser.add_argument("a", metavar="A", help="experiment or folder")
    parser.add_argument("b", metavar="B", nargs="?", help="experiment or folder")
    formats = ("text", "markdown", "json")
    parser.add_argument("--format", choices=formats, default="text", help="default: %(default)s")
    add_places(parser, "results")
    add_sources(parser, "reference")
    add_path(parser, "--plot", "plots/comparison.png", "file of the overlaid curves")
    arguments = parser.parse_args(argv)
    return run_command(lambda: compare(arguments))


def compare(arguments: argparse.Namespace) -> int:
    """Prints the comparison, draws the curves, and returns the exit status."""
    # slow to load, and `--help` needs none of them
    from harness.reporting import comparison
    from harness.reporting.figures.draw import plot_pair
    from harness.reporting.table import markdown, text
    from harness.reporting.tables import pair_blocks

    own, reference = [arguments.results_dir], [arguments.reference]
    if arguments.b:
        own = reference = own + reference
    first, left_out = find_group(arguments.a, own)
    second, more = find_group(arguments.b or first.first.label, reference)
    warn_left_out([*left_out, *more])
    if first.first.path == second.first.path:
        raise RunError(f"A and B are the same runs ({first.first.label}).")
    pair = comparison.compare(first, second)
    if pair.obstacle:
        raise RunError(f"A and B cannot be compared: {pair.obstacle}")
    if arguments.format == "json":
        print(as_json(pair))
    else:
        blocks = [f"A: {_side(first)}", f"B: {_side(second)}", *pair_blocks(pair)]
        print({"text": text, "markdown": markdown}[arguments.format](blocks))
    if pair.curves:
        plot_pair(pair.first, pair.second, arguments.plot)
        print(f"wrote {arguments.plot}", file=sys.stderr)
    return 0


def as_json(pair: "Comparison") -> str:
    """What differs, the numbers with the value of every run, and the mean curves."""
    content = {
        side: {"label": group.first.label, "title": group.title, "folder": _folder(group)}
        | {"seeds": [record.seed for record in group.records]}
        for side, group in (("first", pair.first), ("second", pair.second))
    }
    content["lower_is_better"] = pair.first.metric == "mae"
    content["numbers"] = [
        {"name": one.name, "first": one.first.values, "second": one.second.values}
        | {
            "difference": one.measured and one.measured.estimate.value,
            "interval": one.measured and one.measured.interval,
            "samples_interval": one.measured and one.measured.samples_interval,
            "superiority": one.measured and one.measured.superiority,
            "note": one.note,
        }
        for one in pair.numbers
    ]
    content["differences"] = [
        {"kind": one.kind, "name": one.name}
        | {"first": ", ".join(one.first), "second": ", ".join(one.second)}
        for one in pair.differences
    ]
    content["curves"] = [
        {"column": name, "first": first, "second": second}
        for name, (first, second) in pair.curves.items()
    ]
    return json.dumps(content, indent=1, ensure_ascii=False)


def _side(group: "SeedGroup") -> str:
    runs = f"{len(group.records)} run{'s' if len(group.records) > 1 else ''}"
    return f"{group.first.label} ({group.title}), {runs} in {_folder(group)}"


def _folder(group: "SeedGroup") -> str:
    """The results folder as seen from here, or absolute where that is shorter."""
    folder = group.first.path.parent.parent.resolve()
    return min(os.path.relpath(folder), str(folder), key=len)


def find_group(name: str, results_dirs: Sequence[Path]) -> "tuple[SeedGroup, list[str]]":
    """The runs that have this label (`imdb-gru+units-64`), or lie in this folder.

    The first of the folders that has finished runs of the label counts. Returns also one sentence
    for each run that was left out.
    """
    from harness.records.record import find_records
    from harness.reporting.groups import PUBLISHED, load_published, make_results, records_in

    records, left_out = [], []
    if name not in ("", "..") and Path(name).name == name:
        for results_dir in filter(Path.is_dir, results_dirs):
            records, more = find_records(results_dir, glob.escape(name))
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
    return group, [*left_out, *results.left_out]


if __name__ == "__main__":
    sys.exit(main())
