"""Settings of all tests."""

import commands  # noqa: F401  it keeps the environment as it is before a test loads TensorFlow
from hypothesis import settings

# An example may take long where other programs share the processor; that is no failure.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")
