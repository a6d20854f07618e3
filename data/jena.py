"""The Jena weather series: a CSV file in, checked float64 readings out.

Reads the published file (14 quantities every 10 minutes, 2009-2016) and any copy of it with
another regular cadence or a subset of the quantities. The readings stay in the file's rows, since
the published protocol counts rows. `Series.provenance` says what was found in the file. What
cannot be used is a `DataError`.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from data.errors import DataError, quoted, shown
from data.files import JENA, locate
from data.sample_weather import sample_weather
from data.series import FEWEST_ROWS, MISSING_READING, TIME_NAMES, Series, make_series
from data.tables import read_table, read_times
from data.windows import SeriesWindows, make_windows, window_rows

TIME_COLUMN = "Date Time"
TIME_FORMAT = "%d.%m.%Y %H:%M:%S"
TEMPERATURE = "T (degC)"
# Lowest and highest reading of each quantity that is possible on Earth, in the published order.
# They find a wrong unit: kelvin, Fahrenheit, pascal.
LIMITS = {
    "p (mbar)": (300, 1100),
    TEMPERATURE: (-90, 60),
    "Tpot (K)": (180, 400),
    "Tdew (degC)": (-100, 60),
    "rh (%)": (0, 110),
    "VPmax (mbar)": (0, 250),
    "VPact (mbar)": (0, 250),
    "VPdef (mbar)": (0, 250),
    "sh (g/kg)": (0, 150),
    "H2OC (mmol/mol)": (0, 250),
    "rho (g/m**3)": (400, 2000),
    "wv (m/s)": (0, 150),
    "max. wv (m/s)": (0, 150),
    "wd (deg)": (0, 360),
}
QUANTITIES = tuple(LIMITS)

PUBLISHED_ROWS = 420_551
PUBLISHED_CADENCE_MINUTES = 10
UNVERIFIED = (
    "No hash of the Jena file was ever published, so that its readings cannot be verified, only "
    "its form."
)


def load_jena(data_dir: Path | None = None, *, sample: bool = False) -> Series:
    """Finds and reads the Jena file, or makes the built-in sample series.

    Args:
        data_dir: directory to search first (see `data.files.locate`).
        sample: True for the generated series: two years, one row an hour, no file needed.

    Returns:
        The series, with the file's hash and its differences from the published file in
        `provenance`.
    """
    if sample:
        climate = _climate("built-in sample weather", sample_weather())
        notes = ["Built-in sample data, seed 0: generated weather, not measured at Jena."]
        return replace(climate, provenance=climate.provenance | {"sample": True, "notes": notes})
    file = locate(JENA, data_dir)
    climate = read_jena(file.path)
    notes = [*climate.provenance["notes"], UNVERIFIED]
    provenance = climate.provenance | {"files": [file.record()], "notes": notes}
    return replace(climate, provenance=provenance)


def read_jena(path: Path, needed: Sequence[str] = ()) -> Series:
    """Reads one Jena file.

    Args:
        path: CSV file, or an archive (zip, gzip) that holds exactly one.
        needed: the quantities to read, all of which it must hold; by default those of the
            published file that it has.

    Returns:
        The series. `provenance["files"]` is empty: only `load_jena` knows the file's hash.
    """
    name, (frame, form) = shown(path), read_table(Path(path))
    places = _find_columns(name, list(frame.columns), needed)
    wanted = frame.iloc[:, list(places.values())].set_axis(list(places), axis=1)
    for known, at in places.items():
        if frame.columns[at] != known:
            form.append(f"'{shown(frame.columns[at])}' for '{known}'")
    left_out = [one for at, one in enumerate(frame.columns) if at not in places.values()]
    return _climate(name, wanted, needed, left_out, form)


def _find_columns(name: str, columns: list[str], needed: Sequence[str]) -> dict[str, int]:
    """Where a header has the time and the quantities: {name in the published file: place}."""
    places = {}
    for known in (TIME_COLUMN, *(one for one in QUANTITIES if not needed or one in needed)):
        found = [at for at, column in enumerate(columns) if column == known]
        found = found or [at for at, column in enumerate(columns) if _can_only_be(known, column)]
        if len(found) > 1:
            several = quoted(columns[at] for at in found)
            raise DataError(f"{name} has more than one column '{known}': {several}; make it one.")
        if found:
            places[known] = found[0]
    missing = [one for one in (TIME_COLUMN, *(needed or [TEMPERATURE])) if one not in places]
    if missing:
        whole = "These are needed:" if needed else "The published file has"
        raise DataError(
            f"{name} has no column {quoted(missing)}. Columns found: {quoted(columns)}. "
            f"{whole} {quoted((TIME_COLUMN, *(needed or QUANTITIES)), most=15)}."
        )
    return places


def _can_only_be(known: str, column: str) -> bool:
    """Whether a column is a known one that lacks its unit or has it damaged, as in `T (?C)`."""
    if known == TIME_COLUMN:
        return column.casefold().replace(" ", "") in TIME_NAMES
    (quantity, _, unit), (found, _, damaged) = known.partition(" ("), column.partition(" (")
    legible = [letter for letter in damaged if letter.isascii() and letter != "?"]
    if found != quantity or (damaged and len(legible) == len(damaged)):  # another unit
        return False
    return re.search(".*".join(map(re.escape, legible)), unit) is not None


def _climate(
    name: str,
    frame: pd.DataFrame,
    needed: Sequence[str] = (),
    left_out: Sequence[str] = (),
    form: Sequence[str] = (),
) -> Series:
    """Checks a table with published names, whose index are lines, and describes what it holds."""
    if len(frame) < FEWEST_ROWS:
        raise DataError(
            f"{name} has {len(frame)} rows, at least {FEWEST_ROWS} are needed; is the file "
            "complete?"
        )
    quantities = [one for one in QUANTITIES if one in frame]
    timestamps, form_of_times = read_times(name, frame[TIME_COLUMN])
    blanks = int(frame[quantities].isna().to_numpy().sum())
    absent = "the networks read it; take another file" if needed else "remove the column"
    series = make_series(name, frame[quantities], timestamps, TEMPERATURE, LIMITS, absent)
    blank = [f"{blanks:,} blank fields for missing readings"] * (blanks > 0)
    said = ", ".join([*form, *form_of_times, *blank])
    notes = _differences(series.provenance["facts"], quantities, left_out, blanks)
    notes += [f"The Jena file has another form than the published one: {said}."] * bool(said)
    provenance = series.provenance | {"dataset": "jena", "notes": notes}
    return replace(series, provenance=provenance, form=said)


def _differences(
    facts: dict, quantities: Sequence[str], left_out: Sequence[str], blanks: int
) -> list[str]:
    """One sentence for each way in which the readings differ from the published file's."""
    notes = []
    rows, cadence, jumps = facts["rows"], facts["cadence_minutes"], facts["jumps_back"]
    if cadence != PUBLISHED_CADENCE_MINUTES:
        spacing = "an hour" if cadence == 60 else f"every {cadence} minutes"
        notes.append(
            f"The Jena file has one row {spacing} instead of one every "
            f"{PUBLISHED_CADENCE_MINUTES} minutes ({rows:,} rows)."
        )
    elif rows != PUBLISHED_ROWS:
        notes.append(
            f"The Jena file has {rows:,} rows instead of the published {PUBLISHED_ROWS:,}."
        )
    if jumps:
        times = "once" if len(jumps) == 1 else f"{len(jumps)} times"
        places = "; ".join(f"from {j['from']} to {j['to']}, {j['rows']} rows" for j in jumps)
        notes.append(
            f"Time jumps back {times}, where a stretch of the series stands twice ({places}); "
            "all rows count, as published."
        )
    absent = [name for name in QUANTITIES if name not in quantities]
    if absent:
        listed = " and ".join(filter(None, [", ".join(absent[:-1]), absent[-1]]))
        notes.append(
            f"{listed} {'is' if len(absent) == 1 else 'are'} missing: "
            f"{len(quantities)} quantities instead of {len(QUANTITIES)}."
        )
    if left_out:
        notes.append(
            f"Columns that the published file does not have were left out: {quoted(left_out)}."
        )
    replaced = facts["replaced_readings"]
    if replaced:
        blank = " or without a number" * (blanks > 0)
        per_quantity = ", ".join(f"{name}: {count}" for name, count in replaced.items())
        notes.append(
            f"{sum(replaced.values())} readings of {MISSING_READING:.0f}{blank} were replaced by "
            f"the last good reading before them, at the start by the next ({per_quantity})."
        )
    return notes


