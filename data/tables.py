"""Tables of readings over time, in the forms that stations, spreadsheets and pandas give them.

What pandas can recognise without doubt is read and said: what separates the fields, decimal
commas, how a day is written, blanks for missing readings, UTF-16, a file in a zip or gzip archive.
What cannot be used is a `DataError`.
"""

import codecs
import csv
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError, shown
from data.files import UTF16_MARKS, read_unpacked

MOST_ROWS = 2_500_000
MOST_COLUMNS = 100
MOST_LINE_BYTES = 10_000
NO_READING = ["", "NA", "NaN", "nan", "N/A", "n/a", "#N/A", "null", "NULL", "None", "?"]
MOST_WRONG = 0.5  # share of rows; beyond it, a message speaks of the file, not of a row

SEPARATORS = {",": "", ";": "semicolons", "\t": "tabs"}  # and what they are called
DAYS = {  # as pandas reads a day, and as people write it
    "%d.%m.%Y": "dd.mm.yyyy",
    "%Y-%m-%d": "yyyy-mm-dd",
    "%Y/%m/%d": "yyyy/mm/dd",
    "%d/%m/%Y": "dd/mm/yyyy",
    "%m/%d/%Y": "mm/dd/yyyy",
}
# stations end a day with 24:00, the next midnight; spreadsheets leave 00:00 out
ZONE = re.compile(r" ?(Z|[+-]\d\d:?\d\d)$")  # at the end of a clock's time: the offset from UTC
CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.0+)?)?|24:00(:00)?", re.ASCII)
DECIMAL_COMMA = re.compile(rb'[;\t"] *([+-]?\d+,\d+) *[;\t"\n]')
THOUSANDS = re.compile(rb"[+-]?[1-9]\d{0,2},\d{3}")


