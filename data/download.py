"""Download a file; it appears under its name only when it is complete and verified."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from data.errors import DataError

ATTEMPTS = 3
TIMEOUT_SECONDS = 30

WAY_OUT = (
    "Try `make data` again, put the file into your data directory by hand, or use --sample "
    "(built-in sample data)."
)


def download(
    url: str,
    destination: Path,
    known_hash: str | None,
    verify: Callable[[Path], None] | None = None,
) -> None:
    """Fetch `url` to `destination`, with a progress bar and retries.

    The bytes arrive in a temporary folder beside the destination, are checked there, and are moved
    to their final name in one step; whatever goes wrong, the temporary folder is removed.

    Args:
        url: Address of the file.
        destination: Final path. Its folder is made if it does not exist.
        known_hash: "sha256:..." or "md5:...", or `None` where no hash was published.
        verify: Called with the temporary path; raises `DataError` to refuse the file.

    Raises:
        DataError: The file could not be fetched, verified or written.
    """
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=destination.parent) as folder:
            arrived = Path(folder) / destination.name
            _fetch(url, arrived, known_hash)
            if verify is not None:
                verify(arrived)
            os.replace(arrived, destination)
    except DataError as error:
        raise DataError(f"{destination.name} from {url}: {error} {WAY_OUT}") from error
    except OSError as error:
        raise DataError(
            f"{destination} cannot be written ({error.strerror or error}). "
            "Make the folder writable or name another with --data-dir."
        ) from error


def _fetch(url: str, path: Path, known_hash: str | None) -> None:
    """Fetch `url` to `path` with pooch; a `DataError` says in words why it did not work."""
    # Imported here, since they are needed only if a file is missing.
    import pooch
    import requests
    from tqdm import tqdm

    pooch.get_logger().setLevel("WARNING")
    fetcher = pooch.create(
        path=path.parent,
        base_url="",
        registry={path.name: known_hash},
        urls={path.name: url},
        retry_if_failed=ATTEMPTS - 1,
    )

    def download_once(address: str, target: str, client: pooch.Pooch) -> None:
        # Every attempt needs a new bar, since a closed one cannot be used again. Pooch sets the
        # true total, but only on a bar that is not empty.
        with tqdm(total=1, desc=path.name, unit="B", unit_scale=True, disable=None) as bar:
            fetch = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT_SECONDS)
            fetch(address, target, client)

    try:
        fetcher.fetch(path.name, downloader=download_once)
    except requests.HTTPError as error:
        status = f"{error.response.status_code} {error.response.reason}"
        raise DataError(f"the server answered {status}.") from error
    except requests.Timeout as error:
        raise DataError(f"no answer within {TIMEOUT_SECONDS} seconds.") from error
    except requests.RequestException as error:
        raise DataError(f"the connection failed or broke off ({_cause(error)}).") from error
    except ValueError as error:  # pooch's way to say that the hash differs
        raise DataError(
            f"what arrived is not the published file (expected {known_hash})."
        ) from error


def _cause(error: BaseException) -> str:
    """The innermost reason of a connection error, without the layers of wrapping around it."""
    while isinstance(error, Exception):
        inner = getattr(error, "reason", None) or next(
            (part for part in error.args if isinstance(part, Exception)), None
        )
        if not isinstance(inner, Exception):
            break
        error = inner
    return str(error).removesuffix(".")
