"""The Jena weather series: a CSV file in, checked float64 readings out.

Reads the published file (14 quantities every 10 minutes, 2009-2016) and any copy of it with
another regular cadence or a subset of the quantities. The readings stay in the file's rows, since
the published protocol counts rows; what was found on the way is in `Climate.provenance`.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError
from data.files import JENA, locate
from data.sample_weather import sample_weather

TIME_COLUMN = "Date Time"
TIME_FORMAT = "%d.%m.%Y %H:%M:%S"
TEMPERATURE = "T (degC)"
QUANTITIES = (
    "p (mbar)",
    TEMPERATURE,
    "Tpot (K)",
    "Tdew (degC)",
    "rh (%)",
    "VPmax (mbar)",
    "VPact (mbar)",
    "VPdef (mbar)",
    "sh (g/kg)",
    "H2OC (mmol/mol)",
    "rho (g/m**3)",
    "wv (m/s)",
    "max. wv (m/s)",
    "wd (deg)",
)

PUBLISHED_ROWS = 420_551
PUBLISHED_CADENCE_MINUTES = 10

MISSING_READING = -9999.0  # what the station writes where an instrument gave nothing
MINIMUM_ROWS = 24  # fewer rows do not show what the file's cadence is


@dataclass(frozen=True)
class Climate:
    """A weather series, row by row as in its file.

    Attributes:
        timestamps: datetime64[s], shape (rows,). Ascending but for the rows in `repeated`.
        values: float64, shape (rows, quantities), in the units that the names state.
        quantities: names of the columns of `values`, in the published order.
        cadence_minutes: the regular distance of two rows.
        repeated: bool, shape (rows,). True where a row is an identical copy of an earlier one.
        provenance: what the readings were made from, as a run record stores it.
    """

    timestamps: np.ndarray
    values: np.ndarray
    quantities: tuple[str, ...]
    cadence_minutes: int
    repeated: np.ndarray
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
        DataError: the file cannot be had, or `read_jena` refuses it.
    """
    if sample:
        table = sample_weather()
        climate = _climate(_Source("built-in sample weather", b"", "utf-8"), table)
        provenance = {
            **climate.provenance,
            "sample": True,
            "notes": ["Built-in sample data, seed 0: generated weather, not measured at Jena."],
        }
    else:
        file = locate(JENA, data_dir)
        climate = read_jena(file.path)
        provenance = {**climate.provenance, "files": [file.record()]}
    return replace(climate, provenance=provenance)


def read_jena(path: Path) -> Climate:
    """Reads one Jena file.

    Args:
        path: CSV file, or zip archive that holds exactly one.

    Returns:
        The series. `provenance["files"]` is empty: only `load_jena` knows the file's hash.

    Raises:
        DataError: not such a file, a required column is missing, a field is not a number or not
            a timestamp, timestamps are unsorted or contradict each other, or too few rows.
    """
    path = Path(path)
    source = _read(path)
    return _climate(source, _parse(source))


@dataclass(frozen=True)
class _Source:
    """A file's name and content: to parse it, and to say where in it something is wrong."""

    name: str
    content: bytes
    encoding: str

    def table(self, **options) -> pd.DataFrame:
        # bytes, not text: pandas parses them in less than half the time
        return pd.read_csv(
            io.BytesIO(self.content), encoding=self.encoding, keep_default_na=False, **options
        )

    def line(self, row: int) -> int:
        """Line number, as an editor shows it, of a row counted from 0 after the header."""
        lines = enumerate(self.content.split(b"\n"), start=1)
        filled = (number for number, line in lines if line.strip())  # pandas skips blank lines
        return next(number for index, number in enumerate(filled) if index == row + 1)


def _read(path: Path) -> _Source:
    try:
        content = _unzip(path) if path.suffix == ".zip" else path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(
            f"{path} is not a complete zip archive ({error}); delete it and download it again."
        ) from error
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _Source(path.name, content, "latin-1")  # the station's own files: 'W/m²'
    return _Source(path.name, content, "utf-8")


