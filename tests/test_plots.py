"""Figures: which are drawn, what they show, and the same bytes every time."""

import random
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from records import fabricate

from harness import figure, plots, summary
from harness.errors import RunError
from harness.record import find_records

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "experiments" / "published.toml"


@pytest.fixture
def results(tmp_path):
    path = tmp_path / "results"
    for seed, best in enumerate((0.85, 0.86)):
        fabricate(path, "imdb-lstm", seed=seed, best=best)
    fabricate(path, "imdb-majority", epochs=0, best=0.5)
    fabricate(path, "jena-gru", metric="mae", best=0.26, degrees_per_unit=8.5)
    fabricate(
        path,
        "jena-gru",
        metric="mae",
        best=0.25,
        degrees_per_unit=8.5,
        config={"variant": {"horizon_hours": 24}},
    )
    return path


@pytest.fixture
def figures(monkeypatch):
    """Keeps the figures that are drawn, by file name."""
    kept = {}
    save = figure._save

    def keep(drawn, path):
        kept[path.name] = drawn
        save(drawn, path)

    monkeypatch.setattr(figure, "_save", keep)
    return kept


def test_one_figure_an_experiment_with_epochs_and_one_a_data_set(results, tmp_path):
    paths, left_out = plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    names = {"imdb-lstm.png", "jena-gru.png", "jena-gru+horizon-hours-24.png"}
    assert {path.name for path in paths} == names | {"imdb.png", "jena.png"}
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {p.name for p in paths}
    assert left_out == []


def test_same_records_same_bytes_in_any_listing_order(results, tmp_path, monkeypatch):
    first, _ = plots.plot_all(results, tmp_path / "first", PUBLISHED)

    def shuffled(results_dir):
        records, left_out = find_records(results_dir)
        random.Random(0).shuffle(records)
        return records, left_out

    monkeypatch.setattr(summary, "find_records", shuffled)
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 20)
    second, _ = plots.plot_all(results, tmp_path / "second", PUBLISHED)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"matplotlib" not in first[0].read_bytes()


def test_epochs_count_from_one_and_the_band_spans_the_seeds(results, tmp_path, figures):
    plots.plot_experiment(records_of(results, "imdb-lstm"), tmp_path)
    accuracy, loss = figures["imdb-lstm.png"].axes
    assert accuracy.get_title() == "Training and validation accuracy"
    assert loss.get_title() == "Training and validation loss"
    assert list(accuracy.get_xticks()) == [1, 2, 3]
    lines = {line.get_label(): line for line in accuracy.lines}
    assert list(lines["training"].get_xdata()) == [1, 2, 3]
    assert lines["training"].get_linestyle() == "None"
    validation = lines["validation"].get_ydata()
    assert validation[1] == pytest.approx(0.855)  # mean of the seeds' best, 0.85 and 0.86
    assert list(lines["majority class (0.5000)"].get_ydata()) == [0.5, 0.5]
    assert len(accuracy.collections) == 2
    assert len(loss.collections) == 2
    assert lines["best epoch of each seed"].get_ydata() == pytest.approx([0.85, 0.86])


def test_jena_has_one_panel_with_degrees_on_the_right(results, tmp_path, figures):
    plots.plot_experiment(records_of(results, "jena-gru"), tmp_path)
    figure = figures["jena-gru.png"]
    (axis,) = figure.axes
    assert axis.get_ylabel() == "MAE (normalised)"
    (degrees,) = axis.child_axes
    assert degrees.get_ylabel() == "MAE (°C)"
    low, high = axis.get_ylim()
    assert degrees.get_ylim() == pytest.approx((low * 8.5, high * 8.5))


def test_sample_figures_say_so(tmp_path, figures):
    results = tmp_path / "demo"
    fabricate(results, "imdb-lstm", config={"sample": True})
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    assert all("(sample data)" in figure.get_suptitle() for figure in figures.values())


def test_comparison_prints_measured_and_published_values(results, tmp_path, figures):
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    _, dots, table = figures["imdb.png"].axes
    texts = [text.get_text() for text in table.texts]
    assert "0.8550\n± 0.0071" in texts  # 0.85 and 0.86
    assert "0.8928" in texts
    assert [label.get_text() for label in dots.get_yticklabels()] == ["MAJORITY", "LSTM"]
    variants = [label.get_text() for label in figures["jena.png"].axes[1].get_yticklabels()]
    assert variants == ["GRU"]


def test_a_far_trivial_predictor_is_marked_instead_of_squeezing_the_rest(
    results, tmp_path, figures
):
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    dots = figures["imdb.png"].axes[1]
    assert dots.get_xlim()[0] > 0.8
    assert [text.get_text() for text in dots.texts] == ["off the scale"]


def test_a_baseline_alone_has_a_comparison_but_no_curve(tmp_path):
    results = tmp_path / "results"
    fabricate(results, "imdb-majority", epochs=0, best=0.5)
    paths, _ = plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    assert [path.name for path in paths] == ["imdb.png"]
    assert plots.plot_experiment(find_records(results)[0], tmp_path / "plots") == []


def test_the_command_names_every_file_it_wrote(results, tmp_path, capsys):
    arguments = ["--results-dir", str(results), "--plots-dir", str(tmp_path / "plots")]
    assert plots.main(arguments) == 0
    written = sorted(f"wrote {path}" for path in (tmp_path / "plots").iterdir())
    assert sorted(capsys.readouterr().out.splitlines()) == written


def test_unwritable_plots_directory_is_one_clear_message(results, tmp_path):
    blocked = tmp_path / "plots"
    blocked.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(RunError, match="cannot write"):
        plots.plot_experiment(records_of(results, "imdb-lstm"), blocked)


def test_mixing_sample_and_real_records_is_refused(results, tmp_path):
    fabricate(results, "jena-dense", config={"sample": True})
    with pytest.raises(RunError, match="sample data"):
        plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    assert not (tmp_path / "plots").exists()


def test_help_loads_neither_matplotlib_nor_keras():
    code = (
        "import sys, harness.plots, harness.tables\n"
        "print(sorted({'matplotlib', 'keras', 'pandas'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert output.stdout.strip() == "[]"


def records_of(results: Path, experiment: str) -> list:
    return [record for record in find_records(results)[0] if record.experiment == experiment]