def read_table(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Reads a CSV file, or the one in an archive.

    Returns the rows that are not blank, each under the number of its line, with the header's names;
    columns of numbers are numbers, with NaN for a blank field. And what is unusual about the file's
    form, for a list.
    """
    name, content = shown(path), _read_content(path)
    begin = len(content) - len(content.lstrip(b" \n"))  # lines before the header may be blank
    header = content[begin:].partition(b"\n")[0] if begin < len(content) else b""
    if not header:
        raise DataError(f"{name} is empty; take another copy of it.")
    try:
        text = header.decode()
    except UnicodeDecodeError:
        text = header.decode("latin-1")  # the Jena station's own files: 'W/m²'
    separator = max(SEPARATORS, key=text.count)
    columns = [column.strip() for column in next(csv.reader([text], delimiter=separator))]
    if len(columns) > MOST_COLUMNS:
        raise DataError(f"{name} has {len(columns):,} columns, far too many.")
    commas = DECIMAL_COMMA.findall(content, begin, begin + 100_000)
    decimal = "," if commas else "."
    if commas and separator != ";" and all(map(THOUSANDS.fullmatch, commas)):
        number = commas[0].decode()
        raise DataError(
            f"{name}: '{number}' can be {number.replace(',', '.')} or {number.replace(',', '')}; "
            "write numbers without commas."
        )
    before = content.count(b"\n", 0, begin) + 1  # lines down to the header
    try:
        with warnings.catch_warnings(action="ignore", category=pd.errors.DtypeWarning):
            frame = pd.read_csv(
                io.BytesIO(content),  # bytes, not text: parsed in less than half the time
                sep=separator,
                decimal=decimal,
                header=None,
                names=range(len(columns)),
                skiprows=before,
                keep_default_na=False,
                na_values=NO_READING,
                skip_blank_lines=False,  # so that a row's number tells its line
                skipinitialspace=True,
                encoding_errors="replace",
            )
    except ValueError as error:  # too many fields in a row, or an open quotation mark
        raise DataError(
            f"{name} is not a regular CSV file: {shown(str(error).strip())}."
        ) from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(
            f"{name}, line {before + 1}: more fields than the header has in line {before}; the "
            "header must be the first line."
        )
    frame.index += before + 1
    form = [f"{SEPARATORS[separator]} between the fields"] if separator != "," else []
    form += ["decimal commas"] if decimal == "," else []
    return frame.dropna(how="all").set_axis(columns, axis=1), form


def _read_content(path: Path) -> bytes:
    """The text of a file, unpacked, in an encoding that keeps ASCII, its lines ended by `\\n`."""
    content = read_unpacked(path)
    if content.startswith(UTF16_MARKS):
        content = content.decode("utf-16", errors="replace").encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in content:
        raise DataError(f"{shown(path)} is not a CSV file: it holds binary data.")
    if content.count(b"\n") > MOST_ROWS:
        raise DataError(f"{shown(path)} has more than {MOST_ROWS:,} rows; use a part of it.")
    longest = max(map(len, io.BytesIO(content)), default=0)
    if longest > MOST_LINE_BYTES:
        raise DataError(f"{shown(path)} has a line of {longest:,} bytes, too long for a table.")
    return content


def read_times(name: str, column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Parses fields under the numbers of their lines, all of which write the day in the same way.

    Returns datetime64[s], shape (rows,), and what is unusual about their form.
    """
    fields = column.fillna("").astype(str).str.strip()
    parts = fields.str.replace("T", " ").str.partition(" ")
    (day_of, days), (clock_of, clocks) = pd.factorize(parts[0]), pd.factorize(parts[2])
    read = {form: pd.to_datetime(pd.Series(days), format=form, errors="coerce") for form in DAYS}
    form = max(read, key=lambda one: read[one].count())
    if read["%d/%m/%Y"].notna().all() and read["%m/%d/%Y"].notna().all():
        raise DataError(
            f"{name}, column '{column.name}': '{shown(days[0])}' can be {DAYS['%d/%m/%Y']} or "
            f"{DAYS['%m/%d/%Y']}; write the days of the file as {DAYS['%Y-%m-%d']}."
        )
    zones = [found[1] if (found := ZONE.search(clock)) else "" for clock in clocks]
    several = all(zones) and len(set(zones)) > 1  # as where the clocks change
    if all(zones):
        clocks = [ZONE.sub("", clock) for clock in clocks]
    spans = pd.to_timedelta(
        [
            clock + ":00" * (2 - clock.count(":")) if CLOCK.fullmatch(clock) else None
            for clock in (clock or "00:00" for clock in clocks)
        ]
    ) - pd.to_timedelta([_offset(zone) if several else "0s" for zone in zones])
    times = read[form].to_numpy()[day_of] + spans.to_numpy()[clock_of]  # (rows,)
    wrong = np.isnat(times)
    if wrong.any():
        line = column.index[wrong.argmax()]
        usual = f"{DAYS[form]} HH:MM:SS"
        remedy = f"not a timestamp of the form {usual}; correct or remove that row"
        if wrong.mean() > MOST_WRONG:
            remedy = "no time that can be read; write the whole column as yyyy-mm-dd HH:MM:SS"
        raise DataError(
            f"{name}, line {line}, column '{column.name}': '{shown(fields[line])}' is {remedy}."
        )
    unusual = [f"days as {DAYS[form]}"] * (form != "%d.%m.%Y")
    unusual += ["times of several offsets as UTC"] if several else []
    return times.astype("datetime64[s]"), unusual


def _offset(zone: str) -> str:
    """An offset from UTC, such as `+02:00`, as pandas reads a span."""
    return "0s" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}:00"


def read_numbers(
    name: str, fields: pd.Series, lowest: float, highest: float, missing: float
) -> np.ndarray:
    """Parses a column of readings, fields under the numbers of their lines.

    Returns float64, shape (rows,), with the mark `missing` also where a field is blank. A reading
    below `lowest` or above `highest` is impossible.
    """
    is_read = fields.dtype.kind in "iuf"  # else words, or booleans made of the words
    numbers = fields if is_read else pd.to_numeric(fields.astype(str), errors="coerce")
    possible = numbers.between(lowest, highest) | (numbers == missing) | fields.isna()
    if not possible.all():
        line = possible.idxmin()
        field, share = shown(fields[line]), 1 - possible.mean()
        wrong = f"{field} is not possible (from {lowest} to {highest} in this unit)"
        if not np.isfinite(numbers[line]):
            wrong = f"'{field}' is not a number"
        remedy = f"correct it, or write {missing:.0f} where there is no reading"
        if share > MOST_WRONG:
            remedy = f"so are {share:.0%} of the column; convert the whole column, or remove it"
        raise DataError(f"{name}, line {line}, column '{fields.name}': {wrong}; {remedy}.")
    return numbers.mask(fields.isna(), missing).to_numpy(np.float64)
