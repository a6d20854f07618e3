"""`make forecast` through its command line, with a network trained on the sample weather."""

import os
import re
import shutil
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from commands import places, run

from data.errors import DataError
from data.jena import QUANTITIES, TEMPERATURE, TIME_COLUMN, TIME_FORMAT
from data.sample_weather import sample_weather
from experiments.__main__ import main as experiments
from explore import forecast, forecast_results
from explore.forecasters import find_row, open_weather
from harness.records.files import read_json, write_checksums, write_json
from harness.records.record import load_record

LOOKBACK, HORIZON = 48, 25  # hours, of the sample protocol


@pytest.fixture(scope="module")
def trained(tmp_path_factory, ask):
    """A folder with a network and the two baselines, as `make demo` leaves them."""
    folder = tmp_path_factory.mktemp("trained")
    for name in ("jena-gru", "jena-ridge"):
        done = ask(experiments, name, "--sample", *places(folder))
        assert done.returncode == 0, done.stderr
    return folder / "results"


@pytest.fixture
def say(ask, trained, tmp_path):
    """Calls the command on sample data in this process, which has TensorFlow already."""

    def call(*arguments, results=trained):
        chosen = ["--sample", "--results-dir", results, "--plots-dir", tmp_path / "plots"]
        return ask(forecast.main, *chosen, *arguments)

    return call


def newer_weather(days=70, minutes=10, first="2024-01-01", seed=1):
    """Made weather in the columns of the station's files of today, at another cadence."""
    hours = sample_weather(seed).drop(columns=TIME_COLUMN)[: days * 24 + 1]
    rows = np.arange(0, days * 24 * 60, minutes)
    times = pd.Timestamp(first) + pd.to_timedelta(rows, "m")
    table = {
        name: np.interp(rows / 60, np.arange(len(hours)), column).round(2)
        for name, column in hours.items()
    }
    table |= {"rain (mm)": 0.0, "SWDR (W/m²)": 12.5, "PAR (µmol/m²/s)": 3.1, "CO2 (ppm)": 420.0}
    frame = pd.DataFrame({TIME_COLUMN: times.strftime(TIME_FORMAT), **table})
    first_column, *others = frame
    return frame[[first_column, *reversed(others)]]


@pytest.fixture
def write(tmp_path):
    """Writes a table as the station does and returns its path."""

    def write_file(table, name="mpi_roof_2024a.csv", encoding="latin-1"):
        path = tmp_path / name
        path.write_bytes(table.to_csv(index=False).encode(encoding))
        return path

    return write_file


def forecasts(text):
    """The numbers of the first block: {name: °C}."""
    return {name: float(value) for name, value in re.findall(r"  (\S.*?) +(-?[\d.]+) °C", text)}


def table_of(text, unit):
    """A printed table: {row: numbers}."""
    block = text.partition(f"Mean absolute error (°C) by {unit}\n")[2].partition("\n\n")[0]
    rows = [re.match(r"  (\S.*?)  +(\d.*)", line).groups() for line in block.splitlines()[1:]]
    return {name: [float(cell.replace(",", "")) for cell in rest.split()] for name, rest in rows}


