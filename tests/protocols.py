"""The published protocol for the tests of the windows, each of which changes what it is about."""

from dataclasses import asdict

from data.jena import jena_windows
from data.series import Series
from data.windows import SeriesWindows
from experiments.common.jena import WindowProtocol


def windows_of(climate: Series, **changes) -> SeriesWindows:
    """Lays the windows of the published protocol over a series, with some values changed."""
    return jena_windows(climate, **(asdict(WindowProtocol()) | changes))
