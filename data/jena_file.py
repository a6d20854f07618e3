"""Reads the Jena file as a table, and says where in it something is wrong."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError
from data.files import own_members

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

MISSING_READING = -9999.0  # the station's mark for no reading


@dataclass(frozen=True)
class Source:
    """A file's path and content: to parse it, and to say where in it something is wrong."""

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


def read_source(path: Path) -> Source:
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
        return Source(str(path), content, "latin-1")  # the station's own files: 'W/m²'
    return Source(str(path), content, "utf-8")


def _unzip(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        tables = [name for name in own_members(archive) if name.endswith(".csv")]
        if len(tables) != 1:
            raise DataError(f"{path} should hold one .csv file but holds {len(tables)}.")
        return archive.read(tables[0])


def parse(source: Source, needed: Sequence[str] | None = None) -> pd.DataFrame:
    """The file's table, fields as pandas infers them: text stays text, to be refused later.

    Args:
        source: the file.
        needed: quantities that it must hold; by default the temperature.
    """
    if not source.content.strip():
        raise DataError(f"{source.name} is empty; delete it and download it again.")
    if b"\0" in source.content:
        raise DataError(f"{source.name} is not a CSV file: it holds binary data.")
    try:
        table = source.table(low_memory=False)
    except pd.errors.ParserError as error:
        reason = str(error).strip()
        raise DataError(f"{source.name} is not a regular CSV file: {reason}.") from error
    missing = [name for name in (TIME_COLUMN, *(needed or [TEMPERATURE])) if name not in table]
    if missing:
        whole = "These are needed:" if needed else "The published file has"
        raise DataError(
            f"{source.name} has no column {quoted(missing)}. "
            f"Columns found: {quoted(table.columns[:20])}. "
            f"{whole} {quoted((TIME_COLUMN, *(needed or QUANTITIES)))}."
        )
    if not isinstance(table.index, pd.RangeIndex):
        raise DataError(
            f"{source.name}, line {source.line(0)}: more fields than the header has columns."
        )
    return table


def timestamps_of(source: Source, table: pd.DataFrame) -> np.ndarray:
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


def readings_of(source: Source, table: pd.DataFrame, quantities: tuple[str, ...]) -> np.ndarray:
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


def quoted(names) -> str:
    return ", ".join(repr(str(name)) for name in names)
