"""The SHA-256 of each file of a record, so that a changed byte is found: `sha256sum -c SHA256SUMS`.

Records are compared for years, and copied between machines. Reading a record checks its JSON files;
the weights, which are larger, are checked by the command above.
"""

import re
from pathlib import Path

from harness.errors import RunError
from harness.records.atomic_files import sha256, write_text

CHECKSUMS = "SHA256SUMS"
FILE = re.compile(
    r"(config|environment|data|history|metrics|outputs|predictions)\.json"
    r"|(best|model)\.keras|linear\.npz"
)
"""The names of the files that a record keeps."""
LINE = re.compile(rf"(?P<sha256>[0-9a-f]{{64}})  (?P<name>{FILE.pattern})")


def write_checksums(directory: Path) -> None:
    """Writes `SHA256SUMS` for the files of a complete record.

    Raises:
        RunError: it cannot be written.
    """
    files = sorted(path for path in directory.iterdir() if FILE.fullmatch(path.name))
    lines = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
    write_text(directory / CHECKSUMS, lines)


def read_checksums(directory: Path) -> dict[str, str] | None:
    """The SHA-256 of each file by its name; None for a record of the time before there were any.

    Raises:
        RunError: the file is damaged or unreadable.
    """
    path = directory / CHECKSUMS
    try:
        lines = path.read_bytes().decode("ascii").removesuffix("\n").split("\n")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: {getattr(error, 'strerror', None) or error}.") from error
    checksums = {}
    for number, line in enumerate(lines, start=1):
        if not (found := LINE.fullmatch(line)):
            raise RunError(f"{path}: line {number} is not a SHA-256 and a record's file.")
        checksums[found["name"]] = found["sha256"]
    return checksums
