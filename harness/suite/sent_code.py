"""The code of this checkout as bytes, for machines that do not have it."""

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle

import data
import harness
from harness.training.machine import CODE, CODE_VERSION, REPOSITORY, code_files, code_version

KINDS = (".py", ".c", ".toml", ".txt")  # suffixes of the files that runs need

# What a worker calls must not be looked up in a package that the worker does not have.
for package in (data, harness):
    cloudpickle.register_pickle_by_value(package)


class ByValue:
    """A function of this project that arrives as itself where only Dask is installed.

    Dask pickles functions by their names, and so does the scheduler. This one is pickled with its
    code, and becomes the plain function when it is read.
    """

    def __init__(self, function: Callable[..., Any]):
        self._content = cloudpickle.dumps(function)

    def __reduce__(self) -> tuple:
        return pickle.loads, (self._content,)

    def __call__(self, *arguments: Any) -> Any:
        """Calls the function; Dask sends only what can be called."""
        return pickle.loads(self._content)(*arguments)


def packed_code() -> bytes:
    """A zip archive of what runs need, and of the commit for their records.

    Changes that are not committed are in it, too.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in code_files(CODE, KINDS):
            name = path.relative_to(REPOSITORY).as_posix()
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())
        archive.writestr(zipfile.ZipInfo(CODE_VERSION), json.dumps(code_version()))
    return content.getvalue()


def unpack_code(content: bytes, folder: Path) -> Path:
    """Unpacks the code below a folder, unless it is there already.

    Returns:
        The root of the code, in which `python -m` finds it.
    """
    root = folder / f"code-{hashlib.sha256(content).hexdigest()[:16]}"
    if not root.exists():
        unfinished = root.with_suffix(".unfinished")
        zipfile.ZipFile(io.BytesIO(content)).extractall(unfinished)
        unfinished.rename(root)
    return root
