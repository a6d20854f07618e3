"""Windows over a series: the rows that a network reads, and the one it predicts.

A window is identified by the row of its last input. Its inputs reach back over the lookback, one
row a step. Its target is one quantity, such as the temperature, one horizon after the last input.
Windows are gathered from the normalised series when a batch asks for them; all of them would need
gigabytes.

The published generator counts from an *anchor* row instead: inputs end one step before the anchor
and the target lies 24 hours after it, so its "24 hours ahead" is a horizon of 25 hours;
`horizon_hours=24` is the corrected form.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.errors import DataError
from data.series import Series


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
class SeriesWindows:
    """The three splits of a series, in order of time, and the scale of their target."""

    train: Windows
    validation: Windows
    test: Windows
    degrees_per_unit: float  # deviation of the target over the training rows, in its own unit
    timestamps: np.ndarray  # datetime64[s] (rows,), the time of each row of the series
    # counts for the run record, and `normalisation`: mean and standard deviation of each column
    # over the training rows, by the column's name
    facts: dict


def make_windows(
    series: Series,
    splits: Sequence[range],
    *,
    lookback_hours: float,
    step_hours: float,
    horizon_hours: float,
    straddle_gaps: bool,
    measured_targets: bool = False,
    advice: str = "",
) -> SeriesWindows:
    """Normalises a series and lays the windows of the three splits over it.

    As in the published form, each split's *inputs* begin at its first row, while its last targets
    lie up to `horizon - step` rows beyond its end (24 hours by default), where the next split's
    first inputs are. No target of one split is a target of another. What does not fit is a
    `DataError`.

    Args:
        series: the readings.
        splits: rows of the training, the validation and the test part, in order of time. Mean and
            standard deviation are taken over the training rows.
        lookback_hours: from the first input to one step after the last one; timesteps are
            `lookback_hours / step_hours`.
        step_hours: from one input to the next.
        horizon_hours: from the last input to the target; 25 is the published form, 24 the
            corrected one.
        straddle_gaps: True counts rows alone, as published, whatever their timestamps. False
            drops repeated rows first and keeps only windows without a gap from the first input
            to the target.
        measured_targets: True leaves out windows whose target was missing and is filled.
        advice: what to choose instead, for the message where a split has no window.
    """
    cadence = series.cadence_minutes
    offsets, horizon = window_rows(lookback_hours, step_hours, horizon_hours, cadence)
    step, lookback = offsets.step, offsets.step - offsets[0]
    if lookback + horizon > len(series.values):  # else the offsets could fill the memory
        raise DataError(
            f"a lookback of {lookback_hours:g} hours and a horizon of {horizon_hours:g} hours do "
            f"not fit into the {len(series.values):,} rows of the series; choose shorter ones."
        )

    kept = np.ones(len(series.values), bool) if straddle_gaps else ~series.repeated
    values = series.values[kept]  # (rows, features)
    timestamps = series.timestamps[kept]  # (rows,)
    # the splits stay at the same moments when repeated rows before them are dropped
    kept_before = np.concatenate([[0], np.cumsum(kept)])
    starts = kept_before[[rows.start for rows in splits]]
    ends = kept_before[[rows.stop for rows in splits]]

    delay = horizon - step  # rows from anchor to target
    # the published generator leaves out the very last row as a target
    anchor_ends = np.minimum(ends, len(values) - delay - 1)
    broken = gaps(timestamps, cadence)  # (rows,)
    column = series.quantities.index(series.target)
    normalised, mean, std = _normalise(values, int(ends[0]))

    windows, facts = {}, {}
    names = ("train", "validation", "test")
    for name, start, end, anchor_end in zip(names, starts, ends, anchor_ends, strict=True):
        anchors = np.arange(start + lookback, anchor_end)
        last_rows = anchors - step
        if not straddle_gaps:
            first_steps = last_rows + offsets[0] + 1
            last_rows = last_rows[none_between(broken, first_steps, last_rows + horizon)]
        if measured_targets:
            filled = series.missing[kept, column]  # (rows,)
            last_rows = last_rows[~filled[last_rows + horizon]]
        if not len(last_rows):
            needed = lookback + 1 + (delay + 1 if name == "test" or not straddle_gaps else 0)
            raise DataError(
                f"the {name} split has {end - start:,} rows and not one complete window: a "
                f"lookback of {lookback_hours:g} hours and a horizon of {horizon_hours:g} hours "
                f"need {needed:,} rows{'' if straddle_gaps else ' without a gap'}; choose a "
                f"shorter lookback, other split rows, or a longer file. {advice}".strip()
            )
        windows[name] = Windows(normalised, last_rows, np.array(offsets), horizon, column)
        facts[f"{name}_windows"] = len(last_rows)
        facts[f"{name}_windows_skipped_for_gaps"] = len(anchors) - len(last_rows)
    return SeriesWindows(
        **windows,
        degrees_per_unit=float(std[column]),
        timestamps=timestamps,
        facts={
            "timesteps": len(offsets),
            "features": normalised.shape[1],
            "rows_per_hour": 60 / cadence,
            "straddle_gaps": straddle_gaps,
            "repeated_rows_dropped": int((~kept).sum()),
            "normalisation": {
                name: [float(mean[place]), float(std[place])]
                for place, name in enumerate(series.quantities)
            },
            **facts,
        },
    )


def a_season_before(windows: Windows, timestamps: np.ndarray, season_hours: float) -> np.ndarray:
    """Rows a whole number of seasons before the targets, the latest that are known by then.

    The timestamps are datetime64[s] of the series' rows, shape (rows,). Returns int64, shape
    (windows,); where the series has no row at that time, the row of the last input.
    """
    targets = windows.last_rows + windows.horizon  # (windows,)
    season = np.timedelta64(round(season_hours * 3600), "s")
    ahead = timestamps[targets] - timestamps[windows.last_rows]
    wanted = timestamps[targets] - -(-ahead // season) * season  # (windows,)
    rows = pd.Series(np.arange(len(timestamps)), timestamps)
    found = rows[~rows.index.duplicated()].reindex(wanted).to_numpy()
    known = found <= windows.last_rows  # not where there is none
    return np.where(known, found, windows.last_rows).astype(np.int64)


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


def _normalise(values: np.ndarray, train_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns with mean 0 and deviation 1 over the training rows, the means and deviations."""
    mean = values[:train_rows].mean(axis=0)  # (features,)
    std = values[:train_rows].std(axis=0)
    # a column that is constant in training carries nothing: it stays 0 there, in its own unit
    constant = values[:train_rows].min(axis=0) == values[:train_rows].max(axis=0)
    std = np.where(constant, 1.0, std)
    return ((values - mean) / std).astype(np.float32), mean, std
