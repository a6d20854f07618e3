"""The former name of `machine`, for branches that still have it."""

from harness.training.machine import *  # noqa: F403
