"""The Jena loader: what it accepts, counts and repairs, and what it refuses in which words."""

import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from protocols import windows_of

from data.errors import DataError
from data.jena import load_jena, read_jena
from data.jena_file import LIMITS, QUANTITIES, TIME_COLUMN, TIME_FORMAT, Source, timestamps_of
from data.windows import persistence_mae

NAME = "jena_climate_2009_2016.csv"


def table(rows=60, minutes=10, quantities=QUANTITIES):
    """A file's content: each quantity from its lowest possible reading on, 0.01 more each row."""
    times = pd.date_range("2009-01-01 00:10:00", periods=rows, freq=f"{minutes}min")
    readings = {name: np.round(LIMITS[name][0] + np.arange(rows) / 100, 2) for name in quantities}
    return pd.DataFrame({TIME_COLUMN: times.strftime(TIME_FORMAT), **readings})


@pytest.fixture
def write(tmp_path):
    """Writes a table, or text, as a file and returns its path."""

    def write_file(content, encoding="utf-8"):
        path = tmp_path / NAME
        text = content if isinstance(content, str) else content.to_csv(index=False)
        path.write_bytes(text.encode(encoding))
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


def test_day_comes_before_month(write):
    climate = read_jena(write(table(rows=40, minutes=24 * 60)))
    assert climate.timestamps[31] == np.datetime64("2009-02-01T00:10:00")


def test_published_rows_and_quantities_need_no_footnote(write, monkeypatch):
    monkeypatch.setattr("data.jena.PUBLISHED_ROWS", 60)  # the real number takes 20 s to write
    assert read_jena(write(table())).provenance["notes"] == []


def test_other_cadence_and_fewer_quantities_are_footnotes(write):
    climate = read_jena(write(table(minutes=60, quantities=QUANTITIES[:12])))
    assert climate.cadence_minutes == 60
    assert climate.quantities == QUANTITIES[:12]
    assert climate.provenance["notes"] == [
        "The Jena file has one row an hour instead of one every 10 minutes (60 rows).",
        "max. wv (m/s) and wd (deg) are missing: 12 quantities instead of 14.",
    ]


def test_columns_come_in_the_published_order(write):
    shuffled = table()[["wd (deg)", "T (degC)", TIME_COLUMN, "p (mbar)"]]
    climate = read_jena(write(shuffled))
    assert climate.quantities == ("p (mbar)", "T (degC)", "wd (deg)")
    np.testing.assert_allclose(climate.values[1], [300.01, -89.99, 0.01])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_units_in_any_encoding(write, encoding):
    content = table()
    content["SWDR (W/m²)"] = "not read"
    climate = read_jena(write(content, encoding=encoding))
    assert climate.quantities == QUANTITIES
    assert climate.provenance["notes"][1:] == [
        "Columns that the published file does not have were left out: 'SWDR (W/m²)'."
    ]


@pytest.mark.parametrize("ending", ["\n\n", "\r\n\r\n", "  \n \n"])
def test_empty_last_lines(write, ending):
    assert facts(read_jena(write(table().to_csv(index=False) + ending)))["rows"] == 60


def test_quoted_header_and_windows_line_ends(write):
    text = table().to_csv(index=False).replace("\n", "\r\n")
    header, rest = text.split("\r\n", 1)
    quoted = ",".join(f'"{name}"' for name in header.split(","))
    assert facts(read_jena(write(f"{quoted}\r\n{rest}")))["quantities"] == 14


def test_zip_as_downloaded(write):
    path = write(table())
    archive_path = path.with_suffix(".csv.zip")
    with zipfile.ZipFile(archive_path, "w") as archive:
        archive.write(path, NAME)
        archive.writestr(f"__MACOSX/._{NAME}", b"resource fork")
    np.testing.assert_array_equal(read_jena(archive_path).values, read_jena(path).values)


def test_a_file_without_a_regular_cadence_is_refused(write):
    holes = np.random.default_rng(0).permutation(200)[:40]
    with pytest.raises(DataError, match=r"no regular cadence: .* are not 10 minutes; resample"):
        read_jena(write(table(rows=200).drop(index=holes)))


def test_gaps_are_counted(write):
    content = table(rows=100).drop(index=[10, 11, 12, 50])
    climate = read_jena(write(content))
    assert facts(climate)["rows"] == 96
    assert facts(climate)["gaps"] == 2
    assert facts(climate)["longest_gap_hours"] == 0.67  # 40 minutes from row to row


