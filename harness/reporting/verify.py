"""Somebody's records beside the reference: do they agree with it? (`make verify`)

RECORDS is a folder of records: of many experiments, of one, or of one run. Each experiment is
judged by its best validation, its last validation and its training loss at every epoch.

  python -m harness.reporting.verify results

The exit status is 0 if every network and baseline agrees with the reference. It is 1 if one differs
or cannot be judged, or if a record is unfinished or damaged. Studies are not judged.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.cli import Parser, add_reference, run_command
from harness.errors import RunError, few
from harness.reporting.conditions import differences
from harness.reporting.groups import ModelResults, load_results
from harness.reporting.own_runs import Beside, beside_reference
from harness.reporting.reproduction import CURVES, as_runs, common_names, half_widths, value_of
from harness.reporting.statistics import SEEDS_NEEDED

HONEST = 0.99  # share of folders of honest records that pass
WITHOUT_CHANCE = 1e-4  # how far such baselines may lie apart: processors add in other orders


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("harness.reporting.verify", __doc__)
    parser.add_argument("records", type=Path, metavar="RECORDS", help="folder of records")
    add_reference(parser)
    arguments = parser.parse_args(argv)
    return run_command(lambda: verify_folder(arguments.records, arguments.reference))


def verify_folder(folder: Path, reference_dir: Path) -> int:
    """Prints a verdict for each experiment; returns the exit status."""
    theirs = load_results(folder)
    if sample := [record.place for record in theirs.records if record.sample]:
        raise RunError(f"{folder}: runs on sample data have no reference ({few(sample)}).")
    if not theirs.rows:
        reasons = ["holds no finished run of a network or a baseline.", *theirs.left_out]
        raise RunError(f"{folder} {few(reasons, ' ')}")
    judged = verify(theirs.rows, load_results(reference_dir).rows)
    for one in judged:
        print("\n".join(one.lines))
    if theirs.studies:
        print(f"not judged, as studies: {', '.join(study.name for study in theirs.studies)}")
    if theirs.left_out:
        print("no sound record:", few(theirs.left_out, "\n  "))
    passed = sum(one.passed for one in judged)
    print(f"{passed} of {len(judged)} experiments agree with the reference.")
    return 0 if passed == len(judged) and not theirs.left_out else 1


class Expected(NamedTuple):
    """A number of somebody's runs, the geometric mean of their errors, and where it should lie."""

    name: str
    theirs: float
    low: float
    high: float

    @property
    def place(self) -> str:
        """`below`, `above` or `inside`."""
        if self.low <= self.theirs <= self.high:
            return "inside"
        return "below" if self.theirs < self.low else "above"


@dataclass(frozen=True)
class Verification:
    """Somebody's runs of one experiment beside the reference."""

    pair: Beside
    obstacle: str  # why they cannot be judged; empty if they can
    numbers: Sequence[Expected] = ()  # best and last validation, and the loss of each epoch

    @property
    def passed(self) -> bool:
        """Whether the runs agree with the reference."""
        return not self.obstacle and all(one.place == "inside" for one in self.numbers)

    @property
    def lines(self) -> list[str]:
        """The verdict, then each number with the interval that decides."""
        verdict = f"{'agrees with' if self.passed else 'DIFFERS from'} the reference"
        if self.obstacle:
            verdict = f"not judged: {self.obstacle}"
        lines = [f"{self.pair.own.name}, {self.pair.own.runs}: {verdict}"]
        for number in self.numbers:
            if "epoch" not in number.name or number.place != "inside":
                ends = f"expected {number.low:.4f} to {number.high:.4f}"
                lines.append(f"  {number.name} {number.theirs:.4f}, {ends}: {number.place}")
        if self.numbers:
            inside = sum(number.place == "inside" for number in self.numbers)
            lines.append(f"  {inside} of {len(self.numbers)} numbers inside")
        return lines + [f"  differs: {self.pair.differing}"] * bool(self.pair.differing)


def verify(rows: Sequence[ModelResults], reference: Sequence[ModelResults]) -> list[Verification]:
    """Judges somebody's networks and baselines by the reference's.

    Judged are the means over the runs, two-sided: training too well is suspicious too. The level is
    chosen so that 99 of 100 honest folders pass (Bonferroni over experiments), if runs are normal
    around their mean. Validation has longer tails than that. When the rule was made, the
    reference's own runs were judged, each by those of the other seeds: 2 of 175 failed alone (1 %),
    and none in a folder of 12 or of 35 experiments. Five seeds cannot bound another run closely.
    Runs by today's RMSprop that claim to be by that of 2.0.8 are all noticed in the LSTM and the
    GRU, and none in the SimpleRNN, whose own runs lie far apart.
    """
    pairs = [beside_reference(row, reference) for row in rows]
    obstacles = list(map(_obstacle, pairs))
    judged = zip(pairs, obstacles, strict=True)
    random = sum(bool(pair.own.first.history) for pair, obstacle in judged if not obstacle)
    level = (1 - HONEST) / max(random, 1)
    return [
        Verification(pair, obstacle, () if obstacle else _expected(pair, level))
        for pair, obstacle in zip(pairs, obstacles, strict=True)
    ]


def _obstacle(pair: Beside) -> str:
    """Why the runs cannot be judged."""
    if pair.obstacle:
        return pair.obstacle
    for one in differences(pair.own.records, pair.reference.records):
        named = one.name in (*pair.own.first.config["protocol"], "metric")
        if one.is_new and one.kind == "settings" and named:
            return f"other protocol: {one.text}"
    n = len(pair.reference.records)
    if pair.own.first.history and n < SEEDS_NEEDED:
        return f"an interval needs {SEEDS_NEEDED} seeds, and the reference has {n}"
    return ""


def _expected(pair: Beside, level: float) -> list[Expected]:
    """Each number beside the interval in which it must lie."""
    own, ours = pair.own.records, pair.reference.records
    # validation curves jump: with them, fewer than 99 of 100 honest folders would pass
    names = [
        name
        for name in common_names([*ours, *own])
        if CURVES["loss"] in name or "at epoch" not in name
    ]
    runs = as_runs(ours, names)
    theirs, mean = np.mean(as_runs(own, names), 0), np.mean(runs, 0)
    if pair.own.first.history:
        away = half_widths(runs, level, len(own))
    else:
        away = WITHOUT_CHANCE * np.exp(-mean)  # of a logarithm
    numbers = []
    for name, *logs in zip(names, theirs, mean - away, mean + away, strict=True):
        value, *ends = (value_of(name, log) for log in logs)
        numbers.append(Expected(name, value, *sorted(ends)))
    return numbers


if __name__ == "__main__":
    sys.exit(main())
