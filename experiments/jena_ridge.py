"""Ridge regression on the Jena climate series: the last two days and the calendar.

Source:     none of the documents; a linear model that knows the hour and the season is the
            baseline that a recurrent network has to beat.
Claim:      errors measured at a true 24 hours on six quantities and another split: not the same
            task, but the same order of error.
Protocol:   the windows of jena-gru, of which the last 48 hours are read, and sines and cosines of
            the time of day and of the year at the last input; all training windows, once each.
Deviations: ridge regression minimises the squared error; the table shows its absolute error.
            The penalty, 1, was set like the linear model's C (imdb-linear).
Expected:   seconds.
"""

import math
from dataclasses import dataclass

from experiments.common.jena import JenaBaseline, WindowProtocol, load_weather
from harness.errors import RunError
from harness.experiment import main
from harness.protocol import setting

COLUMNS = 1_000  # of the regression, of which the time grows with the square
NUMBERS = 10**8  # of its table in training: 0.8 GB


@dataclass(frozen=True)
class Protocol(WindowProtocol):
    """The windows of the networks, of which the regression reads the end."""

    recent_hours: float = setting(
        48, f"last hours of the window that are read; 0: what {COLUMNS:,} columns hold", minimum=0
    )
    weekly: bool = setting(False, "reads the time of the week, too", off=False)
    penalty: float = setting(1.0, "weight of the squared coefficients", minimum=0)


def train(protocol, run):
    timesteps = round(protocol.recent_hours / protocol.step_hours)
    whole = math.isclose(timesteps * protocol.step_hours, protocol.recent_hours, rel_tol=1e-4)
    within = protocol.step_hours <= protocol.recent_hours <= protocol.lookback_hours
    if protocol.recent_hours and not (whole and within):
        raise RunError(
            f"--recent-hours {protocol.recent_hours:g} must be a whole number of steps of "
            f"{protocol.step_hours:g} hours within the lookback of {protocol.lookback_hours:g}."
        )
    weather = load_weather(protocol, run)
    windows = weather.windows
    import numpy as np

    from data.ridge_features import PERIODS, WEEK, ridge_features
    from models.baselines import ridge_regression

    if not timesteps:
        available, quantities = weather.shape
        columns = min(COLUMNS, NUMBERS // len(windows.train))
        timesteps = min(max(columns // quantities, 1), available)

    periods = [*PERIODS, WEEK] if protocol.weekly else PERIODS
    if getattr(protocol, "series_file", ""):  # a part of a wave extrapolates badly
        first, last = windows.timestamps[windows.train.last_rows[[0, -1]]].astype(int)
        periods = [period for period in periods if period <= last - first]

    def features(split):
        return ridge_features(split, windows.timestamps, timesteps, periods)

    targets = windows.train.targets(np.arange(len(windows.train)))  # (windows,)
    model = ridge_regression(protocol.penalty)
    model.fit(features(windows.train), targets)

    both = {"validation": windows.validation, "test": windows.test}
    predicted = {name: model.predict(features(split)) for name, split in both.items()}
    run.finish_model(weather, predicted, parameters=model[-1].coef_.size + 1)


EXPERIMENT = JenaBaseline(
    "jena-ridge", "Ridge on two days and the calendar", protocol=Protocol(), train=train
)

if __name__ == "__main__":
    main(EXPERIMENT)
