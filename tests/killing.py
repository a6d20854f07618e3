"""Child processes that die at the n-th change of a file, as when the power fails just then."""

import os
import signal
import stat
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

DIED = 77  # exit status of a child that died as it was told to
EVENTS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def child(
    task: Callable[[], object], folder: Path, die_at: int | None = None
) -> tuple[int, int, str]:
    """Runs a task in a forked process.

    Args:
        task: what the process does; it ends with status 0 when the task is done.
        folder: changes of files below it are counted.
        die_at: number of the change before which the process dies, from 0; None lets it live. A
            file that was about to be synchronised loses the second half of its content.

    Returns:
        Its exit status, the number of changes that it began, and what it printed.
    """
    reader, writer = os.pipe()
    output = folder.parent / f"{folder.name}.output"
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            sys.stdout = sys.stderr = output.open("w")
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            _count_changes(folder, die_at, writer)
            task()
            status = 0
        except SystemExit as end:
            print(end)
            status = end.code if isinstance(end.code, int) else 1
        except BaseException as error:
            traceback.print_exception(error)
        finally:
            sys.stdout.flush()
            os._exit(status or 0)
    os.close(writer)
    _, status = os.waitpid(pid, 0)
    changes = 0
    while block := os.read(reader, 65536):  # one byte a change
        changes += len(block)
    os.close(reader)
    return os.waitstatus_to_exitcode(status), changes, output.read_text()


def _count_changes(folder: Path, die_at: int | None, writer: int) -> None:
    """From now on, reports each change of a file as one byte, and dies at the chosen one."""
    root, begun = str(folder), 0

    def change(handle: int | None = None) -> None:
        nonlocal begun
        if begun == die_at:
            if handle is not None:
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
            os._exit(DIED)
        begun += 1
        os.write(writer, b".")

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            relevant = isinstance(flags, int) and flags & WRITING
        else:
            path = arguments[0]
            relevant = event in EVENTS
        # `shutil.rmtree` names what it removes relative to a folder that it has opened
        if relevant and isinstance(path, str | os.PathLike):
            name = os.fspath(path)
            if name.startswith(root) or (event != "open" and not os.path.isabs(name)):
                change()

    def fsync(handle: int) -> None:  # the system keeps what a killed process has written
        change(handle if stat.S_ISREG(os.fstat(handle).st_mode) else None)

    os.fsync = fsync
    sys.addaudithook(hook)
