"""Read an npz archive with pickled arrays, without running code that it may hold."""

import io
import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from data.errors import DataError

# The function that NumPy's pickles call to make an array; it has no public name.
_reconstruct = np.empty(0).__reduce__()[0]

# All that a pickled object array needs. Old files say `numpy.core`, those of NumPy 2 `numpy._core`.
_ALLOWED_GLOBALS = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
}
_MOST_BYTES = 2**29  # an IMDB member has 14 MB; a "zip bomb" would fill the memory


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds arrays of lists and numbers, and refuses every other name in the pickle."""

    def find_class(self, module: str, name: str) -> object:
        try:
            return _ALLOWED_GLOBALS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it wants to run {module}.{name}, which no data file needs; it was not run"
            ) from None


def read_npz(path: Path, members: Iterable[str]) -> dict[str, np.ndarray]:
    """Read the named arrays of an npz archive.

    Args:
        path: The archive.
        members: Names of the arrays, without `.npy`.

    Returns:
        The arrays by name.

    Raises:
        DataError: The archive is damaged, lacks a member, or a member holds anything but an array
            of numbers or lists. The message names the member; the caller adds the path.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _read_member(archive, name) for name in members}
    except zipfile.BadZipFile as error:
        raise DataError(f"the file is truncated or not an npz archive ({error}).") from error
    except OSError as error:
        raise DataError(f"the file cannot be read ({error.strerror or error}).") from error


def _read_member(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        held = ", ".join(archive.namelist()) or "nothing"
        raise DataError(f"member {name} is missing (the archive holds: {held}).") from None
    if entry.file_size > _MOST_BYTES:
        raise DataError(f"member {name} claims {entry.file_size:,} bytes, far too many.")
    try:
        array = _read_array(io.BytesIO(archive.read(entry)))
    except pickle.UnpicklingError as error:
        raise DataError(f"member {name} was refused: {error}.") from error
    except Exception as error:  # damaged bytes can make the readers fail in nearly any way
        raise DataError(f"member {name} is damaged ({error}).") from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"member {name} holds a {type(array).__name__} instead of an array.")
    return array


def _read_array(stream: io.BytesIO) -> object:
    """Read one `.npy` stream; only object arrays, which NumPy can only pickle, are unpickled."""
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"npy format version {version} instead of (1, 0)")
    _, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject:
        return _ArrayUnpickler(stream, encoding="latin1").load()
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)
