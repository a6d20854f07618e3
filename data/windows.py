"""Windows over a weather series: the rows that a network reads, and the one it predicts.

A window is identified by the row of its last input. Its inputs reach back over the lookback, one
row a step. Its target is the temperature one horizon after the last input. Windows are gathered
from the normalised series when a batch asks for them; all of them would need gigabytes.

The published generator counts from an *anchor* row instead: inputs end one step before the anchor
and the target lies 24 hours after it, so its "24 hours ahead" is a horizon of 25 hours;
`horizon_hours=24` is the corrected form.
"""

import math
from dataclasses import dataclass

import numpy as np

from data.errors import DataError
from data.jena import PUBLISHED_CADENCE_MINUTES, TEMPERATURE, Climate


@dataclass(frozen=True)
class Windows:
    """The windows of one split."""

    series: np.ndarray  # float32 (rows, features), normalised; the splits share one array
    last_rows: np.ndarray  # int64 (windows,), the row of each window's last input
    offsets: np.ndarray  # int64 (timesteps,), input rows relative to the last: ascending to 0
    horizon: int  # rows from the last input to the target
    target_column: int  # column of `series` that is predicted

    def __len__(self) -> int:
        return len(self.last_rows)

    def inputs(self, index: np.ndarray) -> np.ndarray:
        """Inputs of the windows `index` (int, shape (batch,)).

        float32, shape (batch, timesteps, features), in standard deviations from the mean.
        """
        rows = self.last_rows[index][:, None] + self.offsets  # (batch, timesteps)
        # `take` gathers whole rows several times faster than series[rows]
        return self.series.take(rows, axis=0)  # (batch, timesteps, features)

    def targets(self, index: np.ndarray) -> np.ndarray:
        """Targets of the windows `index` (int, shape (batch,)): float32, shape (batch,)."""
        return self.series[self.last_rows[index] + self.horizon, self.target_column]


@dataclass(frozen=True)
class ClimateWindows:
    """The three splits of a series, in order of time, and the scale of their target."""

    train: Windows
    validation: Windows
    test: Windows
    degrees_per_unit: float  # deviation of the temperature over the training rows, in °C
    timestamps: np.ndarray  # datetime64[s] (rows,), the time of each row of the series
    # counts for the run record, and `normalisation`: mean and standard deviation of each column
    # over the training rows, by the column's name
    facts: dict


def make_windows(
    climate: Climate,
    *,
    lookback_hours: float,
    step_hours: float,
    horizon_hours: float,
    train_rows: int,
    validation_rows: int,
    straddle_gaps: bool,
) -> ClimateWindows:
    """Normalises a series and lays the windows of the three splits over it.

    As in the published form, each split's *inputs* begin at its first row, while its last targets
    lie up to `horizon - step` rows beyond its end (24 hours by default), where the next split's
    first inputs are. No target of one split is a target of another. What does not fit is a
    `DataError`.

    Args:
        climate: the series.
        lookback_hours: from the first input to one step after the last one; timesteps are
            `lookback_hours / step_hours`.
        step_hours: from one input to the next.
        horizon_hours: from the last input to the target; 25 is the published form, 24 the
            corrected one.
        train_rows: end of the training split, in rows of the published 10-minute file whatever
            the cadence of this one. Mean and standard deviation are taken over these rows.
        validation_rows: end of the validation split, likewise; the rest is the test split.
        straddle_gaps: True counts rows alone, as published, whatever their timestamps. False
            drops repeated rows first and keeps only windows without a gap from the first input
            to the target.
    """
    cadence = climate.cadence_minutes
    offsets, horizon = window_rows(lookback_hours, step_hours, horizon_hours, cadence)
    step, lookback = offsets.step, offsets.step - offsets[0]
    advice = _settings_that_fit(len(climate.values), cadence, lookback, step, horizon)
    starts, ends = _split_bounds(climate, train_rows, validation_rows, advice)
    if lookback + horizon > len(climate.values):  # else the offsets could fill the memory
        raise DataError(
            f"a lookback of {lookback_hours:g} hours and a horizon of {horizon_hours:g} hours do "
            f"not fit into the {len(climate.values):,} rows of the series; choose shorter ones."
        )

    kept = np.ones(len(climate.values), bool) if straddle_gaps else ~climate.repeated
    values = climate.values[kept]  # (rows, features)
    timestamps = climate.timestamps[kept]  # (rows,)
    # the splits stay at the same moments when repeated rows before them are dropped
    kept_before = np.concatenate([[0], np.cumsum(kept)])
    starts, ends = kept_before[starts], kept_before[ends]

    delay = horizon - step  # rows from anchor to target
    # the published generator leaves out the very last row as a target
    anchor_ends = np.array([ends[0], ends[1], len(values) - delay - 1])
    broken = gaps(timestamps, cadence)  # (rows,)
    column = climate.quantities.index(TEMPERATURE)
    series, mean, std = _normalise(values, int(ends[0]))

    splits, facts = {}, {}
    names = ("train", "validation", "test")
    for name, start, end, anchor_end in zip(names, starts, ends, anchor_ends, strict=True):
        anchors = np.arange(start + lookback, anchor_end)
        last_rows = anchors - step
        if not straddle_gaps:
            first_steps = last_rows + offsets[0] + 1
            last_rows = last_rows[none_between(broken, first_steps, last_rows + horizon)]
        if not len(last_rows):
            needed = lookback + 1 + (delay + 1 if name == "test" else 0)
            raise DataError(
                f"the {name} split has {end - start:,} rows and not one complete window: a "
                f"lookback of {lookback_hours:g} hours and a horizon of {horizon_hours:g} hours "
                f"need {needed:,} rows{'' if straddle_gaps else ' without a gap'}; choose a "
                f"shorter lookback, other split rows, or a longer file. {advice}"
            )
        splits[name] = Windows(series, last_rows, np.array(offsets), horizon, column)
        facts[f"{name}_windows"] = len(last_rows)
        facts[f"{name}_windows_skipped_for_gaps"] = len(anchors) - len(last_rows)
    return ClimateWindows(
        **splits,
        degrees_per_unit=float(std[column]),
        timestamps=timestamps,
        facts={
            "timesteps": len(offsets),
            "features": series.shape[1],
            "rows_per_hour": 60 / cadence,
            "straddle_gaps": straddle_gaps,
            "repeated_rows_dropped": int((~kept).sum()),
            "normalisation": {
                name: [float(mean[place]), float(std[place])]
                for place, name in enumerate(climate.quantities)
            },
            **facts,
        },
    )


