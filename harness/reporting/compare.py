"""Two results beside each other: what differs, by how much, and their curves (`make compare`).

A and B are names of experiments, which are looked up among your own runs first and then in the
reference, or folders of records. Without B, your own runs of A are compared with the reference.

  python -m harness.reporting.compare imdb-lstm imdb-gru
  python -m harness.reporting.compare imdb-lstm --format markdown
"""

import argparse
import difflib
import glob
import itertools
import json
import math
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.cli import Parser, add_path, add_places, add_sources, run_command, warn_left_out
from harness.errors import RunError, few
from harness.records.record import find_records
from harness.reporting.comparison import Measurement, NotCheckable, measure
from harness.reporting.conditions import Difference, data_hashes, differences, same_data
from harness.reporting.figures.draw import plot_pair
from harness.reporting.groups import (
    NUMBERS,
    PUBLISHED,
    ModelResults,
    SeedGroup,
    Study,
    load_published,
    make_results,
    records_in,
)
from harness.reporting.table import (
    FOUR,
    SIGNED,
    Blocks,
    Table,
    format_interval,
    format_percent,
    markdown,
    mean_and_sd,
    text,
)
from harness.reporting.tables import METRICS


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
    if obstacle := _obstacle(first, second):
        raise RunError(f"A and B cannot be compared: {obstacle}")
    pair = Pair(first, second)
    if arguments.format == "json":
        print(as_json(pair))
    else:
        sides = [
            f"{side}: {one.first.label} ({one.title}), {one.runs} in {_folder(one)}"
            for side, one in (("A", first), ("B", second))
        ]
        print({"text": text, "markdown": markdown}[arguments.format]([*sides, *_blocks(pair)]))
    if pair.curves:
        plot_pair(first, second, arguments.plot)
        print(f"wrote {arguments.plot}", file=sys.stderr)


def _obstacle(first: SeedGroup, second: SeedGroup) -> str:
    """Why no number of the two can be compared."""
    groups = (first, second)
    for group in groups:
        if isinstance(group, Study):
            return f"{group.first.label} is a study, which has no validation and no test value."
    if first.sample != second.sample:
        return "one ran on sample data and the other on real data."
    a, b = (f"{group.metric} on {group.dataset}" for group in groups)
    if a != b:
        return f"{first.first.label} measures {a}, and {second.first.label} measures {b}."
    if not same_data(first.first, second.first):
        copies = (", ".join(one[:8] for one in data_hashes(group.first)) for group in groups)
        return f"they ran on different copies of the data (SHA-256 {' and '.join(copies)})."
    return ""


@dataclass(frozen=True)
class Pair:
    """Two groups of runs that can be compared."""

    first: ModelResults
    second: ModelResults

    @property
    def differences(self) -> list[Difference]:
        """In what the runs differ that can change a number."""
        return differences(self.first.records, self.second.records)

    @cached_property
    def numbers(self) -> dict[str, tuple[Measurement | None, str]]:
        """Each number's difference, or why there is none or no interval over seeds."""
        return {name: self._number(name) for name in NUMBERS}

    def _number(self, name: str) -> tuple[Measurement | None, str]:
        split = "validation" if "validation" in name else "test"
        trivial = [group.reference[split] for group in (self.first, self.second)]
        # the same predictor on the same samples gives the same number, but for rounding
        if not math.isclose(*trivial, rel_tol=1e-6):
            scores = " and ".join(map(FOUR, trivial))
            label = self.first.reference["label"]
            return None, f"other {split} samples, on which {label} has {scores}"
        try:
            measured = measure([self.first, self.second], NUMBERS[name])
        except NotCheckable as reason:
            return None, str(reason)
        if measured.interval:
            return measured, ""
        why = measured.missing_seeds or "no two runs of either differ"
        return measured, f"no interval over seeds: {why}"

    @property
    def curves(self) -> dict[str, list[list[float]]]:
        """The metric and the loss, training and validation, where both groups have them.

        By Keras's name: of each group the mean over the runs that got so far, one value an epoch.
        """
        metric = self.first.metric
        pairs = {
            name: [_mean_curve(group, name) for group in (self.first, self.second)]
            for name in (f"val_{metric}", metric, "val_loss", "loss")
        }
        return {name: pair for name, pair in pairs.items() if all(pair)}


def _mean_curve(group: ModelResults, column: str) -> list[float]:
    epochs = itertools.zip_longest(*(record.history.get(column, ()) for record in group.records))
    return [statistics.fmean(v for v in values if v is not None) for values in epochs]


def _blocks(pair: Pair) -> Blocks:
    """What differs, then the numbers and why some cannot be compared."""
    found = [
        {"What differs": one.kind, "": one.name}
        | {"A": ", ".join(one.first), "B": ", ".join(one.second)}
        for one in pair.differences
    ] or [{"What differs": "nothing", "": "", "A": "", "B": ""}]
    pairs = len(pair.first.records) * len(pair.second.records)
    rows, reasons = [], {}
    for name, (measured, note) in pair.numbers.items():
        reasons.setdefault(note, []).append(name)
        difference, seeds, samples, often = "", "", "", ""
        if measured:
            difference = SIGNED(measured.estimate.value)
            seeds = format_interval(measured.interval, SIGNED)
            samples = format_interval(measured.samples_interval, SIGNED)
            share = format_percent(measured.superiority)
            often = f"in {share} of {pairs} pair{'s' if pairs > 1 else ''}"
        rows.append(
            {
                "Number": name,
                "A": mean_and_sd(pair.first.spread(NUMBERS[name]), FOUR),
                "B": mean_and_sd(pair.second.spread(NUMBERS[name]), FOUR),
                "A - B": difference,
                "95 % over seeds": seeds,
                "95 % over test samples": samples,
                "A is better": often,
            }
        )
    better = "lower" if pair.first.lower_is_better else "higher"
    heading = f"{METRICS[pair.first.metric]}; {better} is better:"
    notes = [f"{', '.join(names)}: {note}." for note, names in reasons.items() if note]
    return [Table.of(found, set(found[0])), heading, Table.of(rows), *notes]


def as_json(pair: Pair) -> str:
    """What differs, the numbers with the value of every run, and the mean curves."""
    sides = {"first": pair.first, "second": pair.second}
    content = {
        side: {"label": group.first.label, "title": group.title, "folder": _folder(group)}
        | {"seeds": [record.seed for record in group.records]}
        for side, group in sides.items()
    }
    content["lower_is_better"] = pair.first.lower_is_better
    content["numbers"] = [
        {"name": name}
        | {side: group.spread(NUMBERS[name]).values for side, group in sides.items()}
        | {
            "difference": measured and measured.estimate.value,
            "interval": measured and measured.interval,
            "samples_interval": measured and measured.samples_interval,
            "superiority": measured and measured.superiority,
            "note": note,
        }
        for name, (measured, note) in pair.numbers.items()
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


def _folder(group: SeedGroup) -> str:
    """The results folder as seen from here, or absolute where that is shorter."""
    folder = group.first.path.parent.parent.resolve()
    return min(os.path.relpath(folder), str(folder), key=len)


def find_group(name: str, results_dirs: Sequence[Path]) -> tuple[SeedGroup, list[str]]:
    """The runs that have this label (`imdb-gru+units-64`), or lie in this folder.

    The first of the folders that has finished runs of the label counts. Returns also one sentence
    for each run that was left out.
    """
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
