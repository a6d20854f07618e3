"""`make data`: downloads the missing data files, or rebuilds those of IMDB."""

import argparse
import os
import sys
from pathlib import Path

from data import files
from data.errors import DataError, escaped
from data.files import DATA_DIR_VARIABLE, IMDB, IMDB_WORD_INDEX, OWN_REVIEWS, STANFORD_REVIEWS

# The IMDB modules load NumPy. They are imported where they are needed, so that `--help` is fast.


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status, 0 if every file is there or was rebuilt and proved."""
    parser = argparse.ArgumentParser(
        prog="python -m data",
        description="Download the missing data files, and list all of them.",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        help="directory searched first, and the destination of new files; made if missing "
        f"(default: ${DATA_DIR_VARIABLE}, else data/downloads)",
    )
    parser.add_argument(
        "--from-reviews",
        action="store_true",
        help=f"instead rebuild {IMDB} and {IMDB_WORD_INDEX}, where they are missing, from the "
        "reviews as text, and prove that they have the published content; the reviews are "
        f"{STANFORD_REVIEWS} from Stanford (80 MB, downloaded if missing) or {OWN_REVIEWS}",
    )
    options = parser.parse_args(arguments)
    chosen = options.data_dir or os.environ.get(DATA_DIR_VARIABLE)
    try:
        if chosen:
            os.makedirs(os.path.expanduser(chosen), exist_ok=True)
        files.destination(options.data_dir)
        if not options.from_reviews:
            return _fetch(options.data_dir)
        from data.imdb_rebuild import rebuild_imdb

        for line in rebuild_imdb(options.data_dir):
            print(line, flush=True)
        return 0
    except (DataError, OSError) as error:  # the latter where a file or folder cannot be made
        return _fail(error)
    except MemoryError:
        return _fail("a data file needs more memory than there is.")
    except KeyboardInterrupt:
        _fail("interrupted; the same command goes on.")
        return 130  # as every command after Ctrl-C


def _fail(problem: object) -> int:
    print(f"error: {escaped(str(problem))}", file=sys.stderr)
    return 1


def _fetch(data_dir: Path | None) -> int:
    """Downloads and lists every file, even if others fail. Returns the exit status."""
    failed = []
    for name in files.NAMES:
        try:
            print(_summary(files.locate(name, data_dir)))
        except DataError as error:
            _fail(error)
            failed.append(name)
    if IMDB in failed:
        print(f'{IMDB} can also be rebuilt: make data ARGS="--from-reviews".', file=sys.stderr)
    return 1 if failed else 0


def _summary(file: files.DataFile) -> str:
    """Two lines about a file."""
    status = {
        True: "the published file",
        False: "NOT the published file: its hash differs",
        None: "no hash of it was published",
    }[file.published]
    if file.name == IMDB and not file.published:
        from data.imdb import has_published_content

        if has_published_content(file.path):
            status = "the published content (another archive: its bytes differ)"
    return f"{file.name}  {file.bytes / 1e6:.1f} MB  {status}\n    {file.path}"


if __name__ == "__main__":
    sys.exit(main())
