"""A regular series of the user's own: its columns, its gaps, and what cannot be used."""

import gzip

import numpy as np
import pandas as pd
import pytest

from data.errors import DataError
from data.series import described, read_series, span_text
from data.windows import Windows, a_season_before


def table(rows=400, step="h", **columns):
    """A frame with times and noise, and more columns."""
    rng = np.random.default_rng(0)
    times = pd.date_range("2020-01-01", periods=rows, freq=step)
    load = rng.normal(500, 20, rows).round(1)
    return pd.DataFrame({"date": times, "load (MW)": load, **columns})


@pytest.fixture
def read(tmp_path):
    def read(content, name="load.csv", **columns):
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            content = content.to_csv(index=False)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_series(str(path), **columns)

    return read


def in_no_order(text):
    """The lines sorted by their last letters, the header first."""
    header, *lines = text.strip().split("\n")
    return "\n".join([header, *sorted(lines, key=lambda line: line[::-1])])


def facts(series):
    return series.provenance["facts"]


def test_what_was_read_is_said_in_a_line(read):
    frame = table(wind=np.arange(400.0), holiday="no").drop(index=[50, 51])
    frame.loc[100:102, "wind"] = np.nan
    frame = pd.concat([frame, frame.tail(1)])
    series = read(frame, target="load (MW)")
    assert described(series) == (
        "399 rows every 1 h from 2020-01-01T00:00:00 to 2020-01-17T15:00:00; target load (MW), "
        "other inputs wind; gaps: 1; missing readings, replaced by the last good one: 3; "
        "rows that repeat a time, left out: 1; no numbers, left out: holiday; days as yyyy-mm-dd"
    )
    assert (series.target, facts(series)["unit"]) == ("load (MW)", "MW")
    assert series.quantities == ("load (MW)", "wind")
    assert series.values[98:102, 1].tolist() == [99.0, 99.0, 99.0, 103.0]  # rows after the gap


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";").replace(".", ","),
        lambda text: "\n".join([text.split("\n")[0], *text.strip().split("\n")[:0:-1], ""]),
        in_no_order,
        lambda text: text.replace(":00,", ":00Z,"),
        lambda text: text.replace(":00,", ":00+0200,"),
        lambda text: text.replace("0:00:00,", "0:00:00Z,").replace(":00,", ":00+00:00,"),
        lambda text: gzip.compress(text.encode()),
        lambda text: text.replace("date", "time"),
        lambda text: text.replace("date", ""),
        lambda text: (
            text.replace("date", "n,date").replace("2020-", "7,2020-").replace("n,", ",", 1)
        ),
        lambda text: text.replace("date", "Date,Time").replace(" ", ",").replace("load,", "load "),
    ],
    ids=[
        "semicolons",
        "newest first",
        "no order",
        "UTC",
        "an offset",
        "two offsets",
        "gzip",
        "time",
        "no name",
        "row numbers",
        "two columns",
    ],
)
def test_forms_that_are_recognised(change, read):
    plain, changed = read(table()), read(change(table().to_csv(index=False)))
    np.testing.assert_array_equal(changed.values, plain.values)
    steps = np.diff(changed.timestamps)
    np.testing.assert_array_equal(steps, np.diff(plain.timestamps))
    assert changed.cadence_minutes == 60


@pytest.mark.parametrize(
    ("content", "columns", "sentence"),
    [
        (
            pd.concat([table(), table()["load (MW)"] + 1], axis=1),
            {"target": "load (MW)"},
            "has 2 columns named 'load (MW)'; rename all but one",
        ),
        (
            table().assign(**{"load (MW)": [f"{n:,}" for n in range(1000, 1400)]}),
            {},
            "'1,000' can be 1.000 or 1000; write numbers without commas",
        ),
        (table(rows=199), {}, "has 199 rows; at least 200 are needed"),
        (table(wind=1.5), {}, "has 2 columns of numbers ('load (MW)', 'wind'); name the one to"),
        (table().drop(columns="load (MW)").assign(a="x"), {}, "has 0 columns of numbers (none)"),
        (table(), {"target": "price"}, "has no column 'price'; it has 'load (MW)'"),
        (table(), {"time": "price"}, "has no column 'price'; it has 'date', 'load (MW)'"),
        (table(a="x"), {"target": "a"}, "line 2, column 'a': 'x' is not a number; so are 100%"),
        (table().rename(columns={"date": "d"}), {}, "is known to hold the times; name it with"),
        (table().assign(date="soon"), {}, "no time that can be read; write the whole column as"),
        (table().iloc[np.sort(np.random.default_rng(0).choice(400, 250, False))], {}, "no regular"),
        (
            table(a=2.0),
            {"target": "a"},
            "column 'a', is 2 throughout: there is nothing to forecast",
        ),
        (table().assign(**{"load (MW)": np.nan}), {"target": "load (MW)"}, "no reading at all"),
        (table(step="90s"), {}, "mostly 90 seconds from row to row"),
        (b"\x89PNG\0\0", {}, "is not a CSV file"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(content, columns, sentence, read):
    with pytest.raises(DataError) as error:
        read(content, **columns)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_season_before_is_known_at_the_last_input():
    times = np.datetime64("2020-01-01T00", "s") + np.arange(100) * np.timedelta64(1, "h")
    last = np.array([30, 50, 99 - 6])
    windows = Windows(np.zeros((100, 1), np.float32), last, np.array([0]), 6, 0)
    # 6 hours ahead: 24 hours before the target; 24 h of seasons of 4 h: 8 hours before it
    assert a_season_before(windows, times, 24).tolist() == (last + 6 - 24).tolist()
    assert a_season_before(windows, times, 4).tolist() == (last + 6 - 8).tolist()
    # where there is no row a season before, the last input
    assert a_season_before(windows, times, 72).tolist() == [30, 50, 99 - 72]
    gap = np.delete(np.arange(100), 12)
    shifted = Windows(windows.series[gap], last - 1, windows.offsets, 6, 0)
    assert a_season_before(shifted, times[gap], 24).tolist() == [29, 31, 74]


@pytest.mark.parametrize(
    ("hours", "text"), [(1 / 6, "10 min"), (1, "1 h"), (24, "24 h"), (36, "36 h"), (240, "10 d")]
)
def test_spans_are_written_in_the_largest_unit_that_fits(hours, text):
    assert span_text(hours) == text