def _unzip(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        # archives packed on a Mac hold a '__MACOSX/._name.csv' beside each file
        tables = [
            name
            for name in archive.namelist()
            if name.endswith(".csv") and not name.startswith("__MACOSX/")
        ]
        if len(tables) != 1:
            raise DataError(f"{path} should hold one .csv file but holds {len(tables)}.")
        return archive.read(tables[0])


def _parse(source: _Source) -> pd.DataFrame:
    """The file's table, fields as pandas infers them: text stays text, to be refused later."""
    if not source.content.strip():
        raise DataError(f"{source.name} is empty; delete it and download it again.")
    if b"\0" in source.content:
        raise DataError(f"{source.name} is not a CSV file: it holds binary data.")
    try:
        table = source.table(low_memory=False)
    except pd.errors.ParserError as error:
        raise DataError(f"{source.name} is not a regular CSV file: {error}.") from error
    missing = [name for name in (TIME_COLUMN, TEMPERATURE) if name not in table]
    if missing:
        raise DataError(
            f"{source.name} has no column {_quoted(missing)}. "
            f"Columns found: {_quoted(table.columns[:20])}. "
            f"The published file has {_quoted((TIME_COLUMN, *QUANTITIES))}."
        )
    if not isinstance(table.index, pd.RangeIndex):
        raise DataError(
            f"{source.name}, line {source.line(0)}: more fields than the header has columns."
        )
    return table


def _climate(source: _Source, table: pd.DataFrame) -> Climate:
    """Checks a table in the file's layout and describes what it holds."""
    if len(table) < MINIMUM_ROWS:
        raise DataError(
            f"{source.name} has {len(table)} rows, at least {MINIMUM_ROWS} are needed; "
            "is the file complete?"
        )
    quantities = tuple(name for name in QUANTITIES if name in table)
    timestamps = _timestamps(source, table)
    readings = _readings(source, table, quantities)
    repeated = _repeated_rows(source, timestamps, readings)
    values, replaced = _replace_missing(source, readings, quantities)

    steps = np.diff(timestamps[~repeated]).astype(np.int64)  # seconds
    lengths, counts = np.unique(steps, return_counts=True)
    cadence = int(lengths[counts.argmax()])
    if cadence % 60:
        raise DataError(
            f"{source.name} has mostly {cadence} seconds from row to row; "
            "the cadence must be a whole number of minutes."
        )
    gaps = steps[steps > cadence]

    left_out = [name for name in table.columns if name not in (TIME_COLUMN, *QUANTITIES)]
    facts = {
        "rows": len(values),
        "quantities": len(quantities),
        "cadence_minutes": cadence // 60,
        "first_timestamp": str(timestamps[0]),
        "last_timestamp": str(timestamps[-1]),
        "gaps": len(gaps),
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
        provenance={
            "dataset": "jena",
            "sample": False,
            "files": [],
            "facts": facts,
            "notes": _differences(facts, quantities, left_out),
        },
    )


def _timestamps(source: _Source, table: pd.DataFrame) -> np.ndarray:
    column = table[TIME_COLUMN]
    parsed = pd.to_datetime(column, format=TIME_FORMAT, errors="coerce")
    unparsable = parsed.isna().to_numpy()
    if unparsable.any():
        row = int(unparsable.argmax())
        raise DataError(
            f"{source.name}, line {source.line(row)}, column {TIME_COLUMN!r}: "
            f"{str(column.iloc[row])!r} is not a timestamp of the form "
            "dd.mm.yyyy HH:MM:SS; correct or remove that row."
        )
    return parsed.to_numpy().astype("datetime64[s]")


def _readings(source: _Source, table: pd.DataFrame, quantities: tuple[str, ...]) -> np.ndarray:
    columns = table[list(quantities)]
    if all(dtype.kind in "iuf" for dtype in columns.dtypes):
        readings = columns.to_numpy(np.float64)  # (rows, quantities)
        if np.isfinite(readings).all():
            return readings

    # as the file spells them: pandas' inference may have made True or NaN of a word
    fields = source.table(dtype=str)[list(quantities)].fillna("")
    numbers = fields.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    unusable = np.argwhere(~np.isfinite(numbers))
    if not len(unusable):
        return numbers
    row, column = unusable[0]  # the first in reading order
    name, field = quantities[column], fields.iloc[row, column]
    wrong = f"{field!r} is not a number" if field.strip() else "the field is empty"
    raise DataError(
        f"{source.name}, line {source.line(row)}, column {name!r}: {wrong}; correct it, or write "
        f"{MISSING_READING:.0f} where there is no reading."
    )


def _repeated_rows(source: _Source, timestamps: np.ndarray, readings: np.ndarray) -> np.ndarray:
    """Marks rows that copy an earlier row; refuses any other disorder of the timestamps.

    The published file holds such copies, alone and in blocks, and its row numbers count them.
    """
    repeated = pd.Series(timestamps).duplicated().to_numpy()  # (rows,)
    again = np.flatnonzero(repeated)
    first_rows = np.flatnonzero(~repeated)
    originals = first_rows[pd.Index(timestamps[first_rows]).get_indexer(timestamps[again])]
    differs = (readings[again] != readings[originals]).any(axis=1)
    if differs.any():
        row, original = again[differs.argmax()], originals[differs.argmax()]
        raise DataError(
            f"{source.name}, line {source.line(row)}: timestamp {timestamps[row]} repeats line "
            f"{source.line(original)} with other readings; remove the wrong one of the two."
        )
    backwards = np.diff(timestamps[first_rows]) < np.timedelta64(0, "s")
    if backwards.any():
        before, row = first_rows[backwards.argmax() + np.arange(2)]
        raise DataError(
            f"{source.name}, line {source.line(row)}: timestamp {timestamps[row]} comes after "
            f"{timestamps[before]} (line {source.line(before)}); sort the rows by time."
        )
    return repeated


def _replace_missing(
    source: _Source, readings: np.ndarray, quantities: tuple[str, ...]
) -> tuple[np.ndarray, dict[str, int]]:
    """Puts the last good reading (the next one at the start) where there is none.

    Returns:
        The readings, and how many were replaced: {quantity: count}, without zeros.
    """
    values, replaced = readings.copy(), {}
    for column, name in enumerate(quantities):
        missing = readings[:, column] == MISSING_READING  # (rows,)
        if missing.all():
            raise DataError(
                f"{source.name}, column {name!r}: every reading is {MISSING_READING:.0f}; "
                "remove the column or take another copy of the file."
            )
        if missing.any():
            good = pd.Series(readings[:, column]).mask(missing)
            values[:, column] = good.ffill().bfill()
            replaced[name] = int(missing.sum())
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
    absent = [name for name in QUANTITIES if name not in quantities]
    if absent:
        notes.append(
            f"{_listed(absent)} {'is' if len(absent) == 1 else 'are'} missing: "
            f"{len(quantities)} quantities instead of {len(QUANTITIES)}."
        )
    if left_out:
        notes.append(
            f"Columns that the published file does not have were left out: {_listed(left_out)}."
        )
    replaced = facts["replaced_readings"]
    if replaced:
        per_quantity = ", ".join(f"{name}: {count}" for name, count in replaced.items())
        notes.append(
            f"{sum(replaced.values())} readings of {MISSING_READING:.0f} were replaced by the "
            f"last good reading before them ({per_quantity})."
        )
    return notes


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _quoted(names) -> str:
    return ", ".join(repr(str(name)) for name in names)
