"""Reads members of a zip archive within bounds: a small archive can unpack to more than memory."""

import contextlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from data.errors import DataError, quoted, shown

# zipfile reads the list of members in one piece; that of a data file has a few hundred bytes.
_MOST_AT_ONCE = 2**20
_CHUNK = 2**16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without a bound


class _BoundedFile(io.FileIO):
    def read(self, size: int = -1) -> bytes:
        if size > _MOST_AT_ONCE:
            raise zipfile.BadZipFile(f"a list of members of {size:,} bytes")
        return super().read(size)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive. Errors in it are `DataError`s; the caller adds the path."""
    try:
        with _BoundedFile(path) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except (DataError, MemoryError):
        raise
    except OSError as error:
        raise DataError(f"the file cannot be read ({shown(error.strerror or error)}).") from error
    except Exception as error:  # damaged bytes can make zipfile fail in nearly any way
        raise DataError(
            f"the file is cut off, damaged or not a zip archive ({shown(error)})."
        ) from error


def own_members(archive: zipfile.ZipFile) -> list[str]:
    """Names in an archive, without the folder that macOS adds (the published Jena file has it)."""
    return [name for name in archive.namelist() if not name.startswith("__MACOSX/")]


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Read one member, whatever size the archive claims for it.

    Raises:
        DataError: It is missing, encrypted, packed by a rare method, or longer than `most` bytes.
    """
    try:
        entry = archive.getinfo(name)
    except KeyError:
        held = quoted(own_members(archive)) or "nothing"
        raise DataError(f"member {name} is missing (the archive holds: {held}).") from None
    if entry.flag_bits & 1:
        raise DataError(f"member '{shown(name)}' is encrypted.")
    if entry.compress_type not in _METHODS:
        raise DataError(f"member '{shown(name)}' is packed by another method than deflate.")
    content = bytearray()
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            content += chunk
            if len(content) > most:
                raise DataError(f"member '{shown(name)}' unpacks to more than {most:,} bytes.")
    return bytes(content)
