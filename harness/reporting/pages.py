"""Rebuilds the results tables from the run records, without training (`make tables`).

They are RESULTS.md (to be read), summary.csv (one line a network or baseline) and claims.csv (one
line a claim), in the results folder. The same records, published numbers and claims give the same
bytes.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli import Parser, add_places, add_sources, print_written, run_command
from harness.errors import RunError
from harness.records.files import write_text


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = Parser("harness.reporting.pages", __doc__)
    add_places(parser, "results")
    add_sources(parser, "published", "claims")
    parser.add_argument(
        "--pages",
        type=Path,
        nargs="+",
        default=(),
        metavar="FILE",
        help="also replace the tables in these files, between lines such as "
        "<!-- results:start --> and <!-- results:end -->",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="show the runs beside those of this folder, instead of all claims and explanations",
    )
    arguments = parser.parse_args(argv)
    return run_command(lambda: print_written(*write_tables(**vars(arguments))))


def write_tables(
    results_dir: Path,
    published: Path,
    claims: Path,
    pages: Sequence[Path] = (),
    reference: Path | None = None,
) -> tuple[list[Path], list[str]]:
    """Rebuilds the tables in `results_dir`, and the parts of pages such as the README.

    With `reference`, the runs are shown beside the records of that folder. Returns the files
    written, and one sentence for each run that was left out because it is unfinished or damaged.
    """
    # slow to load, and `--help` needs none of them
    from harness.reporting.claims import load_claims
    from harness.reporting.groups import load_published, load_results
    from harness.reporting.own_runs import own_markdown
    from harness.reporting.results_page import make_tables, summary_csv

    numbers = load_published(published)
    statements = [] if reference else load_claims(claims, numbers.experiments)
    results, left_out = load_results(results_dir, numbers)
    if reference:
        files = {"RESULTS.md": own_markdown(results, numbers, results_dir, reference)}
        files |= {"summary.csv": summary_csv(results.rows)} if results.rows else {}
        parts = {}
    else:
        files, parts = make_tables(results, numbers, statements)
    outputs = {results_dir / name: text for name, text in files.items()}
    outputs |= {page: replace_between_markers(page, parts) for page in pages}
    for path, text in outputs.items():
        write_text(path, text)
    return list(outputs), left_out


def markers(part: str) -> tuple[str, str]:
    """The lines of a page between which a part is put: its start and its end."""
    return f"<!-- {part}:start -->", f"<!-- {part}:end -->"


def replace_between_markers(path: Path, parts: dict[str, str]) -> str:
    """A page with new Markdown for its parts.

    They stand between `<!-- <part>:start -->` and `<!-- <part>:end -->`. The page must hold at
    least one, with both markers once and in order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}.") from error
    shown = [part for part in parts if any(marker in text for marker in markers(part))]
    if not shown:
        wanted = " and ".join(markers(next(iter(parts))))
        raise RunError(f"{path}: expected lines such as {wanted}; tables go between them.")
    for part in shown:
        start, end = markers(part)
        before, found_start, rest = text.partition(start)
        _, found_end, after = rest.partition(end)
        if not (found_start and found_end) or start in rest or end in before + after:
            raise RunError(
                f"{path}: expected the lines {start} and {end}, each once and in this order; "
                "tables go between them."
            )
        text = f"{before}{start}\n\n{parts[part]}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    sys.exit(main())