def test_a_forecast_and_the_errors_on_the_test_rows_which_are_those_of_the_records(
    say, trained, tmp_path, monkeypatch
):
    drawn = {}

    def plot(path, title, charts, plot=forecast_results.plot_panels):
        drawn[path.name] = charts
        return plot(path, title, charts)

    monkeypatch.setattr(forecast_results, "plot_panels", plot)
    done = say("--date", "2010-10-01 12:30")
    assert done.returncode == 0, done.stderr
    head = done.stdout.partition("plot: ")[0]
    assert head.startswith("forecast of 2010-10-01 12:10 for 2010-10-02 13:10\n")
    said, weather = forecasts(head), sample_weather().set_index(TIME_COLUMN)[TEMPERATURE]
    assert said["now"] == said["Persistence"] == round(weather["01.10.2010 12:10:00"], 1)
    assert said["measured"] == round(weather["02.10.2010 13:10:00"], 1)
    assert said["GRU"] != said["Persistence"]
    error = float(re.search(r"GRU .*°C +([+-][\d.]+)", head)[1])
    assert error == pytest.approx(said["GRU"] - said["measured"], abs=0.1)

    count, *errors = table_of(done.stdout, "year")["test, all years"]
    gru, ridge = (load_record(trained / name / "seed-0") for name in ("jena-gru", "jena-ridge"))
    scale = gru.metrics["degrees_per_unit"]
    expected = [r.metrics["test_at_best"] * scale for r in (gru, ridge)]
    expected.append(gru.metrics["reference"]["test"] * scale)
    # the published windows leave out the last row; otherwise they are the same
    assert 0 <= count - gru.data["facts"]["test_windows"] <= 1
    assert errors == pytest.approx(expected, rel=1e-3)
    for unit, rows in (("month", 7), ("hour", 24)):
        parts = table_of(done.stdout, unit)
        assert len(parts) == rows
        counts, *columns = np.array(list(parts.values())).T
        assert sum(counts) == count
        for column, mean in zip(columns, errors, strict=True):
            assert counts @ column / count == pytest.approx(mean, abs=2e-3)
    for name in ("forecast", "forecast-inputs", "forecast-errors"):
        assert (tmp_path / "plots" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert re.search(r"^GRU: off by [\d.]+ °C, \d+ % less than persistence", done.stdout, re.M)
    labels = [[c.label.partition(":")[0] for c in one.curves] for one in drawn["forecast.png"]]
    by_networks, others = ["GRU"], ["Ridge on two days and the calendar", "Persistence"]
    assert labels == [["measured", *names, "what happened"] for names in (by_networks, others)]


def test_a_newer_file_at_ten_minutes_is_forecast_as_its_hours_are(say, write):
    by_ten_minutes = newer_weather()
    at_hours = by_ten_minutes[::6]
    whole = say("--file", write(by_ten_minutes), "--date", "2024-02-20 06:00")
    hourly = say("--file", write(at_hours, "hours.csv"), "--date", "2024-02-20 06:00")
    assert whole.returncode == hourly.returncode == 0, whole.stderr + hourly.stderr
    assert forecasts(whole.stdout) == forecasts(hourly.stdout)
    for unit in ("year", "month", "hour"):
        assert table_of(whole.stdout, unit) == table_of(hourly.stdout, unit)
    scored = table_of(whole.stdout, "year")
    windows = 70 * 24 - LOOKBACK + 1 - HORIZON
    assert set(scored) == {"2024, test", "test, all years"}
    assert scored["2024, test"][0] == windows
    assert "°C (95 %, over weeks): " in whole.stdout
    temperature = at_hours[TEMPERATURE].to_numpy()[LOOKBACK - 1 :]
    persistence = np.abs(temperature[HORIZON:] - temperature[:-HORIZON]).mean()
    assert scored["2024, test"][-1] == pytest.approx(persistence, abs=1e-3)


def test_the_end_of_a_part_of_the_series_is_forecast_as_in_the_whole(say, write):
    """Nothing is normalised by the file: mean and deviation are those of the training rows."""
    part = sample_weather()[15_000:15_200]
    said = [say("--date", "2010-09-26 07:10"), say("--file", write(part))]
    whole, end = (one.stdout.partition("plot: ")[0] for one in said)
    assert end.startswith("forecast of 2010-09-26 07:10 for 2010-09-27 08:10\n")
    del (known := forecasts(whole))["measured"]
    assert forecasts(end) == known
    assert set(known) == {"now", "GRU", "Ridge on two days and the calendar", "Persistence"}
    assert "too few weeks for an interval" in said[1].stdout


def opened(path=None):
    """A file, or the sample weather, as the networks of the sample protocol read it."""
    spans = SimpleNamespace(lookback_hours=LOOKBACK, step_hours=1, horizon_hours=HORIZON)
    return open_weather(path, None, path is None, spans, QUANTITIES)


def test_missing_readings_are_neither_read_for_long_nor_scored(write):
    whole = newer_weather(minutes=60)
    short, outage, wind = whole.copy(), whole.copy(), whole.copy()
    short.loc[800:802, "wv (m/s)"] = -9999
    outage.loc[800:809, TEMPERATURE] = -9999
    wind.loc[800:809, "wv (m/s)"] = -9999

    def scored(table):
        return len(opened(write(table)).scorable())

    count = scored(whole)
    assert count == 70 * 24 - LOOKBACK + 1 - HORIZON
    assert scored(short) == count  # carried on for three hours, as in training
    # the last four of the ten hours are older than six: no window reads them
    assert count - scored(wind) == LOOKBACK - 1 + 4
    # besides, the ten temperatures are no targets, and their rows no last inputs
    assert count - scored(outage) == LOOKBACK - 1 + 4 + 6 + 10
    message = "has no rows, or no readings for more than 6 hours, until 2024-02-03 17:00.*DATE="
    with pytest.raises(DataError, match=message):
        find_row(opened(write(wind)), datetime.fromisoformat("2024-02-04 03:00"))


def one_message(done, code, *parts):
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    (error,) = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.stderr.splitlines()[-1] == error
    for part in parts:
        assert part in error
    assert done.stdout == ""


def test_a_moment_without_a_forecast_is_named_with_one_that_has_it(write):
    gap = newer_weather(minutes=60).drop(index=range(500, 520))
    weather = {"sample": opened(), "gap": opened(write(gap))}
    span = "has rows from 2009-01-01 00:10 to 2010-12-31 23:10"
    hole = "has no rows, or no readings for more than 6 hours, until 2024-01-22 16:00"
    beside = 'choose DATE="2024-01-21 19:00" or DATE="2024-01-24 15:00"'
    for series, date, obstacle, remedy in (
        ("sample", "2015-07-14 00:00", span, 'choose DATE="2010-12-31 23:10"'),
        ("sample", "2008-12-31 23:00", span, 'choose DATE="2009-01-02 23:10"'),
        ("sample", "2009-01-02 12:00", "reads the 48 hours", 'choose DATE="2009-01-02 23:10"'),
        ("gap", "2024-01-22 03:00", hole, beside),
        ("gap", "2024-01-23 09:30", hole, beside),
    ):
        with pytest.raises(DataError) as error:
            find_row(weather[series], datetime.fromisoformat(date))
        assert obstacle in str(error.value)
        assert remedy in str(error.value)
    for series, date, row in (
        ("sample", "2009-01-02 23:10", 47),
        ("gap", "2024-01-21 19:59", 499),
        ("gap", "2024-01-24 15:00", 547),
    ):
        assert find_row(weather[series], datetime.fromisoformat(date)) == row
    assert find_row(weather["sample"], None) == 17_519


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        (
            newer_weather(days=5).drop(columns=["rh (%)", TEMPERATURE]),
            ["has no column 'T (degC)', 'rh (%)'", "Columns found: 'Date Time', 'CO2 (ppm)'"],
        ),
        (
            newer_weather(days=5).assign(**{"wd (deg)": -9999}),
            ["has no reading at all of 'wd (deg)': the networks read it; take another file"],
        ),
        (
            newer_weather(days=30, minutes=180),
            ["one row every 180 minutes", "a whole number of rows"],
        ),
        (newer_weather(days=1, minutes=60), ["no forecast can be made", "nor can it at any other"]),
    ],
    ids=["columns", "no wind", "cadence", "short"],
)
def test_a_file_that_cannot_be_used_is_one_message(say, write, table, parts):
    one_message(say("--file", write(table)), 1, "mpi_roof_2024a.csv", *parts)


