"""Settings of all tests, and how they call a command in their own process."""

import commands  # it keeps the environment as it is before a test loads TensorFlow
import pytest
from hypothesis import settings

# An example may take long where other programs share the processor; that is no failure.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")

# The files that take longest: one that began last would keep one processor waiting for the other.
FIRST = (
    *("tour.ipynb", "test_study_commands.py", "test_experiments.py", "test_layers.py"),
    *("test_benchmarks.py", "test_suite.py", "test_resumption.py", "test_reference.py"),
)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in FIRST)


@pytest.fixture(scope="session")
def ask():
    """Calls the `main` of a command with its arguments; what it returns is as of a process."""
    return commands.call
