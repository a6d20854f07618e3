"""What the Jena experiments share: the protocol's values, the windows, and the batches."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from data.errors import DataError, shown
from harness.errors import RunError
from harness.experiment import Experiment
from harness.protocol import GATES, LARGE, OPTIMIZERS, patience, setting
from harness.records.run import Run

if TYPE_CHECKING:  # at run time these wait until the command line has been read
    import numpy as np

    from data.series import Series
    from data.windows import SeriesWindows
    from experiments.common.own_data import OwnSeries
    from harness.training.batches import EveryWindow, RandomWindows

# Two sample years are a quarter of the eight that were measured.
SAMPLE_WINDOWS = {"lookback_hours": 48, "train_rows": 50_000, "validation_rows": 75_000}
SAMPLE = {**SAMPLE_WINDOWS, "epochs": 8, "batches_per_epoch": 40}

PUBLISHED_HORIZON = (
    "Predicts 25 hours ahead of the last input, as the published code does; the documents call it "
    "24 hours."
)
STRADDLED = "Windows count rows and may straddle gaps in the series, as published."
CORRECTED_HORIZON = "Corrected form: predicts a true 24 hours ahead of the last input."


@dataclass(frozen=True)
class WindowProtocol:
    """Which hours a model reads and which it predicts, common to networks and baselines."""

    lookback_hours: float = setting(
        240,
        "hours that a window reaches back (the documents' code; their text says 120)",
        minimum=0.01,
    )
    step_hours: float = setting(1, "hours from one timestep to the next", minimum=0.01)
    horizon_hours: float = setting(
        25, "hours from the last input to the target: 25 as published, 24 corrected", minimum=0.01
    )
    train_rows: int = setting(
        200_000, "first rows, to train and normalise on, in ten-minute rows", minimum=1, below=10**7
    )
    validation_rows: int = setting(
        300_000, "rows up to which validation goes, in ten-minute rows", minimum=2, below=10**7
    )
    straddle_gaps: bool = setting(
        True, "count rows whatever their timestamps, as published; windows may straddle gaps"
    )


@dataclass(frozen=True)
class JenaProtocol(WindowProtocol):
    """Values of the training protocol (`recurrent-overview`)."""

    units: int = setting(32, "units of the hidden layer", minimum=1, below=LARGE)
    epochs: int = setting(20, "rounds of training and validation", minimum=1)
    batches_per_epoch: int = setting(500, "training steps of an epoch", minimum=1)
    batch_size: int = setting(128, "windows a training step, drawn at random", minimum=1)
    optimizer: str = setting(
        "rmsprop-keras-2.0", "update rule; `rmsprop` is Keras 3's own", choices=OPTIMIZERS
    )
    learning_rate: float = setting(0.001, "step size of the optimizer", minimum=1e-8)
    patience: int = patience()


@dataclass(frozen=True)
class GruProtocol(JenaProtocol):
    """Values of the training protocol and of the GRU's form."""

    reset_after: bool = setting(
        True, "reset gate after the matrix product, as in Keras 3; before it, as in Keras 2.0"
    )
    gates: str = setting("sigmoid", "function that opens the gates", choices=GATES)

    @property
    def gru_units(self) -> int:
        """Units of all its GRUs."""
        return self.units


def window_notes(protocol: WindowProtocol) -> list[str]:
    """What a reader must know of the windows to compare their results."""
    horizon = {25: [PUBLISHED_HORIZON], 24: [CORRECTED_HORIZON]}.get(protocol.horizon_hours, [])
    return horizon + ([STRADDLED] if protocol.straddle_gaps else [])


def gru_notes(protocol: GruProtocol) -> list[str]:
    """The windows' notes, and what Keras 3 changed in the GRU."""
    if not protocol.reset_after:
        return window_notes(protocol)
    return [
        *window_notes(protocol),
        "Keras 3's GRU applies the reset gate after the matrix product; the documents' Keras 2 "
        f"applied it before ({3 * protocol.gru_units} parameters fewer).",
    ]


# The declarations that the experiments on Jena share; the scripts add name, title and `train`.
JenaNetwork = partial(
    Experiment,
    dataset="jena",
    role="network",
    sample=SAMPLE,
    notes=gru_notes,
    try_next="make forecast",
)
JenaBaseline = partial(
    Experiment,
    dataset="jena",
    role="baseline",
    sample=SAMPLE_WINDOWS,
    notes=window_notes,
    uses_keras=False,
)


