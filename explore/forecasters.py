"""Who forecasts: trained networks, ridge regression and persistence, all in °C."""

import sys
import time
from collections.abc import Callable

import numpy as np

from data.jena import PUBLISHED_CADENCE_MINUTES, TEMPERATURE
from data.ridge_features import ridge_features
from data.windows import Windows
from explore.trained import TrainedNetwork
from explore.weather import Weather
from harness.experiment import find_experiments

# Called with the last rows of windows, int (windows,); returns temperatures in °C, (windows,).
Forecaster = Callable[[np.ndarray], np.ndarray]

_DECLARED = find_experiments()
PERSISTENCE = _DECLARED["jena-persistence"].title
RIDGE = _DECLARED["jena-ridge"].title
BLOCK = 2_000  # windows that are read at a time
QUIET_SECONDS = 3  # from one line of progress to the next


def persistence(weather: Weather) -> Forecaster:
    """It will be as warm as it is."""
    return lambda rows: weather.temperature[rows]


def network(trained: TrainedNetwork, weather: Weather) -> Forecaster:
    """A trained network; it reads the weather normalised as its training rows were.

    Raises:
        RunError: its file cannot be loaded.
    """
    names = list(trained.normalisation)
    mean, std = np.array(list(trained.normalisation.values())).T  # (quantities,) each
    series = ((weather.columns(names) - mean) / std).astype(np.float32)  # (rows, quantities)
    target, model = names.index(TEMPERATURE), trained.model
    _compute_fast(model)

    def forecast(rows: np.ndarray) -> np.ndarray:
        windows = Windows(series, rows, weather.offsets, weather.horizon, target)
        predicted, said = np.empty(len(rows)), time.monotonic()
        for start in range(0, len(rows), BLOCK):
            block = np.arange(start, min(start + BLOCK, len(rows)))
            inputs = windows.inputs(block)  # (block, timesteps, quantities)
            predicted[block] = model.predict(inputs, batch_size=BLOCK, verbose=0)[:, 0]
            if time.monotonic() - said > QUIET_SECONDS:
                said = time.monotonic()
                print(f"{trained.title}: {block[-1] + 1:,} of {len(rows):,}", file=sys.stderr)
        return predicted * std[target] + mean[target]

    return forecast


def _compute_fast(model) -> None:
    """Lets the C library compute the recurrent layers where it can; the results are Keras's."""
    import keras

    from harness.training.machine import accelerator

    if keras.backend.backend() == "tensorflow" and accelerator() is None:
        from harness.training.native import use_native_layers

        use_native_layers(model, words_added=True)


def ridge(weather: Weather, training: Weather, protocol: dict) -> Forecaster:
    """The regression of jena-ridge, fitted on one window an hour of the training rows.

    It standardises what it reads, so that it can be given degrees.

    Args:
        weather: the series to forecast.
        training: the series that begins with the training rows.
        protocol: of the networks, whose training rows these are.
    """
    from models.linear import ridge_regression

    settings = _DECLARED["jena-ridge"].protocol
    recent = round(settings.recent_hours / protocol["step_hours"])

    def read(series: Weather, rows: np.ndarray) -> np.ndarray:
        values, target = series.values.astype(np.float32), series.quantities.index(TEMPERATURE)
        windows = Windows(values, rows, series.offsets, series.horizon, target)
        return ridge_features(windows, series.timestamps, min(recent, len(series.offsets)))

    end = protocol["train_rows"] * PUBLISHED_CADENCE_MINUTES * training.hour // 60
    rows = training.scorable()
    rows = rows[rows < end]
    model = ridge_regression(settings.penalty)
    model.fit(read(training, rows), training.temperature[rows + training.horizon])
    return lambda rows: model.predict(read(weather, rows))
