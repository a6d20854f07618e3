"""Regular series of readings over time: what is checked in each of them, and the user's own.

The readings stay in the file's rows. Where one is missing, the last good one before it stands.
What cannot be used is a `DataError`.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError, few, quoted, shown
from data.files import own_file, state_of
from data.own_reviews import find_column
from data.tables import MOST_WRONG, read_numbers, read_table, read_times

MISSING_READING = -9999.0  # the stations' mark for no reading
FEWEST_ROWS = 24  # fewer rows do not show the file's cadence
FEWEST_OWN_ROWS = 200
MOST_JUMPS = 10  # back in time; more are no stretches that stand twice
MOST_REPEATED = 0.3  # share of rows; beyond it, they are those of another station
MOST_IRREGULAR = 0.05  # share of steps; beyond it, a count of rows is no count of hours
TIME_NAMES = ("datetime", "date", "time", "timestamp")  # of columns, in small letters, no blanks
LARGEST = 1e15  # reading of an own series, whose squares are summed
UNIT = re.compile(r"[(\[]([^()\[\]<>|]{1,20})[)\]] *$")  # at the end of a column's name


@dataclass(frozen=True)
class Series:
    """A series of one or more quantities, row by row as in its file."""

    timestamps: np.ndarray  # datetime64[s] (rows,), ascending but for the rows in `repeated`
    values: np.ndarray  # float64 (rows, quantities), in the units that the names state
    quantities: tuple[str, ...]  # names of the columns of `values`
    target: str  # the quantity that is predicted
    cadence_minutes: int  # the regular distance of two rows
    # bool (rows,): the row lies in a time that earlier rows cover, since a stretch stands twice
    repeated: np.ndarray
    # bool (rows, quantities): the file has no reading there, and `values` repeats another one
    missing: np.ndarray
    provenance: dict  # what the readings were made from, as a run record stores it
    form: str = ""  # what is unusual about the file's form, such as "decimal commas"


def make_series(
    name: str,
    frame: pd.DataFrame,
    timestamps: np.ndarray,
    target: str,
    limits: Mapping[str, tuple[float, float]],
    absent: str,
) -> Series:
    """Checks a table of readings, and fills what is missing.

    Args:
        name: the file, for messages.
        frame: the quantities, whose index are the lines of the file.
        timestamps: datetime64[s], shape (rows,).
        target: the quantity that is predicted.
        limits: the lowest and the highest possible reading of each quantity.
        absent: what to do about a column without any reading.

    Returns:
        The series. Its provenance has facts, no files and no notes.
    """
    quantities = tuple(frame)
    readings = np.column_stack(  # (rows, quantities)
        [read_numbers(name, frame[one], *limits[one], MISSING_READING) for one in quantities]
    )
    repeated = _repeated_rows(name, frame.index, timestamps, readings)
    missing = readings == MISSING_READING  # (rows, quantities)
    if missing.all(axis=0).any():
        empty = quantities[missing.all(axis=0).argmax()]
        raise DataError(f"{name} has no reading at all of '{shown(empty)}': {absent}.")
    good = pd.DataFrame(readings).mask(missing).ffill().bfill()  # at the start, the next one
    values = np.ascontiguousarray(good)  # row by row: the bits of a mean depend on the order
    replaced = dict(zip(quantities, missing.sum(axis=0).tolist(), strict=True))

    steps = np.diff(timestamps[~repeated]).astype(np.int64)  # seconds
    cadence = int(pd.Series(steps).mode()[0])
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
    return Series(
        timestamps=timestamps,
        values=values,
        quantities=quantities,
        target=target,
        cadence_minutes=cadence // 60,
        repeated=repeated,
        missing=missing,
        provenance={"dataset": "own", "sample": False, "files": [], "facts": facts, "notes": []},
    )


def read_series(file: str, time: str = "", target: str = "") -> Series:
    """A regular series of the user's own: a CSV file, or one in an archive.

    Columns of numbers are its quantities, the others are left out.

    Args:
        file: its path.
        time: the column with the times; empty if its name says so.
        target: the column to predict; empty if it is the only one of numbers.
    """
    path = Path(file).expanduser()
    return _read_series(path, time, target, state_of(path))


@functools.lru_cache(maxsize=1)
def _read_series(path: Path, time: str, target: str, _: tuple[int, int]) -> Series:
    name, (frame, form) = shown(path.name), read_table(path)
    names = frame.columns
    frame = frame.loc[:, ~names.duplicated()]
    if len(frame) < FEWEST_OWN_ROWS:
        raise DataError(
            f"{name} has {len(frame):,} rows; at least {FEWEST_OWN_ROWS} are needed to train, "
            "validate and test on."
        )
    if target and (alike := [*names].count(target)) > 1:
        raise DataError(f"{name} has {alike} columns named '{shown(target)}'; rename all but one.")
    if (column := find_column(name, [*frame], time, TIME_NAMES)) is None:
        raise DataError(
            f"{name}: no column of {quoted(frame)} is known to hold the times; name it with --time."
        )
    times = frame[column].rename(column)
    clock = next((one for one in frame if one.casefold() == "time"), None)
    if column.casefold() == "date" and clock and not time:  # the day and the time apart
        times = (times.astype(str) + " " + frame[clock].astype(str)).rename(column)
        frame = frame.drop(columns=clock)
    timestamps, form_of_times = read_times(name, times)
    if (np.diff(timestamps) < np.timedelta64(0, "s")).any():
        order = np.argsort(timestamps, kind="stable")
        frame, timestamps = frame.iloc[order], timestamps[order]
        form_of_times = [*form_of_times, "rows in another order than their times"]

    others = frame.drop(columns=column)
    numbers = [one for one in others if _holds_numbers(others[one])]
    target = find_column(name, [*others], target, ())
    if not target and len(numbers) != 1:
        listed = quoted(numbers, most=20) or "none"
        raise DataError(
            f"{name} has {len(numbers)} columns of numbers ({listed}); name the one to forecast "
            "with --target."
        )
    target = target or numbers[0]
    kept = [one for one in others if one in numbers or one == target]
    limits = dict.fromkeys(kept, (-LARGEST, LARGEST))
    absent = "remove the column, or take another file"
    series = make_series(name, others[kept], timestamps, target, limits, absent)
    values = series.values[:, kept.index(target)]
    if values.min() == values.max():
        raise DataError(
            f"{name}, column '{shown(target)}', is {values[0]:g} throughout: there is nothing to "
            "forecast; name another column with --target."
        )
    unit = UNIT.search(target)
    facts = series.provenance["facts"] | {
        "target": target,
        "unit": unit[1].strip() if unit and unit[1].isprintable() else "",
        "inputs": kept,
        "left_out": [one for one in others if one not in kept],
    }
    provenance = series.provenance | {"facts": facts, "files": [own_file(path).record()]}
    said = ", ".join([*form, *form_of_times])
    return replace(series, provenance=provenance, form=said)


def _holds_numbers(column: pd.Series) -> bool:
    """Whether most of the fields that are not blank are numbers."""
    if column.dtype.kind in "iuf":
        return bool(column.notna().any())
    numbers = pd.to_numeric(column.dropna().astype(str), errors="coerce")
    return column.dtype.kind != "b" and bool(numbers.notna().mean() > 1 - MOST_WRONG)


def described(series: Series) -> str:
    """What was read of an own file, in a line."""
    facts = series.provenance["facts"]
    others = [shown(one, 40) for one in facts["inputs"] if one != series.target]
    text = f"{facts['rows']:,} rows every {span_text(facts['cadence_minutes'] / 60)} from "
    text += f"{facts['first_timestamp']} to {facts['last_timestamp']}"
    text += f"; target {shown(series.target, 40)}"
    text += f", other inputs {few(others)}" if others else ", which is the only input"
    filled = sum(facts["replaced_readings"].values())
    counts = {
        "gaps": facts["gaps"],
        "missing readings, replaced by the last good one": filled,
        "rows that repeat a time, left out": facts["repeated_rows"],
    }
    text += "".join(f"; {what}: {count:,}" for what, count in counts.items() if count)
    if facts["left_out"]:
        text += f"; no numbers, left out: {few(shown(one, 40) for one in facts['left_out'])}"
    return text + (f"; {series.form}" if series.form else "")


def span_text(hours: float) -> str:
    """`10 min`, `6 h` or `30 d`."""
    for size, unit in ((24, "d"), (1, "h")):
        if hours >= size and hours % size == 0 and (unit == "h" or hours > 24):
            return f"{hours / size:g} {unit}"
    return f"{hours:g} h" if hours >= 1 else f"{hours * 60:g} min"


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