def jena_windows(
    climate: Series,
    *,
    lookback_hours: float,
    step_hours: float,
    horizon_hours: float,
    train_rows: int,
    validation_rows: int,
    straddle_gaps: bool,
) -> SeriesWindows:
    """`make_windows` with the published splits, which leave out one row between two of them.

    Args:
        climate: the series.
        lookback_hours, step_hours, horizon_hours, straddle_gaps: as for `make_windows`. A horizon
            of 25 is the published form, 24 the corrected one.
        train_rows: end of the training split, in rows of the published 10-minute file whatever
            the cadence of this one.
        validation_rows: end of the validation split, likewise; the rest is the test split.
    """
    cadence = climate.cadence_minutes
    spans = lookback_hours, step_hours, horizon_hours
    offsets, horizon = window_rows(*spans, cadence)
    step, lookback = offsets.step, offsets.step - offsets[0]
    advice = _settings_that_fit(len(climate.values), cadence, lookback, step, horizon)
    splits = _splits(climate, train_rows, validation_rows, advice)
    return make_windows(
        climate,
        splits,
        lookback_hours=lookback_hours,
        step_hours=step_hours,
        horizon_hours=horizon_hours,
        straddle_gaps=straddle_gaps,
        advice=advice,
    )


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


def _splits(climate: Series, train_rows: int, validation_rows: int, advice: str) -> list[range]:
    """Rows of train, validation and test in this series."""
    if not 0 < train_rows < validation_rows:
        raise DataError(
            f"train rows ({train_rows:,}) must be positive and less than validation rows "
            f"({validation_rows:,}): both are row numbers of the 10-minute file."
        )
    cadence = climate.cadence_minutes
    # the published splits leave out one row between them: 200000, 300000
    published = train_rows + 1, validation_rows + 1, train_rows, validation_rows
    starts_and_ends = [row * PUBLISHED_CADENCE_MINUTES // cadence for row in published]
    validation, test, train_end, validation_end = starts_and_ends
    rows = len(climate.values)
    if test >= rows:
        raise DataError(
            f"the test split would begin after row {validation_rows:,} of the 10-minute file, "
            f"which is row {validation_end:,} at one row every {cadence} minutes, but the series "
            f"has {rows:,} rows; choose fewer train and validation rows. {advice}"
        )
    return [range(train_end), range(validation, validation_end), range(test, rows)]