def test_missing_readings_take_the_last_good_one(write):
    content = table()
    content.loc[[5, 6, 20], "wv (m/s)"] = -9999.0
    content.loc[[0, 1], "wd (deg)"] = -9999.0
    climate = read_jena(write(content))
    wind, direction = QUANTITIES.index("wv (m/s)"), QUANTITIES.index("wd (deg)")
    np.testing.assert_allclose(climate.values[[4, 5, 6, 7], wind], [0.04, 0.04, 0.04, 0.07])
    np.testing.assert_allclose(climate.values[[0, 1, 2], direction], [0.02, 0.02, 0.02])
    assert facts(climate)["replaced_readings"] == {"wv (m/s)": 3, "wd (deg)": 2}
    assert climate.provenance["notes"][-1] == (
        "5 readings of -9999 were replaced by the last good reading before them, "
        "at the start by the next "
        "(wv (m/s): 3, wd (deg): 2)."
    )


def test_repeated_rows_stay_and_are_counted(write):
    content = table()
    block = pd.concat([content[:20], content[12:20], content[20:], content[59:]])
    climate = read_jena(write(block))
    assert facts(climate)["rows"] == len(climate.values) == 69
    assert facts(climate)["repeated_rows"] == 9
    assert np.flatnonzero(climate.repeated).tolist() == [*range(20, 28), 68]
    assert facts(climate)["gaps"] == 0
    assert climate.cadence_minutes == 10


def test_repeated_timestamp_with_other_readings_is_refused(write):
    content = table()
    content.loc[30, TIME_COLUMN] = content.loc[12, TIME_COLUMN]
    with pytest.raises(
        DataError,
        match=r"line 32: timestamp 2009-01-01T02:10:00 repeats line 14 with other readings; remove",
    ):
        read_jena(write(content))


def test_unsorted_timestamps_are_refused(write):
    content = table()
    content = pd.concat([content[:20], content[30:40], content[20:30], content[40:]])
    with pytest.raises(
        DataError,
        match=r"line 32: timestamp 2009-01-01T03:30:00 comes after 2009-01-01T06:40:00 "
        r"\(line 31\); sort",
    ):
        read_jena(write(content))


@pytest.mark.parametrize("field", ["n/a", "NaN", "inf", "1_2", "1.2.3", ""])
def test_bad_number_is_named_with_line_and_column(write, field):
    content = table().astype({"rh (%)": str})
    content.loc[[40, 50], "rh (%)"] = field
    wrong = f"{field!r} is not a number" if field else "the field is empty"
    with pytest.raises(DataError, match=re.escape(f"{NAME}, line 42, column 'rh (%)': {wrong};")):
        read_jena(write(content))


def test_line_numbers_count_blank_lines(write):
    lines = table().to_csv(index=False).split("\n")
    lines[41] = lines[41].replace("-89.6,", "warm,")  # line 42 before the two blank lines
    text = "\n".join([*lines[:10], "", "", *lines[10:]])
    with pytest.raises(DataError, match=r"line 44, column 'T \(degC\)': 'warm' is not a number"):
        read_jena(write(text))


def test_bad_timestamp_is_named_with_line(write):
    content = table()
    content.loc[7, TIME_COLUMN] = "2009-01-01 01:20"
    with pytest.raises(
        DataError, match=r"line 9, column 'Date Time': '2009-01-01 01:20' is not a timestamp"
    ):
        read_jena(write(content))


@pytest.mark.parametrize("column", [TIME_COLUMN, "T (degC)"])
def test_missing_column_is_named_with_those_found(write, column):
    with pytest.raises(DataError) as error:
        read_jena(write(table().drop(columns=column)))
    message = str(error.value)
    assert f"{NAME} has no column {column!r}. Columns found: " in message
    found = message.split("Columns found: ")[1].split(". The published file has ")[0]
    assert "'p (mbar)'" in found
    assert repr(column) not in found
    assert all(name in message for name in QUANTITIES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("\0\1\2\n\0", "binary data"),
        ("<!DOCTYPE html>\n<title>404</title>\n", "has no column 'Date Time', 'T .degC.'"),
        (f"{table().to_csv(index=False).strip()},7", "line 61, saw 16"),
        (table(rows=23), "has 23 rows, at least 24 are needed"),
        (table().iloc[:0], "has 0 rows"),
        (table(minutes=0.5), "mostly 30 seconds from row to row"),
        (table().assign(**{"wd (deg)": -9999}), "'wd .deg.': every reading is -9999"),
        (table().set_index(TIME_COLUMN, drop=False).to_csv()[len(TIME_COLUMN) + 1 :], "line 2"),
    ],
)
def test_files_that_cannot_be_used(write, content, message):
    with pytest.raises(DataError, match=f"{re.escape(NAME)}.*{message}"):
        read_jena(write(content))


