"""Reads and writes the small files of records, tables and figures, completely or not at all.

Of the files of a record, `SHA256SUMS` keeps the SHA-256, so that a changed byte is found: records
are compared for years, and copied between machines. Reading a record checks its JSON files; the
weights, which are larger, are checked by `sha256sum -c SHA256SUMS`. A file that cannot be read or
is not what it should be is a `RunError`.
"""

import contextlib
import hashlib
import json
import os
import re
import tempfile
import tomllib
from pathlib import Path

from harness.errors import DivergedError, RunError, UnwritableError

CHECKSUMS = "SHA256SUMS"
FILE = re.compile(
    r"(config|environment|data|history|metrics|outputs|predictions)\.json"
    r"|(best|model)\.keras|linear\.npz|vocabulary\.txt"
)
"""The names of the files that a record keeps."""
LINE = re.compile(rf"(?P<sha256>[0-9a-f]{{64}})  (?P<name>{FILE.pattern})")


def write_json(path: Path, content: dict) -> None:
    """Writes `content` so that a reader sees the old file or the new one, never a part.

    Raises:
        UnwritableError: the file cannot be written.
        DivergedError: a number in it is NaN or infinite.
    """
    try:
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise DivergedError(f"{path}: {error}; a record holds finite numbers only.") from error
    write_text(path, text)


def write_text(path: Path, text: str) -> None:
    """Writes a text file (UTF-8, line feeds) as `write_bytes` does."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file that is visible under its name only when complete, even if the power fails.

    Raises:
        UnwritableError: the file cannot be written.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # root could replace /dev/null
        raise UnwritableError(f"cannot write {path}: what is there is no file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner can read
            os.replace(temporary, path)
            sync_folder(path.parent)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise UnwritableError(f"cannot write {path}: {error.strerror or error}.") from error


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on the disk, on systems that can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)  # not on Windows
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_bytes(path: Path) -> bytes:
    """The content of a file, or a RunError that says why it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: {error.strerror or error}.") from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal, or a RunError."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def read_json(path: Path, recorded: str | None = None) -> dict:
    """Reads a JSON file that must hold an object; its SHA-256, if `recorded`, must be this."""
    # Loaded here, because `--help` reads no file. It refuses lone surrogates, unlike `json`.
    from pydantic_core import from_json

    read = read_bytes(path)
    if recorded is not None and recorded != hashlib.sha256(read).hexdigest():
        raise RunError(f"{path}: changed since the run: its SHA-256 is not the recorded one.")
    try:
        content = from_json(read, allow_inf_nan=False)
        json.dumps(content, allow_nan=False)  # 1e400 was read as infinite
    except ValueError as error:
        raise RunError(f"{path}: not valid JSON ({error}).") from error
    if not isinstance(content, dict):
        raise RunError(f"{path}: expected a JSON object.")
    return content


def read_toml(path: Path) -> dict:
    """Reads a TOML file, or raises a RunError that says why it cannot."""
    try:
        return tomllib.loads(read_bytes(path).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not valid TOML ({error}).") from error


def write_checksums(folder: Path) -> None:
    """Writes `SHA256SUMS` for the files of a record. It is the last of them: they are complete."""
    files = sorted(path for path in folder.iterdir() if FILE.fullmatch(path.name))
    write_text(folder / CHECKSUMS, "".join(f"{sha256(path)}  {path.name}\n" for path in files))


def read_checksums(folder: Path) -> dict[str, str] | None:
    """The SHA-256 of each file by its name; None for an older record without any."""
    path = folder / CHECKSUMS
    if not os.path.lexists(path):
        return None
    checksums = {}
    lines = read_bytes(path).decode("ascii", "replace").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if not (found := LINE.fullmatch(line)):
            raise RunError(f"{path}: line {number} is not a SHA-256 and a record's file.")
        checksums[found["name"]] = found["sha256"]
    return checksums
