"""Reads and writes the small files of records, tables and figures, completely or not at all."""

import contextlib
import hashlib
import json
import os
import tempfile
import tomllib
from pathlib import Path

from harness.errors import DivergedError, RunError, UnwritableError


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


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal.

    Raises:
        RunError: the file is missing or unreadable.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RunError(f"{path}: {error.strerror or error}.") from error


def read_json(path: Path, recorded: str | None = None) -> dict:
    """Reads a JSON file that must hold an object.

    Args:
        path: the file.
        recorded: what its SHA-256 must be, in hexadecimal.

    Raises:
        RunError: the file is missing, unreadable, changed, not JSON or not an object.
    """
    # Loaded here, because `--help` reads no file. It refuses lone surrogates, unlike `json`.
    from pydantic_core import from_json

    try:
        read = path.read_bytes()
        if recorded is not None and recorded != hashlib.sha256(read).hexdigest():
            raise RunError(f"{path}: changed since the run: its SHA-256 is not the recorded one.")
        content = from_json(read, allow_inf_nan=False)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise RunError(f"{path}: not valid JSON ({error}).") from error
    if not isinstance(content, dict):
        raise RunError(f"{path}: expected a JSON object.")
    return content


def read_toml(path: Path) -> dict:
    """Reads a TOML file.

    Raises:
        RunError: the file is missing, unreadable or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise RunError(f"{path}: not valid TOML ({error}).") from error
