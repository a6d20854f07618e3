"""`make try-reviews` and `make try-series` on small files: runs, table, figure, sentence."""

import json

import numpy as np
import pandas as pd
import pytest

from experiments.common.jena import own_windows
from experiments.common.own_data import OwnReviews, OwnSeries, dataset_of, experiment_on
from harness.experiment import read_plan
from harness.records.record import find_records
from harness.suite.own_data import main

SMALL = ["--epochs", "1", "--seeds", "1", "--units", "4"]


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    """A file in which one word tells the label; three models read it."""
    names = ("majority", "linear", "simple-rnn")
    monkeypatch.setattr(OwnReviews, "MODELS", names)
    lines = [f"a {word} film {n},{word}" for n in range(110) for word in ("good", "bad")]
    path = tmp_path / "my reviews.csv"
    path.write_text("\n".join(["text,label", *lines]), "utf-8")
    return path


@pytest.fixture
def series(tmp_path, monkeypatch):
    """Waves of a day and noise, one row an hour; three models read them."""
    names = ("persistence", "seasonal-persistence", "gru")
    monkeypatch.setattr(OwnSeries, "MODELS", names)
    hours = np.arange(900)
    noise = np.random.default_rng(0).normal(0, 0.1, 900)
    columns = {"load (MW)": np.sin(hours * 2 * np.pi / 24) + noise, "wind": noise}
    times = pd.date_range("2020-01-01", periods=900, freq="h")
    path = tmp_path / "load.csv"
    pd.DataFrame({"time": times, **columns}).to_csv(path, index=False)
    return path


def tried(path, kind, *options):
    folder = path.parent
    places = ["--results-dir", str(folder / "r"), "--plots-dir", str(folder / "p")]
    return main([kind, str(path), *SMALL, *places, *options])


def test_reviews_end_in_a_table_a_figure_and_a_sentence(reviews, tmp_path, capsys):
    assert tried(reviews, "reviews", "--maxlen", "12") == 0
    said = capsys.readouterr().out
    assert "my reviews.csv: 220 reviews from column text, labels from column label (110 bad" in said
    assert "Linear on words and bigrams" in said.split("my-reviews\n")[1]
    assert "SimpleRNN, maxlen = 12, units = 4, epochs = 1, the best recurrent network, is " in said
    assert "1 seed is too few for an interval over seeds." in said
    assert (tmp_path / "p/my-reviews.png").exists()
    assert "my-reviews" in (tmp_path / "r/RESULTS.md").read_text("utf-8")
    records, left_out = find_records(tmp_path / "r")
    assert (len(records), left_out) == (3, [])
    network = records[-1]
    words = (network.path / "vocabulary.txt").read_text("utf-8").split("\n")
    assert set(words[:4]) == {"a", "film", "good", "bad"}
    assert network.data["facts"]["timesteps"] == 10
    assert network.environment["command"].startswith("python -m experiments simple-rnn --seed 0 ")
    assert "--reviews-file 'my reviews.csv'" in network.make_again

    assert tried(reviews, "reviews", "--maxlen", "12") == 0
    assert "0 finished, 3 finished earlier, 0 failed" in capsys.readouterr().out
    reviews.write_text(reviews.read_text("utf-8") + "\na fair film,good", "utf-8")
    assert tried(reviews, "reviews", "--maxlen", "12") == 1
    assert "holds a run on another my reviews.csv than" in capsys.readouterr().err


