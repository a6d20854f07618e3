"""The Jena loader: what it accepts, counts and repairs, and what it refuses in which words."""

import gzip
import io
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from protocols import windows_of

from data.errors import DataError
from data.jena import LIMITS, QUANTITIES, TIME_COLUMN, TIME_FORMAT, load_jena, read_jena
from data.windows import persistence_mae

NAME = "jena_climate_2009_2016.csv"
DEGREES = "T (degC)"


def table(rows=60, minutes=10, quantities=QUANTITIES, first="2009-01-01 00:10", form=TIME_FORMAT):
    """A file's content: each quantity from its lowest possible reading on, 0.01 more each row."""
    times = pd.date_range(first, periods=rows, freq=f"{minutes}min")
    readings = {name: np.round(LIMITS[name][0] + np.arange(rows) / 100, 2) for name in quantities}
    return pd.DataFrame({TIME_COLUMN: times.strftime(form), **readings})


def text(content):
    return content if isinstance(content, str) else content.to_csv(index=False)


@pytest.fixture
def write(tmp_path):
    """Writes a table, or text, as a file and returns its path."""

    def write_file(content, encoding="utf-8"):
        path = tmp_path / NAME
        path.write_bytes(text(content).encode(encoding))
        return path

    return write_file


def facts(climate):
    return climate.provenance["facts"]


def test_reads_the_published_layout(write):
    climate = read_jena(write(table()))
    assert climate.quantities == QUANTITIES
    assert climate.values.shape == (60, 14)
    assert climate.values.dtype == np.float64
    assert climate.values[3, 1] == pytest.approx(-89.97)
    assert climate.timestamps.dtype == "datetime64[s]"
    assert climate.timestamps[1] == np.datetime64("2009-01-01T00:20:00")
    assert climate.cadence_minutes == 10
    assert climate.form == ""
    assert not climate.repeated.any()
    assert facts(climate) == {
        "rows": 60,
        "quantities": 14,
        "cadence_minutes": 10,
        "first_timestamp": "2009-01-01T00:10:00",
        "last_timestamp": "2009-01-01T10:00:00",
        "gaps": 0,
        "jumps_back": [],
        "longest_gap_hours": 0.0,
        "repeated_rows": 0,
        "replaced_readings": {},
    }
    assert climate.provenance["notes"] == [
        "The Jena file has 60 rows instead of the published 420,551."
    ]


def test_other_cadence_and_fewer_quantities_are_footnotes(write):
    shuffled = table(minutes=60, quantities=QUANTITIES[:12])[[*QUANTITIES[11::-1], TIME_COLUMN]]
    climate = read_jena(write(shuffled))
    assert climate.cadence_minutes == 60
    assert climate.quantities == QUANTITIES[:12]
    np.testing.assert_allclose(climate.values[1, :2], [300.01, -89.99])
    assert climate.provenance["notes"] == [
        "The Jena file has one row an hour instead of one every 10 minutes (60 rows).",
        "max. wv (m/s) and wd (deg) are missing: 12 quantities instead of 14.",
    ]


def test_other_columns_are_left_out_and_said(write):
    content = table()
    content["SWDR (W/m²)"] = "not read"
    climate = read_jena(write(content, encoding="latin-1"))
    assert climate.quantities == QUANTITIES
    assert climate.provenance["notes"][1:] == [
        "Columns that the published file does not have were left out: 'SWDR (W/m²)'."
    ]


LONG = {"rows": 200, "minutes": 180, "first": "2009-01-01 00:00"}  # 25 days, with midnights
PLAIN = text(table(**LONG))


def renamed(changes):
    return PLAIN.replace(",".join(table(1)), ",".join(changes.get(name, name) for name in table(1)))


def times(form):
    return text(table(**LONG, form=form))


