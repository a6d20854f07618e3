"""Reads the Jena file part by part, and says where in it something is wrong."""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from data.errors import DataError, quoted, shown
from data.files import read_bytes, read_member

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

MISSING_READING = -9999.0  # the station's mark for no reading

MOST_ROWS = 2_500_000
MOST_COLUMNS = 100
MOST_LINE_BYTES = 10_000
_PART = 100_000  # rows that are parsed at a time


_DIGITS = [0, 1, 3, 4, 6, 7, 8, 9, 11, 12, 14, 15, 17, 18]  # places in TIME_FORMAT
_FIRST_YEAR = np.datetime64("0001", "s")  # pandas and Python know no year 0
_NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BLANK = b" \t\n"  # pandas skips lines of these


@dataclass(frozen=True)
class Source:
    """The text of a file, without quotes: to parse it, and to say where something is wrong.

    Attributes:
        name: The file's path.
        content: Its lines, each ended by `\\n`.
        columns: Names in its header.
    """

    name: str
    content: bytes
    columns: list[str]

    def lines(self, first_row: int) -> Iterator[tuple[int, bytes]]:
        """Lines that are not blank, from a row (from 0, after the header) on, and their numbers."""
        lines = enumerate(io.BytesIO(self.content), start=1)
        filled = ((number, line) for number, line in lines if line.strip(_BLANK))
        return itertools.islice(filled, first_row + 1, None)

    def line(self, row: int) -> int:
        """Number of a row's line, as an editor shows it."""
        return next(self.lines(row))[0]


class Table(NamedTuple):
    """The readings of a file."""

    source: Source
    timestamps: np.ndarray  # datetime64[s], shape (rows,)
    quantities: tuple[str, ...]  # those that the file has
    readings: np.ndarray  # float64 (rows, quantities), each within its limits or MISSING_READING


def read_source(path: Path, needed: Sequence[str] | None = None) -> Source:
    """Reads a CSV file, or the one in a zip archive, and its header.

    Args:
        path: The file.
        needed: Quantities that it must hold; by default the temperature.

    Raises:
        DataError: It is unreadable, too large, or no table of the weather.
    """
    content = _unzip(path) if path.suffix == ".zip" else read_bytes(path)
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b'"', b"")
    if b"\0" in content:
        raise DataError(f"{path} is not a CSV file: it holds binary data.")
    if content.count(b"\n") > MOST_ROWS:
        raise DataError(f"{path} has more than {MOST_ROWS:,} rows; use a part of it.")
    header = b""
    for number, line in enumerate(io.BytesIO(content), start=1):
        header = header or line.strip(_BLANK)
        if len(line) > MOST_LINE_BYTES:
            raise DataError(f"{path}, line {number}: {len(line):,} bytes are no row of a table.")
    if not header:
        raise DataError(f"{path} is empty; delete it and download it again.")
    try:
        names = header.decode("utf-8-sig")
    except UnicodeDecodeError:
        names = header.decode("latin-1")  # the station's own files: 'W/m²'
    source = Source(str(path), content, names.split(","))
    _check_columns(source, needed)
    return source


def _unzip(path: Path) -> bytes:
    try:
        return read_member(path, ".csv")
    except DataError as error:
        raise DataError(f"{path}: {error} Delete it and download it again.") from error


def _check_columns(source: Source, needed: Sequence[str] | None) -> None:
    columns = source.columns
    if len(columns) > MOST_COLUMNS:
        raise DataError(f"{source.name} has {len(columns):,} columns, far too many.")
    for name in (TIME_COLUMN, *QUANTITIES):
        if columns.count(name) > 1:
            raise DataError(f"{source.name} has the column '{name}' twice; remove one of them.")
    missing = [name for name in (TIME_COLUMN, *(needed or [TEMPERATURE])) if name not in columns]
    if missing:
        whole = "These are needed:" if needed else "The published file has"
        raise DataError(
            f"{source.name} has no column {quoted(missing)}. Columns found: {quoted(columns)}. "
            f"{whole} {quoted((TIME_COLUMN, *(needed or QUANTITIES)), most=15)}."
        )