def test_words_in_a_whole_column(write):
    with pytest.raises(DataError, match=r"line 2, column 'wd \(deg\)': 'True' is not a number"):
        read_jena(write(table().assign(**{"wd (deg)": True})))


@pytest.mark.parametrize(
    ("column", "reading"),
    [
        ("T (degC)", "-300.0"),
        ("T (degC)", "265.15"),  # kelvin
        ("T (degC)", "95.0"),  # Fahrenheit
        ("T (degC)", "1e308"),
        ("Tpot (K)", "-7.99"),
        ("p (mbar)", "99652.0"),  # pascal
        ("rh (%)", "-0.1"),
        ("wd (deg)", "360.5"),
    ],
)
def test_an_impossible_reading_is_named_with_line_and_column(write, column, reading):
    content = table().astype({column: str})
    content.loc[40, column] = reading
    message = f"{NAME}, line 42, column '{column}': {reading} is not possible (from "
    with pytest.raises(DataError, match=re.escape(message)):
        read_jena(write(content))


def test_an_impossible_reading_far_down_is_named(write, monkeypatch):
    monkeypatch.setattr("data.jena_file._PART", 25)
    content = table()
    content.loc[57, "wv (m/s)"] = 999
    with pytest.raises(DataError, match=r"line 59, column 'wv \(m/s\)': 999"):
        read_jena(write(content))
    content.loc[57, "wv (m/s)"] = -9999
    assert facts(read_jena(write(content)))["replaced_readings"] == {"wv (m/s)": 1}


def test_row_cut_short(write):
    text = table().to_csv(index=False).strip()
    with pytest.raises(DataError, match=r"line 61, column 'wd \(deg\)': the field is empty"):
        read_jena(write(text.rsplit(",", 1)[0]))


def test_unreadable_paths(tmp_path):
    with pytest.raises(DataError, match=r"there is no file .*absent\.csv"):
        read_jena(tmp_path / "absent.csv")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory"):
        read_jena(tmp_path)


def test_damaged_archives(write):
    path = write(table())
    damaged = path.with_suffix(".zip")
    damaged.write_bytes(b"PK\3\4 broken off")
    with pytest.raises(DataError, match=r"not a zip archive .* download it again"):
        read_jena(damaged)
    with zipfile.ZipFile(damaged, "w") as archive:
        archive.writestr("readme.txt", "no table here")
    with pytest.raises(DataError, match=r"should hold one \.csv file but holds 0"):
        read_jena(damaged)


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
    content.loc[[5, 6], "p (mbar)"] = -9999
    climate = read_jena(write(content), ["T (degC)", "p (mbar)"])
    assert climate.quantities == ("T (degC)", "p (mbar)")
    before, after = content["p (mbar)"][[4, 7]]
    assert climate.values[4:8, 1].tolist() == [before, before, before, after]
    assert np.argwhere(climate.missing).tolist() == [[5, 1], [6, 1]]
    with pytest.raises(DataError) as error:
        read_jena(write(content), ["T (degC)", "rho (g/m**3)", "rain (mm)"])
    assert "has no column 'rho (g/m**3)', 'rain (mm)'. Columns found: 'Date Time'" in str(
        error.value
    )
    needed = "These are needed: 'Date Time', 'T (degC)', 'rho (g/m**3)', 'rain (mm)'."
    assert str(error.value).endswith(needed)


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
        (slice(None), 420_551, [144, 183]),
        *[(slice(phase, None, 6), 70_091 + (phase < 5), [24, 30]) for phase in range(6)],
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


@pytest.mark.parametrize(
    "text",
    [
        "28.02.2009 23:59:59",
        "1.1.2009 0:00:00",
        "01.01.2009 00:00:60",
        "31.02.2009 00:00:00",
        "01.13.2009 00:00:00",
        "01.01.2009 24:00:00",
        "01.01.2009 00:00",
        "01.01.2009 00:00:000",
        "01.01.2009T00:00:00",
        "+1.01.2009 00:00:00",
        "01.01.0000 00:00:00",
        "٠1.01.2009 00:00:00",
    ],
)
def test_timestamps_are_read_as_pandas_reads_them(text):
    column = pd.Series(["01.01.2009 00:00:00", text])
    content = "\n".join([TIME_COLUMN, *column, ""]).encode()
    source = Source("file.csv", content, [TIME_COLUMN])
    expected = pd.to_datetime(column, format=TIME_FORMAT, errors="coerce")
    if expected.isna().any():
        with pytest.raises(
            DataError, match=r"line 3, column 'Date Time': '.{1,20}' is not a timestamp"
        ):
            timestamps_of(source, column)
    else:
        assert (timestamps_of(source, column) == expected.to_numpy()).all()
