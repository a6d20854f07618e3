"""Keeps the directory of a run to one process."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock


class Lock:
    """The lock on one record: a file beside it, which the system releases if the process dies.

    Args:
        directory: where the finished record stands or will stand.
    """

    def __init__(self, directory: Path):
        self.path = directory.with_name(f".{directory.name}.lock")
        self._lock: FileLock | None = None
        self._file: os.stat_result | None = None  # of the lock's file when it was acquired

    def acquire(self) -> bool:
        """Whether this process has the lock now, and not another one.

        Raises:
            OSError: the lock's file cannot be written.
        """
        from filelock import FileLock, Timeout  # slow to load, and `--help` begins no run

        self._lock = FileLock(self.path)
        try:
            self._lock.acquire(blocking=False)
            self._file = self.path.stat()
        except (Timeout, FileNotFoundError):  # the other process has just removed its file
            self._lock.release()
            return False
        return True

    @property
    def is_held(self) -> bool:
        """False as soon as somebody has removed the file, be another one in its place or not."""
        try:
            return os.path.samestat(self.path.stat(), self._file)
        except OSError:
            return False

    def release(self) -> None:
        """Lets others in, and removes the file if it is still this lock's."""
        if self.is_held:
            with contextlib.suppress(PermissionError):  # Windows removes no file that is open
                self.path.unlink(missing_ok=True)
        self._lock.release()