def test_a_series_has_a_table_for_each_horizon(series, tmp_path, capsys):
    options = ["--target", "load (MW)", "--horizon", "6h,2 rows", "--lookback", "1d"]
    assert tried(series, "series", *options, "--batches-per-epoch", "2") == 0
    said = capsys.readouterr().out
    assert "load.csv: 900 rows every 1 h from 2020-01-01T00:00:00" in said
    assert "6 h ahead, from the last 24 h, a timestep every 1 h" in said
    assert "2 h ahead, from the last 24 h, a timestep every 1 h" in said
    assert said.count("the best recurrent network, is ") == 2
    errors = {record.label: record.metrics for record in find_records(tmp_path / "r")[0]}
    assert len(errors) == 6
    (seasonal,) = (v for k, v in errors.items() if k.startswith("seasonal") and "hours-6" in k)
    (now,) = (v for k, v in errors.items() if k.startswith("persistence") and "hours-6" in k)
    assert seasonal["test_at_best"] < now["test_at_best"] / 5  # the waves come again
    data = json.loads(next((tmp_path / "r").glob("gru*/seed-0/data.json")).read_text("utf-8"))
    assert (data["facts"]["unit"], data["dataset"]) == ("MW", "load-load-MW")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "has 2 columns of numbers ('load (MW)', 'wind'); name the one to forecast"),
        (["--target", "wind", "--horizon", "9d"], "the test split has 180 rows and not one"),
        (["--target", "wind", "--horizon", "364d"], "do not fit into the 900 rows of the series"),
        (["--target", "wind", "--horizon", "0.1min"], "hours cannot be used: with one row"),
        (["--target", "wind", "--lookback", "60d"], "do not fit into the 900 rows of the series"),
        (["--target", "wind", "--step", "90min"], "a step of 1.5 hours cannot be used"),
        (["--target", "wind", "--train-share", "0.9"], "leave nothing for the test"),
    ],
)
def test_what_a_series_cannot_give_is_said_before_any_run(options, sentence, series, capsys):
    assert tried(series, "series", *options) == 1
    assert sentence in capsys.readouterr().err
    assert not (series.parent / "r").exists()


@pytest.mark.parametrize(
    ("file", "column", "name"),
    [
        ("a/my.reviews.csv.gz", "", "my.reviews"),
        ("Meine Daten.CSV", "Ziel (°C)", "Meine-Daten-Ziel-C"),
        ("reference.csv", "", "own-reference"),
        ("imdb.csv", "", "own-imdb"),
        ("seed-0.csv", "", "own-seed-0"),
        ("imdb-lstm.csv", "", "own-imdb-lstm"),
        ("..csv", "", "own"),
    ],
)
def test_a_file_names_its_data_set(file, column, name):
    assert dataset_of(file, column) == name


def test_an_experiment_on_own_data_goes_to_a_folder_of_its_own(reviews):
    experiment = experiment_on("imdb-lstm", OwnReviews(str(reviews), "text"))
    plan = read_plan(experiment, ["--reviews-file", str(reviews), "--text", "text", "--seed", "3"])
    assert str(plan.directory) == "results/my-reviews/lstm/seed-3"
    expected = ["experiments", "lstm", "--seed", "3", "--reviews-file", str(reviews)]
    assert plan.process_arguments == [*expected, "--text", "text", "--no-plots"]


def test_ridge_reads_no_wave_of_which_the_training_part_shows_a_piece(
    series, tmp_path, monkeypatch
):
    monkeypatch.setattr(OwnSeries, "MODELS", ("persistence", "ridge"))
    options = f"--target wind --lookback 2h --results-dir {tmp_path}/r --plots-dir {tmp_path}/p"
    assert main(["series", str(series), *options.split()]) == 0
    (ridge,) = (one for one in find_records(tmp_path / "r")[0] if one.experiment == "ridge")
    # 2 timesteps of 2 columns, day and week, and the intercept: three weeks are no year
    assert ridge.metrics["parameters"] == 2 * 2 + 2 * 2 + 1


def test_a_span_that_no_file_holds_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["series", "load.csv", "--horizon", "9" * 400 + "h"])
    assert "expected a span such as" in capsys.readouterr().err


def test_a_filled_target_is_neither_learnt_nor_tested(series, capsys):
    frame = pd.read_csv(series)
    frame.loc[800:830, "load (MW)"] = np.nan
    frame.to_csv(series, index=False)
    own = OwnSeries(str(series), target="load (MW)")
    _, windows = own_windows(experiment_on("persistence", own).protocol)
    targets = windows.test.last_rows + windows.test.horizon
    assert len(targets)
    assert not np.isin(targets, np.arange(800, 831)).any()
    frame.loc[720:, "load (MW)"] = np.nan
    frame.to_csv(series, index=False)
    assert tried(series, "series", "--target", "load (MW)") == 1
    assert (
        "900 rows, 180 of them without target; a shorter horizon needs fewer."
        in capsys.readouterr().err
    )


def test_results_and_plots_go_to_folders_of_the_files_name(reviews, monkeypatch):
    places = []
    monkeypatch.setattr("harness.suite.own_data.show", lambda *folders: places.extend(folders))
    monkeypatch.setattr("harness.suite.own_data.do_runs", lambda suite, options: 0)
    assert main(["reviews", str(reviews)]) == 0
    assert list(map(str, places)) == ["results/my-reviews", "plots/my-reviews"]
