"""The file from which a killed run goes on: numbers, words and arrays, all of them or none.

It holds the SHA-256 of what follows, then NumPy arrays; the first of them is JSON. A reader parses
nothing that has changed since it was written.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RunError
from harness.records.atomic_files import write_bytes

if TYPE_CHECKING:
    import numpy as np

DIGEST = hashlib.sha256().digest_size


def write_checkpoint(path: Path, values: dict, arrays: "Sequence[np.ndarray]") -> None:
    """Replaces a checkpoint. If the process dies meanwhile, the earlier one stays.

    Args:
        path: the file.
        values: what JSON can hold.
        arrays: of any shapes and types but objects.

    Raises:
        UnwritableError: the file cannot be written, as on a full disk.
    """
    import numpy as np

    text = np.frombuffer(json.dumps(values).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, text, *arrays, allow_pickle=False)
    content = buffer.getvalue()
    write_bytes(path, hashlib.sha256(content).digest() + content)


def read_checkpoint(path: Path) -> "tuple[dict, list[np.ndarray]]":
    """The values and arrays of a checkpoint.

    Raises:
        RunError: the file cannot be read, or its content is not what was written.
    """
    import numpy as np

    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: {error.strerror or error}.") from error
    digest, content = content[:DIGEST], content[DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise RunError(f"{path} is damaged.")
    with np.load(io.BytesIO(content), allow_pickle=False) as parts:
        text, *arrays = (parts[name] for name in parts.files)  # in the order of writing
    return json.loads(bytes(text)), arrays
