"""The Jena weather series: a CSV file in, checked float64 readings out.

Reads the published file (14 quantities every 10 minutes, 2009-2016) and any copy of it with
another regular cadence or a subset of the quantities. The readings stay in the file's rows, since
the published protocol counts rows. `Climate.provenance` says what was found in the file. What
cannot be used is a `DataError`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError, quoted, shown
from data.files import JENA, locate
from data.sample_weather import sample_weather
from data.tables import read_numbers, read_table, read_times

TIME_COLUMN = "Date Time"
TIME_FORMAT = "%d.%m.%Y %H:%M:%S"
TIME_NAMES = ("date time", "datetime", "date", "time", "timestamp")  # in copies of the file
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
MISSING_READING = -9999.0  # the station's mark for no reading

PUBLISHED_ROWS = 420_551
PUBLISHED_CADENCE_MINUTES = 10
UNVERIFIED = (
    "No hash of the Jena file was ever published, so that its readings cannot be verified, only "
    "its form."
)

MINIMUM_ROWS = 24  # fewer rows do not show the file's cadence
MOST_JUMPS = 10  # back in time; more are no stretches that stand twice
MOST_REPEATED = 0.3  # share of rows; beyond it, they are those of another station
MOST_IRREGULAR = 0.05  # share of steps; beyond it, a count of rows is no count of hours


@dataclass(frozen=True)
class Climate:
    """A weather series, row by row as in its file."""

    timestamps: np.ndarray  # datetime64[s] (rows,), ascending but for the rows in `repeated`
    values: np.ndarray  # float64 (rows, quantities), in the units that the names state
    quantities: tuple[str, ...]  # names of the columns of `values`, in the published order
    cadence_minutes: int  # the regular distance of two rows
    # bool (rows,): the row lies in a time that earlier rows cover, since a stretch stands twice
    repeated: np.ndarray
    # bool (rows, quantities): the file has no reading there, and `values` repeats another one
    missing: np.ndarray
    provenance: dict  # what the readings were made from, as a run record stores it
    form: str = ""  # what is unusual about the file's form, such as "decimal commas"


def load_jena(data_dir: Path | None = None, *, sample: bool = False) -> Climate:
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


def read_jena(path: Path, needed: Sequence[str] = ()) -> Climate:
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
        return column.casefold() in TIME_NAMES
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
) -> Climate:
    """Checks a table with published names, whose index are lines, and describes what it holds."""
    if len(frame) < MINIMUM_ROWS:
        raise DataError(
            f"{name} has {len(frame)} rows, at least {MINIMUM_ROWS} are needed; is the file "
            "complete?"
        )
    quantities = tuple(one for one in QUANTITIES if one in frame)
    timestamps, form_of_times = read_times(name, frame[TIME_COLUMN])
    blanks = int(frame[list(quantities)].isna().to_numpy().sum())
    readings = np.column_stack(  # (rows, quantities)
        [read_numbers(name, frame[one], *LIMITS[one], MISSING_READING) for one in quantities]
    )
    repeated = _repeated_rows(name, frame.index, timestamps, readings)
    missing = readings == MISSING_READING  # (rows, quantities)
    for column, quantity in enumerate(quantities):
        if missing[:, column].all():
            remedy = "the networks read it; take another file" if needed else "remove the column"
            raise DataError(f"{name} has no reading at all of '{quantity}': {remedy}.")
    values = readings.copy()
    for column in np.flatnonzero(missing.any(axis=0)):
        good = pd.Series(readings[:, column]).mask(missing[:, column])
        values[:, column] = good.ffill().bfill()  # at the start, the next one
    replaced = dict(zip(quantities, missing.sum(axis=0).tolist(), strict=True))

    steps = np.diff(timestamps[~repeated]).astype(np.int64)  # seconds
    lengths, counts = np.unique(steps, return_counts=True)
    cadence = int(lengths[counts.argmax()])
    if cadence % 60:
        raise DataError(
            f"{name} has mostly {cadence} seconds from row to row; "
            "the cadence must be a whole number of minutes."
        )
    gaps = steps[steps != cadence]  # a shorter step breaks the rhythm as a longer one does
    if len(gaps) > MOST_IRREGULAR * len(steps):
        raise DataError(
            f"{name} has no regular cadence: {len(gaps):,} of {len(steps):,} steps from row to row "
            f"are not {cadence // 60} minutes; resample the file to equal steps."
        )
    facts = {
        "rows": len(values),
        "quantities": len(quantities),
        "cadence_minutes": cadence // 60,
        "first_timestamp": str(timestamps[0]),
        "last_timestamp": str(timestamps[-1]),
        "gaps": len(gaps),
        "jumps_back": _jumps_back(timestamps, repeated),
        "longest_gap_hours": round(float(gaps.max(initial=0)) / 3600, 2),
        "repeated_rows": int(repeated.sum()),
        "replaced_readings": {one: count for one, count in replaced.items() if count},
    }
    blank = [f"{blanks:,} blank fields for missing readings"] * (blanks > 0)
    said = ", ".join([*form, *form_of_times, *blank])
    notes = _differences(facts, quantities, left_out, blanks)
    notes += [f"The Jena file has another form than the published one: {said}."] * bool(said)
    usual = {"dataset": "jena", "sample": False, "files": []}
    return Climate(
        timestamps=timestamps,
        values=values,
        quantities=quantities,
        cadence_minutes=cadence // 60,
        repeated=repeated,
        missing=missing,
        provenance=usual | {"facts": facts, "notes": notes},
        form=said,
    )


def _repeated_rows(
    name: str, lines: pd.Index, timestamps: np.ndarray, readings: np.ndarray
) -> np.ndarray:
    """Marks the rows of a time that earlier rows have covered; refuses real disorder.

    In the published file two stretches stand twice, and its row numbers count them. Of every sixth
    row the two copies of a stretch may lie at other minutes, so that no timestamp stands twice.
    """
    latest = np.maximum.accumulate(timestamps)  # (rows,)
    repeated = np.append(False, timestamps[1:] <= latest[:-1])  # (rows,)
    again, first_rows = np.flatnonzero(repeated), np.flatnonzero(~repeated)
    earlier = timestamps[first_rows]  # ascending
    after = np.searchsorted(earlier, timestamps[again])  # never past the end
    originals = first_rows[after]

    same_time = timestamps[originals] == timestamps[again]
    differs = same_time & (readings[again] != readings[originals]).any(axis=1)
    # a stretch that stands twice lies among earlier rows, each a step or two from the next
    step = np.median(np.append(np.diff(earlier), np.timedelta64(0, "s")))
    covered = same_time | (after > 0) & (earlier[after] - earlier[after - 1] <= 2 * step)
    backwards = np.flatnonzero(np.diff(timestamps) < np.timedelta64(0, "s")) + 1
    if covered.all() and len(again) > MOST_REPEATED * len(timestamps):
        raise DataError(
            f"{name} has a time that earlier rows cover in {len(again):,} of its "
            f"{len(timestamps):,} rows, first in line {lines[again[0]]}; it may hold two stations, "
            "or one file twice: keep the rows of one."
        )
    if differs.any():
        row, original = again[differs.argmax()], originals[differs.argmax()]
        if _is_change_of_clock(timestamps[again], timestamps[row], step):
            raise DataError(
                f"{name}, line {lines[row]}: the hour of {timestamps[row]} stands twice with other "
                "readings, as where clocks go back in autumn; write all times without summer time."
            )
        raise DataError(
            f"{name}, line {lines[row]}: timestamp {timestamps[row]} repeats line "
            f"{lines[original]} with other readings; remove the wrong one of the two."
        )
    if len(backwards) > MOST_JUMPS or not covered.all():
        row = backwards[0] if covered.all() else again[(~covered).argmax()]
        raise DataError(
            f"{name}, line {lines[row]}: timestamp {timestamps[row]} comes after {latest[row - 1]} "
            f"(line {lines[timestamps[:row].argmax()]}); sort the rows by time."
        )
    return repeated


def _is_change_of_clock(repeated: np.ndarray, time: np.datetime64, step: np.timedelta64) -> bool:
    """Whether the times that repeat on a day are one hour of a Sunday."""
    that_day = repeated.astype("datetime64[D]") == time.astype("datetime64[D]")
    is_hour = that_day.sum() * step == np.timedelta64(1, "h")
    return bool(is_hour) and pd.Timestamp(time).day_name() == "Sunday"


def _jumps_back(timestamps: np.ndarray, repeated: np.ndarray) -> list[dict]:
    """Where time jumps back: from and to which moment, and how many rows follow that repeat it."""
    rows = np.flatnonzero(np.diff(timestamps) < np.timedelta64(0, "s")) + 1
    parts = np.split(repeated, rows)[1:]  # each begins with the rows that repeat
    return [
        {"from": str(timestamps[row - 1]), "to": str(timestamps[row]), "rows": int(part.sum())}
        for row, part in zip(rows, parts, strict=True)
    ]


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