def midnights_end_days(clock):
    """Each 00:00:00 written as the end of the day before it, as stations do."""
    content = table(**LONG)
    midnight = content[TIME_COLUMN].str.endswith("00:00:00")
    before = pd.to_datetime(content[TIME_COLUMN], format=TIME_FORMAT) - pd.Timedelta("1D")
    content.loc[midnight, TIME_COLUMN] = before.dt.strftime(f"%d.%m.%Y {clock}")
    return text(content)


def zipped(name):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, PLAIN)
        archive.writestr(f"__MACOSX/._{name}", b"resource fork")
    return file.getvalue()


FORMS = {  # what a file holds, and what is said about its form
    "windows": (PLAIN.replace("\n", "\r\n"), ""),
    "old mac": (PLAIN.replace("\n", "\r"), ""),
    "quoted header": (re.sub("^.*", lambda m: f'"{m[0]}"'.replace(",", '","'), PLAIN, count=1), ""),
    "rows of commas": (PLAIN + 3 * (14 * "," + "\n"), ""),
    "semicolons": (PLAIN.replace(",", ";"), "semicolons between the fields"),
    "german": (
        table(**LONG).to_csv(index=False, sep=";", decimal=","),
        "semicolons between the fields, decimal commas",
    ),
    "quoted decimal commas": (
        table(**LONG).to_csv(index=False, decimal=",", quoting=1),
        "decimal commas",
    ),
    "iso": (times("%Y-%m-%d %H:%M:%S"), "days as yyyy-mm-dd"),
    "slashes": (times("%Y/%m/%d %H:%M"), "days as yyyy/mm/dd"),
    "american beyond the twelfth": (times("%m/%d/%Y %H:%M"), "days as mm/dd/yyyy"),
    "no seconds": (times("%d.%m.%Y %H:%M"), ""),
    "no zeros": (re.sub(r"(?m)^0(\d)\.0(\d)", r"\1.\2", PLAIN), ""),
    "24:00:00": (midnights_end_days("24:00:00"), ""),
    "no midnights": (PLAIN.replace(" 00:00:00", ""), ""),
    "utf-8 with a mark": (PLAIN.encode("utf-8-sig"), ""),
    "utf-16": (PLAIN.encode("utf-16"), ""),
    "gzip": (gzip.compress(PLAIN.encode()), ""),
    "zip": (zipped(NAME), ""),
    "date": (renamed({TIME_COLUMN: "date"}), "'date' for 'Date Time'"),
    "degrees": (renamed({DEGREES: "T (°C)"}).encode("latin-1"), "'T (°C)' for 'T (degC)'"),
    "damaged units": (
        renamed(
            {DEGREES: "T (\ufffdC)", "wv (m/s)": "wv (m/\ufffd)", "rho (g/m**3)": "rho (g/m³)"}
        ),
        "'T (\ufffdC)' for 'T (degC)', 'rho (g/m³)' for 'rho (g/m**3)', 'wv (m/\ufffd)' for "
        "'wv (m/s)'",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_other_forms_of_the_same_table_are_read_and_said(write, form):
    plain = read_jena(write(PLAIN))
    content, said = FORMS[form]
    path = write("") if isinstance(content, bytes) else write(content)
    if isinstance(content, bytes):
        path.write_bytes(content)
    climate = read_jena(path)
    assert climate.quantities == QUANTITIES
    np.testing.assert_array_equal(climate.timestamps, plain.timestamps)
    np.testing.assert_array_equal(climate.values, plain.values)
    assert climate.form == said
    note = [f"The Jena file has another form than the published one: {said}."] if said else []
    assert climate.provenance["notes"] == plain.provenance["notes"] + note


def test_what_pandas_writes_after_a_resample_is_read(tmp_path):
    content = table(rows=600)
    content.index = pd.to_datetime(content.pop(TIME_COLUMN), format=TIME_FORMAT)
    path = tmp_path / "resampled.csv"
    content.drop(index=content.index[120:180]).resample("1h").mean().to_csv(path)
    climate = read_jena(path)
    assert (climate.cadence_minutes, facts(climate)["gaps"]) == (60, 0)
    assert climate.missing.all(axis=1).sum() == 9  # hours without one reading of the ten
    assert climate.form == "days as yyyy-mm-dd, 126 blank fields for missing readings"
    assert "126 readings of -9999 or without a number were replaced" in str(climate.provenance)


@pytest.mark.parametrize("mark", ["-9999", "-9999.0", "", "NaN", "NA"])
def test_missing_readings_take_the_last_good_one(write, mark):
    content = table().astype({"wv (m/s)": str, "wd (deg)": str})
    content.loc[[5, 6, 20], "wv (m/s)"] = mark
    content.loc[[0, 1], "wd (deg)"] = mark
    climate = read_jena(write(content))
    wind, direction = QUANTITIES.index("wv (m/s)"), QUANTITIES.index("wd (deg)")
    np.testing.assert_allclose(climate.values[[4, 5, 6, 7], wind], [0.04, 0.04, 0.04, 0.07])
    np.testing.assert_allclose(climate.values[[0, 1, 2], direction], [0.02, 0.02, 0.02])
    assert np.argwhere(climate.missing)[:2].tolist() == [[0, direction], [1, direction]]
    assert facts(climate)["replaced_readings"] == {"wv (m/s)": 3, "wd (deg)": 2}
    assert climate.provenance["notes"][1] == (
        f"5 readings of -9999{'' if mark.startswith('-') else ' or without a number'} were "
        "replaced by the last good reading before them, at the start by the next "
        "(wv (m/s): 3, wd (deg): 2)."
    )


def test_gaps_and_repeated_rows_are_counted(write):
    found = facts(read_jena(write(table(rows=100).drop(index=[10, 11, 12, 50]))))
    assert (found["rows"], found["gaps"]) == (96, 2)
    assert found["longest_gap_hours"] == 0.67  # 40 minutes from row to row
    content = table()
    climate = read_jena(
        write(pd.concat([content[:20], content[12:20], content[20:], content[59:]]))
    )
    found = facts(climate)
    assert (found["rows"], found["repeated_rows"], found["gaps"]) == (69, 9, 0)
    assert np.flatnonzero(climate.repeated).tolist() == [*range(20, 28), 68]


@pytest.mark.parametrize("rows", [60, 50_000])
@pytest.mark.parametrize(
    "time",
    ["31.02.2009 00:00:00", "01.01.2009 24:00:01", "2009-01-01 01:20", ""],
)
def test_an_impossible_time_is_named_with_its_line(write, time, rows):
    lines = text(table(rows)).splitlines(keepends=True)
    lines[rows - 7] = time + lines[rows - 7][len("01.01.2009 00:00:00") :]
    message = (
        f"{NAME}, line {rows - 6}, column 'Date Time': '{time}' is not a timestamp of the form"
    )
    with pytest.raises(DataError, match=re.escape(f"{message} dd.mm.yyyy HH:MM:SS; correct or")):
        read_jena(write("".join(lines)))


@pytest.mark.parametrize(
    ("column", "field", "wrong"),
    [
        *[("rh (%)", one, f"'{one}' is not a number") for one in ("dry", "1_2", "inf")],
        (DEGREES, "-300.0", "-300.0 is not possible (from -90 to 60 in this unit)"),
        (DEGREES, "265.15", "265.15 is not possible"),  # kelvin
        ("p (mbar)", "99652.0", "99652.0 is not possible"),  # pascal
    ],
)
def test_an_unusable_reading_is_named_with_line_and_column(write, column, field, wrong):
    content = table().astype({column: str})
    content.loc[[40, 50], column] = field
    lines = text(content).splitlines(keepends=True)
    path = write("".join([*lines[:10], "\n", " \n", *lines[10:]]))  # blank lines are counted
    message = f"{NAME}, line 44, column '{column}': {wrong}"
    with pytest.raises(DataError, match=re.escape(message)) as error:
        read_jena(path)
    assert "correct it, or write -9999 where there is no reading" in str(error.value)


def two_stations(arrange):
    return arrange(pd.concat([table(60), table(60).assign(**{DEGREES: 20.0})]))


def clock_set_back(minutes):
    """Local time on the night of 25 October 2009, when 03:00 became 02:00."""
    content = table(rows=100, minutes=minutes, first="2009-10-25 00:00")
    times = pd.to_datetime(content[TIME_COLUMN], format=TIME_FORMAT)
    late = times >= "2009-10-25 03:00"
    times[late] -= pd.Timedelta("1h")
    return content.assign(**{TIME_COLUMN: times.dt.strftime(TIME_FORMAT)})


def swapped(first, second):
    """A table in which one row has the time of another."""
    content = table()
    content.loc[second, TIME_COLUMN] = content.loc[first, TIME_COLUMN]
    return content


UNUSABLE = {  # by what is wrong with the file: its content, and the message
    "empty": ("", "is empty"),
    "binary": ("\0\1\2\n\0", "binary data"),
    "page": (
        "<!DOCTYPE html>\n<title>404</title>\n",
        "has no column 'Date Time', 'T (degC)'. Columns found: '<!DOCTYPE html>'. The published",
    ),
    "no time": (table().drop(columns=TIME_COLUMN), "has no column 'Date Time'. Columns found: 'p"),
    "damaged, of another unit": (renamed({DEGREES: "T (\ufffdF)"}), "has no column 'T (degC)'"),
    "twice": (
        renamed({"p (mbar)": DEGREES}),
        "has more than one column 'T (degC)': 'T (degC)', 'T (degC)'; make it one",
    ),
    "two times": (
        renamed({TIME_COLUMN: "date", "wd (deg)": "time"}),
        "has more than one column 'Date Time': 'date', 'time'",
    ),
    "a field more": (f"{text(table()).strip()},7", "line 61, saw 16"),
    "decimal commas between commas": (PLAIN.replace(".", ","), "line 2: more fields than the"),
    "index": (
        table().set_index(TIME_COLUMN, drop=False).to_csv()[len(TIME_COLUMN) + 1 :],
        "line 2",
    ),
    "short": (table(rows=23), "has 23 rows, at least 24 are needed"),
    "half minutes": (table(minutes=0.5), "mostly 30 seconds from row to row"),
    "words": (table().assign(**{"wd (deg)": True}), "line 2, column 'wd (deg)': 'True' is not a"),
    "kelvin": (
        table().assign(**{DEGREES: 283.15}),
        "283.15 is not possible (from -90 to 60 in this unit); so are 100% of the column; convert",
    ),
    "no reading": (
        table().assign(**{"wd (deg)": -9999}),
        "has no reading at all of 'wd (deg)': remove the column",
    ),
    "american": (
        table(form="%m/%d/%Y %H:%M"),
        "'01/01/2009' can be dd/mm/yyyy or mm/dd/yyyy; write the days of the file as yyyy-mm-dd",
    ),
    "a time with an offset": (PLAIN.replace(":00,", ":00Z,", 1), "line 2, column 'Date Time'"),
    "clocks, every ten minutes": (
        clock_set_back(10),
        "line 20: the hour of 2009-10-25T02:00:00 stands twice with other readings, as where "
        "clocks go back in autumn; write all times without summer time",
    ),
    "two stations, one after the other": (
        two_stations(lambda both: both),
        "has a time that earlier rows cover in 60 of its 120 rows, first in line 62; it may hold "
        "two stations",
    ),
    "one row wrong": (
        swapped(12, 30),
        "line 32: timestamp 2009-01-01T02:10:00 repeats line 14 with other readings; remove",
    ),
    "unsorted": (
        pd.concat([table()[:20], table()[30:40], table()[20:30], table()[40:]]),
        "line 32: timestamp 2009-01-01T03:30:00 comes after 2009-01-01T06:40:00 (line 31); sort",
    ),
    "irregular": (
        table(rows=200).drop(index=np.random.default_rng(0).permutation(200)[:40]),
        "are not 10 minutes; resample the file to equal steps",
    ),
}


@pytest.mark.parametrize("wrong", UNUSABLE)
def test_files_that_cannot_be_used_are_refused_in_words(write, wrong):
    content, message = UNUSABLE[wrong]
    with pytest.raises(DataError, match=f"{re.escape(NAME)}.*{re.escape(message)}"):
        read_jena(write(content))


def test_paths_and_archives_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"there is no file .*absent\.csv; check its name"):
        read_jena(tmp_path / "absent.csv")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory"):
        read_jena(tmp_path)
    damaged = {
        "not a zip archive": b"PK\3\4 broken off",
        "should hold one .csv file but holds 0": zipped("readme.txt"),
        "ended before": gzip.compress(PLAIN.encode())[:-100],
        "Not a gzipped|CRC check": gzip.compress(PLAIN.encode())[:-8] + b"12345678",
    }
    for message, content in damaged.items():
        (tmp_path / NAME).write_bytes(content)
        with pytest.raises(DataError, match=f"(?s){NAME}: .*({message}).*another copy"):
            read_jena(tmp_path / NAME)


def test_load_finds_the_file_and_records_it(write, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "/nowhere")
    path = write(table())
    provenance = load_jena(path.parent).provenance
    assert provenance["dataset"] == "jena"
    assert provenance["sample"] is False
    [file] = provenance["files"]
    assert file["name"] == NAME
    assert file["bytes"] == path.stat().st_size
    assert file["published"] is None  # no hash was ever published


def test_only_the_needed_quantities_are_read(write):
    """What is wrong with the others does not matter."""
    content = table().astype({"rh (%)": str}).drop(columns="rho (g/m**3)")
    content.loc[40, "rh (%)"] = "damp"
    content["wd (deg)"] = -9999
    climate = read_jena(write(content), [DEGREES, "p (mbar)"])
    assert climate.quantities == ("p (mbar)", DEGREES)
    with pytest.raises(DataError) as error:
        read_jena(write(content), [DEGREES, "rho (g/m**3)", "rain (mm)"])
    assert "has no column 'rho (g/m**3)', 'rain (mm)'. Columns found: 'Date Time'" in str(
        error.value
    )
    needed = "These are needed: 'Date Time', 'T (degC)', 'rho (g/m**3)', 'rain (mm)'."
    assert str(error.value).endswith(needed)
    with pytest.raises(DataError, match=r"at all of 'wd \(deg\)': the networks read it"):
        read_jena(write(content), [DEGREES, "wd (deg)"])


TWICE = {"2010-07-01 00:10": 144, "2014-03-20 10:30": 183}  # first timestamp: rows
GAPS = {  # after a timestamp: rows that are missing
    "2009-09-23 08:00": 1,
    "2011-10-26 09:00": 2,
    "2013-10-07 10:00": 1,
    "2014-09-24 17:10": 96,
    "2016-10-25 08:50": 444,
}


@pytest.fixture(scope="module")
def published_form():
    """Lines of a made-up file with the rows, repetitions, gaps and marks of the published one."""
    times = pd.date_range("2009-01-01 00:10", "2017-01-01 00:00", freq="10min")
    for after, missing in GAPS.items():
        place = times.get_loc(after) + 1
        times = times.delete(slice(place, place + missing))
    for first, rows in TWICE.items():
        place = times.get_loc(first)
        times = times[: place + rows].append(times[place:])
    slots = ((times - times[0]) // pd.Timedelta("10min")).to_numpy()
    frame = pd.DataFrame(
        {
            TIME_COLUMN: times.strftime(TIME_FORMAT),
            "T (degC)": slots % 40,
            "wv (m/s)": slots % 7,
            "max. wv (m/s)": slots % 9,
        }
    )
    july = times.get_loc("2015-07-12 06:30")
    frame.loc[july : july + 20, ["wv (m/s)", "max. wv (m/s)"]] = -9999
    header, *rows = frame.to_csv(index=False).splitlines()
    assert len(rows) == 420_551
    return header, rows


@pytest.mark.parametrize(
    ("part", "rows", "jumps"),
    [
        (slice(5, None, 6), 70_091, [24, 30]),
        ("lacking", 420_451, [144, 183]),
    ],
)
def test_a_file_whose_stretches_stand_twice_is_read_as_it_stands(
    write, published_form, part, rows, jumps
):
    header, lines = published_form
    lacking = lines[:340_000] + lines[340_100:]
    kept = lacking if part == "lacking" else lines[part]
    climate = read_jena(write("\n".join([header, *kept, ""])))
    found = facts(climate)
    assert found["rows"] == len(climate.values) == rows
    repeated = [jump["rows"] for jump in found["jumps_back"]]
    assert repeated == pytest.approx(jumps, abs=1)  # by the phase
    assert found["repeated_rows"] == climate.repeated.sum() == sum(repeated)
    assert found["jumps_back"][0]["to"].startswith("2010-07-01T0")
    assert found["replaced_readings"].keys() == {"wv (m/s)", "max. wv (m/s)"}
    assert (np.diff(climate.timestamps[~climate.repeated]) > np.timedelta64(0)).all()
    (note,) = (n for n in climate.provenance["notes"] if n.startswith("Time jumps back"))
    assert "Time jumps back 2 times, where a stretch of the series stands twice (from " in note
    assert f", {repeated[1]} rows); all rows count" in note


def test_more_than_ten_jumps_back_are_disorder(write):
    content = table(rows=200)
    parts = [content[start : start + 15] for start in range(0, 190, 12)]  # 3 rows twice
    assert len(facts(read_jena(write(pd.concat(parts[:11]))))["jumps_back"]) == 10
    with pytest.raises(DataError, match=r"line 17: .* comes after .* \(line 16\); sort the rows"):
        read_jena(write(pd.concat(parts)))


def real_file():
    setting = os.environ.get("RNN_DATA_DIR")
    path = Path(setting or ".") / NAME
    if not setting or not path.is_file():
        pytest.skip(f"real data: RNN_DATA_DIR names no directory with {NAME}")
    return path


@pytest.fixture(scope="module")
def real_climate():
    climate = read_jena(real_file())
    if (climate.cadence_minutes, facts(climate)["quantities"]) != (60, 14):
        pytest.skip("real data: these numbers belong to every sixth row of the published file")
    return climate


def test_every_sixth_row_of_the_published_file(real_climate):
    known = facts(real_climate)
    assert known["rows"] == 70_092
    assert [(jump["to"], jump["rows"]) for jump in known["jumps_back"]] == [
        ("2010-07-01T00:30:00", 24),
        ("2014-03-20T11:10:00", 30),
    ]
    assert known["longest_gap_hours"] == 75.17
    assert known["replaced_readings"] == {"wv (m/s)": 3, "max. wv (m/s)": 4}


@pytest.mark.parametrize(("horizon_hours", "normalised"), [(25, 0.2893), (24, 0.2775)])
def test_real_persistence(real_climate, horizon_hours, normalised):
    splits = windows_of(real_climate, horizon_hours=horizon_hours)
    assert persistence_mae(splits.validation) == pytest.approx(normalised, abs=5e-5)
    if horizon_hours == 25:
        degrees = persistence_mae(splits.validation) * splits.degrees_per_unit
        assert degrees == pytest.approx(2.56, abs=0.01)
