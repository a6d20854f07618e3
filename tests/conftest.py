"""Settings of all tests, and how they call a command in their own process."""

import subprocess

import commands  # noqa: F401  it keeps the environment as it is before a test loads TensorFlow
import pytest
from hypothesis import settings

# An example may take long where other programs share the processor; that is no failure.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


@pytest.fixture
def ask(capsys):
    """Calls the `main` of a command with its arguments; what it returns is as of a process."""

    def call(main, *arguments):
        try:
            status = main(list(map(str, arguments))) or 0
        except SystemExit as stop:
            status = stop.code
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return call
