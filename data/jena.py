"""The Jena weather series: a CSV file in, checked float64 readings out.

Reads the published file (14 quantities every 10 minutes, 2009-2016) and any copy of it with
another regular cadence or a subset of the quantities. The readings stay in the file's rows, since
the published protocol counts rows. `Climate.provenance` says what was found in the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError, quoted
from data.files import JENA, locate
from data.jena_file import (
    MISSING_READING,
    QUANTITIES,
    TIME_COLUMN,
    Source,
    Table,
    parse,
    read_source,
    timestamps_of,
)
from data.sample_weather import sample_weather

PUBLISHED_ROWS = 420_551
PUBLISHED_CADENCE_MINUTES = 10

UNVERIFIED = (
    "No hash of the Jena file was ever published, so that its readings cannot be verified, only "
    "its form."
)

MINIMUM_ROWS = 24  # fewer rows do not show the file's cadence
MOST_JUMPS = 10  # back in time; more are no stretches that stand twice
MOST_IRREGULAR = 0.05  # share of steps; beyond it, a count of rows is no count of hours


@dataclass(frozen=True)
class Climate:
    """A weather series, row by row as in its file.

    Attributes:
        timestamps: datetime64[s], shape (rows,). Ascending but for the rows in `repeated`.
        values: float64, shape (rows, quantities), in the units that the names state.
        quantities: names of the columns of `values`, in the published order.
        cadence_minutes: the regular distance of two rows.
        repeated: bool, shape (rows,). True where a row lies in a time that earlier rows cover,
            since a stretch of the series stands twice.
        missing: bool, shape (rows, quantities). True where the file has no reading and `values`
            repeats another one.
        provenance: what the readings were made from, as a run record stores it.
    """

    timestamps: np.ndarray
    values: np.ndarray
    quantities: tuple[str, ...]
    cadence_minutes: int
    repeated: np.ndarray
    missing: np.ndarray
    provenance: dict


def load_jena(data_dir: Path | None = None, *, sample: bool = False) -> Climate:
    """Finds and reads the Jena file, or makes the built-in sample series.

    Args:
        data_dir: directory to search first (see `data.files.locate`).
        sample: True for the generated series: two years, one row an hour, no file needed.

    Returns:
        The series, with the file's hash and its differences from the published file in
        `provenance`.

    Raises:
        DataError: the file is missing, or `read_jena` refuses it.
    """
    if sample:
        climate = _climate(_sample())
        provenance = {
            **climate.provenance,
            "sample": True,
            "notes": ["Built-in sample data, seed 0: generated weather, not measured at Jena."],
        }
    else:
        file = locate(JENA, data_dir)
        climate = read_jena(file.path)
        notes = [*climate.provenance["notes"], UNVERIFIED]
        provenance = {**climate.provenance, "files": [file.record()], "notes": notes}
    return replace(climate, provenance=provenance)


def read_jena(path: Path, needed: Sequence[str] | None = None) -> Climate:
    """Reads one Jena file.

    Args:
        path: CSV file, or zip archive that holds exactly one.
        needed: the quantities to read, all of which it must hold; by default those of the
            published file that it has.

    Returns:
        The series. `provenance["files"]` is empty: only `load_jena` knows the file's hash.

    Raises:
        DataError: not such a file, a required column is missing, a field is not a number or not
            a timestamp, timestamps are in disorder or contradict each other, or too few rows.
    """
    return _climate(parse(read_source(Path(path), needed), needed or QUANTITIES))


def _sample() -> Table:
    """The built-in weather as if it had been read from a file."""
    weather = sample_weather()
    source = Source("built-in sample weather", b"", list(weather.columns))
    timestamps = timestamps_of(source, weather[TIME_COLUMN])
    return Table(source, timestamps, QUANTITIES, weather[list(QUANTITIES)].to_numpy(np.float64))


def _climate(table: Table) -> Climate:
    """Checks the order of a table's rows and describes what it holds."""
    source, timestamps, quantities, readings = table
    if len(readings) < MINIMUM_ROWS:
        raise DataError(
            f"{source.name} has {len(readings)} rows, at least {MINIMUM_ROWS} are needed; "
            "is the file complete?"
        )
    repeated = _repeated_rows(source, timestamps, readings)
    missing = readings == MISSING_READING  # (rows, quantities)
    values, replaced = _replace_missing(source, readings, missing, quantities)

    distinct = int((~repeated).sum())
    if distinct < MINIMUM_ROWS:
        raise DataError(
            f"{source.name} has {distinct} different rows, at least {MINIMUM_ROWS} are needed."
        )
    steps = np.diff(timestamps[~repeated]).astype(np.int64)  # seconds
    lengths, counts = np.unique(steps, return_counts=True)
    cadence = int(lengths[counts.argmax()])
    if cadence % 60:
        raise DataError(
            f"{source.name} has mostly {cadence} seconds from row to row; "
            "the cadence must be a whole number of minutes."
        )
    gaps = steps[steps != cadence]  # a shorter step breaks the rhythm as a longer one does
    if len(gaps) > MOST_IRREGULAR * len(steps):
        raise DataError(
            f"{source.name} has no regular cadence: {len(gaps):,} of {len(steps):,} steps from row "
            f"to row are not {cadence // 60} minutes; resample the file to equal steps."
        )

    left_out = [name for name in source.columns if name not in (TIME_COLUMN, *QUANTITIES)]
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
        "replaced_readings": replaced,
    }
    return Climate(
        timestamps=timestamps,
        values=values,
        quantities=quantities,
        cadence_minutes=cadence // 60,
        repeated=repeated,
        missing=missing,
        provenance={
            "dataset": "jena",
            "sample": False,
            "files": [],
            "facts": facts,
            "notes": _differences(facts, quantities, left_out),
        },
    )


