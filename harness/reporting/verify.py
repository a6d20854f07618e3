"""Somebody's records beside the reference: do they lie where it does? (`make verify`)

RECORDS is a folder of records: of many experiments, of one, or of one run. Each experiment is
judged by its best validation, its last validation and its training loss at every epoch.

  python -m harness.reporting.verify results

The exit status is 0 if every network and baseline lies where the reference does. It is 1 if one
does not or cannot be judged, or if a record is unfinished or damaged. Studies are not judged.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import Parser, add_sources, run_command
from harness.errors import RunError, few

if TYPE_CHECKING:
    from harness.reporting.reproduction import Verification


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("harness.reporting.verify", __doc__)
    parser.add_argument("records", type=Path, metavar="RECORDS", help="folder of records")
    add_sources(parser, "reference")
    arguments = parser.parse_args(argv)
    return run_command(lambda: verify_folder(arguments.records, arguments.reference))


def verify_folder(folder: Path, reference_dir: Path) -> int:
    """Prints a verdict for each experiment; returns the exit status."""
    # slow to load, and `--help` needs none of them
    from harness.reporting.groups import (
        PUBLISHED,
        load_published,
        load_results,
        make_results,
        records_in,
    )
    from harness.reporting.reproduction import verify

    records, left_out = records_in(folder)
    if sample := [record.place for record in records if record.sample]:
        raise RunError(f"{folder}: runs on sample data have no reference ({few(sample)}).")
    published = load_published(PUBLISHED)
    theirs = make_results(records, published)
    left_out += theirs.left_out
    if not theirs.rows:
        reasons = ["holds no finished run of a network or a baseline.", *left_out]
        raise RunError(f"{folder} {few(reasons, ' ')}")
    reference, _ = load_results(reference_dir, published)
    judged = verify(theirs.rows, reference.rows)
    for one in judged:
        print("\n".join(_lines(one)))
    if theirs.studies:
        print(f"not judged, as studies: {', '.join(study.name for study in theirs.studies)}")
    if left_out:
        print("no sound record:", few(left_out, "\n  "))
    passed = sum(one.passed for one in judged)
    print(f"{passed} of {len(judged)} experiments lie where the reference does.")
    return 0 if passed == len(judged) and not left_out else 1


def _lines(one: "Verification") -> list[str]:
    """The verdict on an experiment, then each number with the interval that decides."""
    runs = len(one.pair.first.records)
    word = "lies" if one.passed else "DOES NOT LIE"
    verdict = f"{word} where the reference does"
    if one.obstacle:
        verdict = f"not judged: {one.obstacle}"
    lines = [f"{one.pair.first.name}, {runs} run{'s' if runs > 1 else ''}: {verdict}"]
    for number in one.numbers:
        if "epoch" not in number.name or number.place != "inside":
            ends = f"expected {number.low:.4f} to {number.high:.4f}"
            lines.append(f"  {number.name} {number.theirs:.4f}, {ends}: {number.place}")
    if one.numbers:
        inside = sum(number.place == "inside" for number in one.numbers)
        lines.append(f"  {inside} of {len(one.numbers)} numbers inside")
    if differing := ", ".join(difference.text for difference in one.pair.differences):
        lines.append(f"  differs: {differing}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