def test_a_file_from_before_the_test_rows_is_forecast_and_not_scored(say, write):
    done = say("--file", write(newer_weather(days=5, minutes=60, first="2005-01-01")))
    assert done.returncode == 0, done.stderr
    assert forecasts(done.stdout)["GRU"]
    assert "nothing to score: " in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("normalisation", None, "(normalisation: Field required); train a network"),
        ("normalisation", {TEMPERATURE: [9.5, 0]}, "normalisation.T (degC).1: Input should be"),
        ("normalisation", {TEMPERATURE: [9.5, 8.0]}, "does not match the record beside it"),
        ("normalisation", {"rh (%)": [76, 16.5]}, "does not read 'T (degC)'"),
        ("last_timestamp", "soon", "(last_timestamp: Input should be a valid datetime"),
        ("gaps", None, "(gaps: Field required); train a network"),
        ("cadence_minutes", 0, "(cadence_minutes: Input should be greater than"),
    ],
)
def test_a_record_that_lacks_or_falsifies_facts_is_one_message(
    say, trained, tmp_path, name, value, sentence
):
    copy = shutil.copytree(trained, tmp_path / "foreign")
    file = copy / "jena-gru/seed-0/data.json"
    content = read_json(file)
    content["facts"][name] = value
    if value is None:
        del content["facts"][name]
    write_json(file, content)
    write_checksums(file.parent)
    one_message(say("--network", "jena-gru", results=copy), 1, sentence)


def test_a_network_that_is_absent_is_one_message(say, tmp_path):
    one_message(say("--network", "jena-gru-dropout"), 1, "no trained jena-gru-dropout")
    one_message(say(results=tmp_path / "none"), 1, "no trained network on jena")


def test_the_real_command_forecasts_with_the_network_of_the_project(tmp_path):
    folder = os.environ.get("RNN_DATA_DIR")
    if not folder or not os.path.isfile(f"{folder}/jena_climate_2009_2016.csv"):
        pytest.skip("real data: RNN_DATA_DIR names no directory with the Jena file")
    date = ["--date", "2015-07-14 12:00", "--network", "jena-gru"]
    done = run("explore.forecast", *date, *places(tmp_path), RNN_DATA_DIR=folder)
    assert done.returncode == 0, done.stderr
    _, gru, ridge, persistence = table_of(done.stdout, "year")["test, all years"]
    assert max(gru, ridge) < persistence
    assert done.stderr.startswith("loading GRU\n")


@pytest.mark.parametrize(
    ("training", "reason"),
    [
        (None, "`make data` brings its training rows"),
        (b"PK\3\4 broken off", "damaged or not a zip archive"),
    ],
    ids=["absent", "damaged"],
)
def test_without_the_training_rows_ridge_is_left_out(tmp_path, write, capsys, training, reason):
    folder = tmp_path / "data"
    folder.mkdir()
    if training:
        (folder / "jena_climate_2009_2016.csv").write_bytes(training)
    file = write(newer_weather(days=30, minutes=60))
    options = ["--network", "jena-gru", "--file", file, "--data-dir", folder, *places(tmp_path)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path))
        patch.setattr("data.files.DOWNLOADS", tmp_path)
        assert forecast.main([*map(str, options)]) == 0
    done = capsys.readouterr()
    (left_out,) = [line for line in done.err.splitlines() if line.startswith("without ridge")]
    assert reason in left_out
    assert set(forecasts(done.out)) == {"now", "GRU", "Persistence"}