@dataclass(frozen=True)
class Weather:
    """The windows of a run; as `fit` takes them, in batches that the protocol describes."""

    windows: SeriesWindows
    protocol: WindowProtocol
    seed: int  # of the training windows that are drawn
    metric: ClassVar = "mae"

    @property
    def shape(self) -> tuple[int, int]:
        """Timesteps and features of a window."""
        return len(self.windows.train.offsets), self.windows.train.series.shape[1]

    @property
    def train(self) -> RandomWindows:
        """Training windows drawn at random."""
        from harness.training.batches import RandomWindows

        size, batches = self.protocol.batch_size, self.protocol.batches_per_epoch
        return RandomWindows(self.windows.train, size, batches, self.seed)

    @property
    def validation(self) -> EveryWindow:
        """Each validation window once."""
        return self._every(self.windows.validation)

    @property
    def test(self) -> EveryWindow:
        """Each test window once."""
        return self._every(self.windows.test)

    def _every(self, windows) -> EveryWindow:
        from harness.training.batches import EveryWindow
        from harness.training.fit import EVALUATION_BATCH

        return EveryWindow(windows, EVALUATION_BATCH)

    def summarise(self, split: str, predicted: np.ndarray) -> tuple[float, dict]:
        """Mean absolute error on `validation` or `test`, and what a record keeps of the forecasts.

        They are normalised temperatures, shape (windows,).
        """
        import numpy as np

        from harness.records.schema import weekly_errors

        part = getattr(self.windows, split)
        targets = part.targets(np.arange(len(part)))  # (windows,)
        times = self.windows.timestamps[part.last_rows + part.horizon]  # (windows,)
        errors = np.abs(predicted.astype(np.float64) - targets)  # (windows,)
        return float(errors.mean()), weekly_errors(errors, times)

    @property
    def reference(self) -> dict:
        """Normalised error of predicting that the temperature stays as it is at the last input."""
        from data.windows import persistence_mae

        windows = {"validation": self.windows.validation, "test": self.windows.test}
        return {"label": "persistence", **{k: persistence_mae(one) for k, one in windows.items()}}

    @property
    def degrees_per_unit(self) -> float:
        """°C per unit of a normalised temperature."""
        return self.windows.degrees_per_unit


def load_weather(protocol: WindowProtocol, run: Run) -> Weather:
    """Loads the series, lays the windows over it, and writes the provenance to the run."""
    if getattr(protocol, "series_file", ""):
        series, windows = own_windows(protocol)
        name = run.part("config")["dataset"]
    else:
        from data.jena import jena_windows, load_jena

        series, name = load_jena(run.data_dir, sample=run.sample), "jena"
        values = {field.name: getattr(protocol, field.name) for field in fields(WindowProtocol)}
        windows = jena_windows(series, **values)
    facts = series.provenance["facts"] | windows.facts
    run.write("data", {**series.provenance, "dataset": name, "facts": facts})
    return Weather(windows, protocol, run.seed)


def own_windows(protocol: OwnSeries) -> tuple[Series, SeriesWindows]:
    """A series of the user's own, and the windows over its parts, none of which straddles a gap."""
    from data.series import described, read_series
    from data.windows import make_windows
    from experiments.common.own_data import SPANS, as_note

    series = read_series(protocol.series_file, protocol.time, protocol.target)
    rows, share = len(series.values), protocol.train_share
    if share + protocol.validation_share >= 1:
        raise RunError(
            f"--train-share {share:g} and --validation-share {protocol.validation_share:g} leave "
            "nothing for the test; together they must be below 1."
        )
    train, validation = round(share * rows), round((share + protocol.validation_share) * rows)
    splits = [range(train), range(train, validation), range(validation, rows)]
    spans = {name: getattr(protocol, name) for name in SPANS}
    column = series.quantities.index(series.target)
    missing = int(series.missing[:, column].sum())
    advice = f"The file has {rows:,} rows" + f", {missing:,} of them without target" * bool(missing)
    windows = make_windows(
        series,
        splits,
        **spans,
        straddle_gaps=False,
        measured_targets=True,  # a filled one is what persistence forecasts
        advice=f"{advice}; a shorter horizon needs fewer.",
    )
    if not windows.train.series[: splits[0].stop, column].any():  # 0 where it is constant
        raise DataError(
            f"the target '{shown(series.target)}' has one value in all {train:,} training rows, so "
            "that nothing can be learnt; choose another column or a longer file."
        )
    notes = [as_note(described(series))]
    provenance = series.provenance | {"notes": notes, "facts": series.provenance["facts"] | spans}
    return replace(series, provenance=provenance), windows