def _repeated_rows(source: Source, timestamps: np.ndarray, readings: np.ndarray) -> np.ndarray:
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
    if differs.any():
        row, original = again[differs.argmax()], originals[differs.argmax()]
        raise DataError(
            f"{source.name}, line {source.line(row)}: timestamp {timestamps[row]} repeats line "
            f"{source.line(original)} with other readings; remove the wrong one of the two."
        )
    backwards = np.flatnonzero(np.diff(timestamps) < np.timedelta64(0, "s")) + 1
    # a stretch that stands twice lies among earlier rows, each a step or two from the next
    two_steps = 2 * np.median(np.append(np.diff(earlier), np.timedelta64(0, "s")))
    covered = same_time | (earlier[after] - earlier[np.maximum(after - 1, 0)] <= two_steps)
    if len(backwards) > MOST_JUMPS or not covered.all():
        row = backwards[0] if covered.all() else again[(~covered).argmax()]
        raise DataError(
            f"{source.name}, line {source.line(row)}: timestamp {timestamps[row]} comes after "
            f"{latest[row - 1]} (line {source.line(int(timestamps[:row].argmax()))}); sort the "
            "rows by time."
        )
    return repeated


def _jumps_back(timestamps: np.ndarray, repeated: np.ndarray) -> list[dict]:
    """Where time jumps back: from and to which moment, and how many rows follow that repeat it."""
    rows = np.flatnonzero(np.diff(timestamps) < np.timedelta64(0, "s")) + 1
    parts = np.split(repeated, rows)[1:]  # each begins with the rows that repeat
    return [
        {"from": str(timestamps[row - 1]), "to": str(timestamps[row]), "rows": int(part.sum())}
        for row, part in zip(rows, parts, strict=True)
    ]


def _replace_missing(
    source: Source, readings: np.ndarray, missing: np.ndarray, quantities: tuple[str, ...]
) -> tuple[np.ndarray, dict[str, int]]:
    """Puts the last good reading (the next one at the start) where there is none.

    Returns:
        The readings, and how many were replaced: {quantity: count}, without zeros.
    """
    values, replaced = readings.copy(), {}
    for column, name in enumerate(quantities):
        absent = missing[:, column]  # (rows,)
        if absent.all():
            raise DataError(
                f"{source.name}, column {name!r}: every reading is {MISSING_READING:.0f}; "
                "remove the column or take another copy of the file."
            )
        if absent.any():
            good = pd.Series(readings[:, column]).mask(absent)
            values[:, column] = good.ffill().bfill()
            replaced[name] = int(absent.sum())
    return values, replaced


def _differences(facts: dict, quantities: tuple[str, ...], left_out: list[str]) -> list[str]:
    """One sentence for each way in which the readings differ from the published file's."""
    notes = []
    rows, cadence = facts["rows"], facts["cadence_minutes"]
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
    jumps = facts["jumps_back"]
    if jumps:
        times = "once" if len(jumps) == 1 else f"{len(jumps)} times"
        places = "; ".join(f"from {j['from']} to {j['to']}, {j['rows']} rows" for j in jumps)
        notes.append(
            f"Time jumps back {times}, where a stretch of the series stands twice ({places}); "
            "all rows count, as published."
        )
    absent = [name for name in QUANTITIES if name not in quantities]
    if absent:
        notes.append(
            f"{_listed(absent)} {'is' if len(absent) == 1 else 'are'} missing: "
            f"{len(quantities)} quantities instead of {len(QUANTITIES)}."
        )
    if left_out:
        notes.append(
            f"Columns that the published file does not have were left out: {quoted(left_out)}."
        )
    replaced = facts["replaced_readings"]
    if replaced:
        per_quantity = ", ".join(f"{name}: {count}" for name, count in replaced.items())
        notes.append(
            f"{sum(replaced.values())} readings of {MISSING_READING:.0f} were replaced by the "
            f"last good reading before them, at the start by the next ({per_quantity})."
        )
    return notes


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