def parse(source: Source, wanted: Sequence[str] = QUANTITIES) -> Table:
    """Parses the rows.

    Args:
        source: The file.
        wanted: The quantities to read, where it has them.

    Raises:
        DataError: A field is missing, is not a number or timestamp, or not a possible reading.
    """
    quantities = tuple(name for name in wanted if name in source.columns)
    time = source.columns.index(TIME_COLUMN)
    places = [source.columns.index(name) for name in quantities]
    lowest, highest = np.array([LIMITS[name] for name in quantities]).T  # (quantities,) each
    named = dict(sorted(zip(places, quantities, strict=True)))
    timestamps, readings, rows = [], [], 0
    lines, next_row = source.lines(0), 0  # read on from part to part, not from the beginning
    try:
        for part in _parts(source, places):
            if not isinstance(part.index, pd.RangeIndex):
                line = source.line(rows)
                raise DataError(f"{source.name}, line {line}: more fields than the header has.")
            numbers = part[places].to_numpy()  # (rows, quantities)
            possible = (lowest <= numbers) & (numbers <= highest) | (numbers == MISSING_READING)
            # pandas makes 1 and 0 of a column of nothing but the words True and False
            if ((numbers == 0) | (numbers == 1)).all(axis=0).any():
                skipped, next_row = rows - next_row, rows + 1
                _check_fields(source, itertools.islice(lines, skipped, skipped + 1), named)
            if not possible.all():
                _check_fields(source, source.lines(rows), named)
            timestamps.append(timestamps_of(source, part[time], rows))
            readings.append(numbers)
            rows += len(part)
    except ValueError as error:  # of a number, or of the number of fields
        _check_fields(source, itertools.islice(source.lines(rows), _PART), named)
        reason = shown(str(error).strip())
        raise DataError(f"{source.name} is not a regular CSV file: {reason}.") from error
    return Table(source, np.concatenate(timestamps), quantities, np.concatenate(readings))


def _parts(source: Source, numbers: list[int]) -> Iterator[pd.DataFrame]:
    """The rows, so many at a time that they fit into memory; columns are named by position."""
    columns = range(len(source.columns))
    # bytes, not text: pandas parses them in less than half the time
    return pd.read_csv(
        io.BytesIO(source.content),
        encoding_errors="replace",
        na_filter=False,
        header=0,
        names=columns,
        dtype={column: np.float64 if column in numbers else str for column in columns},
        quoting=csv.QUOTE_NONE,
        chunksize=_PART,
    )


def _check_fields(
    source: Source, lines: Iterable[tuple[int, bytes]], quantities: dict[int, str]
) -> None:
    """Refuses the first field of some lines that is not a possible reading, as the file has it."""
    for number, line in lines:
        fields = line.split(b",")
        for column, name in quantities.items():
            field = fields[column].strip() if column < len(fields) else b""
            lowest, highest = LIMITS[name]
            is_number = _NUMBER.fullmatch(field)
            if is_number and (lowest <= float(field) <= highest or float(field) == MISSING_READING):
                continue
            text = shown(field.decode(errors="replace"))
            if not field:
                wrong = "the field is empty"
            elif not is_number:
                wrong = f"'{text}' is not a number"
            else:
                wrong = f"{text} is not possible (from {lowest} to {highest} in this unit)"
            raise DataError(
                f"{source.name}, line {number}, column '{name}': {wrong}; correct it, or write "
                f"{MISSING_READING:.0f} where there is no reading."
            )


def timestamps_of(source: Source, column: pd.Series, first_row: int = 0) -> np.ndarray:
    """Parses timestamps: datetime64[s], shape (rows,)."""
    usual = _usual_timestamps(column)
    if usual is not None:
        return usual
    parsed = pd.to_datetime(column, format=TIME_FORMAT, errors="coerce")
    unparsable = parsed.isna().to_numpy()
    if unparsable.any():
        row = int(unparsable.argmax())
        raise DataError(
            f"{source.name}, line {source.line(first_row + row)}, column '{TIME_COLUMN}': "
            f"'{shown(column.iloc[row])}' is not a timestamp of the form "
            "dd.mm.yyyy HH:MM:SS; correct or remove that row."
        )
    return parsed.to_numpy().astype("datetime64[s]")


def _usual_timestamps(column: pd.Series) -> np.ndarray | None:
    """Parses timestamps of the published width by NumPy: twenty times as fast as by pandas.

    Returns:
        datetime64[s], shape (rows,), or None if one of them is of another form.
    """
    width = len("dd.mm.yyyy HH:MM:SS")
    try:
        text = column.to_numpy().astype(f"S{width + 1}")
        letters = text.view(np.uint8).reshape(-1, width + 1)  # (rows, width + 1)
        signs = np.delete(letters, _DIGITS, axis=1)
        is_digit = (ord("0") <= letters[:, _DIGITS]) & (letters[:, _DIGITS] <= ord("9"))
        if not (is_digit.all() and (signs == list(b".. ::\0")).all()):
            return None
        year_first = [6, 7, 8, 9, 2, 3, 4, 5, 0, 1, *range(10, width)]  # yyyy.mm.dd HH:MM:SS
        iso = np.take(letters, year_first, axis=1)  # (rows, width)
        iso[:, [4, 7]] = ord("-")
        parsed = iso.view(f"S{width}")[:, 0].astype("datetime64[s]")
        return None if (parsed < _FIRST_YEAR).any() else parsed
    except ValueError:  # not ASCII, or a day that does not exist
        return None