def persistence_mae(windows: Windows) -> float:
    """Mean absolute error, normalised, of "the target will be as the last input is"."""
    target = windows.series[:, windows.target_column].astype(np.float64)  # (rows,)
    now = windows.last_rows
    return float(np.abs(target[now + windows.horizon] - target[now]).mean())


def window_rows(
    lookback_hours: float, step_hours: float, horizon_hours: float, cadence_minutes: int
) -> tuple[range, int]:
    """Rows of a window's inputs relative to the last one, and rows from there to the target."""
    rows = {}
    spans = {"lookback": lookback_hours, "step": step_hours, "horizon": horizon_hours}
    for name, hours in spans.items():
        minutes = hours * 60
        rows[name] = round(minutes / cadence_minutes) if math.isfinite(minutes) else 0
        # ten minutes are 0.166667 hours on a command line
        if rows[name] < 1 or not math.isclose(rows[name] * cadence_minutes, minutes, rel_tol=1e-4):
            raise DataError(
                f"a {name} of {hours:g} hours cannot be used: with one row every {cadence_minutes} "
                f"minutes it must be a positive multiple of {cadence_minutes / 60:.6g} hours."
            )
    if rows["lookback"] % rows["step"]:
        raise DataError(
            f"a lookback of {lookback_hours:g} hours is not a whole number of steps of "
            f"{step_hours:g} hours; choose a multiple of the step."
        )
    return range(rows["step"] - rows["lookback"], 1, rows["step"]), rows["horizon"]


def gaps(timestamps: np.ndarray, cadence_minutes: int) -> np.ndarray:
    """Whether the step to each row is another than the cadence: bool, shape (rows,)."""
    return np.append(False, np.diff(timestamps) != np.timedelta64(cadence_minutes, "m"))


def none_between(marked: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Whether no row from a first to a last one (inclusive) is marked: bool, shape (windows,)."""
    before = np.append(0, np.cumsum(marked))  # marked rows before each row
    return before[last + 1] == before[first]


def _settings_that_fit(rows: int, cadence_minutes: int, lookback: int, step: int, horizon: int):
    """Advice for a short series: half of it for training, a quarter each for the other splits."""
    spare = PUBLISHED_CADENCE_MINUTES // cadence_minutes + 2  # lost where the splits are rounded
    longest = (rows // 4 - spare - horizon) // step * step  # lookback that fits a quarter
    if longest < step:
        least = 4 * (step + horizon + spare)  # with a lookback of one step
        return f"This one has {rows:,} rows; at least {least:,} are needed, without a gap."
    train, validation = (
        part * rows // 4 * cadence_minutes // PUBLISHED_CADENCE_MINUTES for part in (2, 3)
    )
    flags = f"--train-rows {train} --validation-rows {validation}"
    if longest < lookback:
        flags += f" --lookback-hours {longest * cadence_minutes / 60:g}"
    return f"For this series, these fit: {flags}"


def _split_bounds(
    climate: Climate, train_rows: int, validation_rows: int, advice: str
) -> tuple[np.ndarray, np.ndarray]:
    """First rows and ends (exclusive) of train, validation and test, in rows of this series."""
    if not 0 < train_rows < validation_rows:
        raise DataError(
            f"train rows ({train_rows:,}) must be positive and less than validation rows "
            f"({validation_rows:,}): both are row numbers of the 10-minute file."
        )
    cadence = climate.cadence_minutes
    # the published splits leave out one row between them: 200000, 300000
    published = np.array([0, train_rows + 1, validation_rows + 1, train_rows, validation_rows])
    bounds = published * PUBLISHED_CADENCE_MINUTES // cadence
    rows = len(climate.values)
    if bounds[2] >= rows:
        raise DataError(
            f"the test split would begin after row {validation_rows:,} of the 10-minute file, "
            f"which is row {bounds[4]:,} at one row every {cadence} minutes, but the series has "
            f"{rows:,} rows; choose fewer train and validation rows. {advice}"
        )
    return bounds[:3], np.append(bounds[3:], rows)


def _normalise(values: np.ndarray, train_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns with mean 0 and deviation 1 over the training rows, the means and deviations."""
    mean = values[:train_rows].mean(axis=0)  # (features,)
    std = values[:train_rows].std(axis=0)
    # a column that is constant in training carries nothing: it stays 0 there, in its own unit
    constant = values[:train_rows].min(axis=0) == values[:train_rows].max(axis=0)
    std = np.where(constant, 1.0, std)
    return ((values - mean) / std).astype(np.float32), mean, std
