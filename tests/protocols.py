"""The published protocol for the tests of the windows, each of which changes what it is about."""

from dataclasses import asdict

from data.jena import Climate
from data.windows import ClimateWindows, make_windows
from experiments.common.jena import WindowProtocol


def windows_of(climate: Climate, **changes) -> ClimateWindows:
    """Lays the windows of the published protocol over a series, with some values changed."""
    return make_windows(climate, **(asdict(WindowProtocol()) | changes))
