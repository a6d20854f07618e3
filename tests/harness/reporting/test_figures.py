"""Figures: which are drawn, what they show, and the same bytes every time."""

import random
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from matplotlib.colors import to_hex
from records import fabricate, fabricate_study

from harness.errors import RunError
from harness.records.record import find_records
from harness.records.study_outputs import Heatmap, Lines, Series, Table, Text
from harness.reporting.analysis import results as reading
from harness.reporting.figures import draw as plots
from harness.reporting.figures import style as figure
from harness.reporting.figures.__main__ import main

ROOT = Path(__file__).parents[3]
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


CURVES = [
    Lines(
        "How far it reaches",
        "distance (steps)",
        "norm",
        [Series("far", [1, 10, 100], [0.1, 0.01, 0.001]), Series("near", [1, 10], [0.2, 0.02])],
        references={"nothing": 0.005},
        log_x=True,
        log_y=True,
    ),
    Lines(
        "Differences",
        "timesteps",
        "difference",
        [Series("near", [5, 5, 7], [1.0, 3.0, 2.0], dots=True)],
    ),
]
GRID = Heatmap(
    "Shades", ["a", "b", "c"], {"top": [0.9, 0.1, 0.3], "bottom": [0.1, 0.9, 0.7]}, ["top"] * 3
)


def draw(folder: Path, *outputs, seeds=None) -> None:
    """Draws a study from records of the same outputs, or of other ones for each seed."""
    for seed, shown in enumerate(seeds or [outputs]):
        fabricate_study(folder / "results", "made-study", seed=seed, outputs=shown)
    plots.plot_experiment(find_records(folder / "results")[0], folder / "plots")


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
    for seed in range(2):
        fabricate_study(results, "made-study", seed=seed, outputs=[*CURVES, GRID])
    first, _ = plots.plot_all(results, tmp_path / "first", PUBLISHED)

    def shuffled(results_dir):
        records, left_out = find_records(results_dir)
        random.Random(0).shuffle(records)
        return records, left_out

    monkeypatch.setattr(reading, "find_records", shuffled)
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 20)
    second, _ = plots.plot_all(results, tmp_path / "second", PUBLISHED)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"matplotlib" not in first[0].read_bytes()


def test_epochs_count_from_one_and_the_band_spans_the_seeds(results, tmp_path, figures):
    plots.plot_experiment(records_of(results, "imdb-lstm"), tmp_path)
    accuracy, loss = figures["imdb-lstm.png"].axes
    assert accuracy.get_title() == "Training and validation accuracy"
    assert loss.get_title() == "Training and validation loss"
    lines = {line.get_label(): line for line in accuracy.lines}
    assert list(lines["training"].get_xdata()) == [1, 2, 3]
    published = [line.get_xdata() for name, line in lines.items() if "published" in name]
    assert [list(epochs) for epochs in published] == [list(accuracy.get_xticks())] * 2
    assert accuracy.get_xticks()[0] == 1
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
    assert dots.get_title() == "All models, mean ± sd"
    assert [label.get_text() for label in dots.get_yticklabels()] == ["MAJORITY", "LSTM"]
    jena = figures["jena.png"].axes[1]
    assert jena.get_title() == "All models"  # one seed has no deviation
    assert [label.get_text() for label in jena.get_yticklabels()] == ["GRU"]  # and no variants


def test_seeds_that_all_agree_have_no_bar_of_deviation(results, tmp_path, figures):
    fabricate(results, "imdb-majority", seed=1, epochs=0, best=0.5)
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    texts = [text.get_text() for text in figures["imdb.png"].axes[2].texts]
    assert "0.5000" in texts
    assert not any("± 0.0000" in text for text in texts)


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


def test_a_panel_has_the_axes_and_the_references_that_its_study_asks_for(tmp_path, figures):
    draw(tmp_path, *CURVES)
    logarithmic, plain = figures["made-study.png"].axes[:2]
    assert (logarithmic.get_xscale(), logarithmic.get_yscale()) == ("log", "log")
    assert (plain.get_xscale(), plain.get_yscale()) == ("linear", "linear")
    assert logarithmic.get_title() == "How far it reaches"
    assert (logarithmic.get_xlabel(), logarithmic.get_ylabel()) == ("distance (steps)", "norm")
    ticks = {label.get_text() for label in logarithmic.get_xticklabels()}
    assert ticks == {"1", "10", "100"}  # the places themselves, not powers of ten
    far, near, reference = logarithmic.lines
    assert list(far.get_xdata()) == [1, 10, 100]
    assert list(far.get_ydata()) == [0.1, 0.01, 0.001]
    assert (far.get_label(), near.get_label()) == ("far", "near")
    assert list(reference.get_ydata()) == [0.005, 0.005]
    assert [text.get_text() for text in logarithmic.texts] == ["nothing (0.005)"]
    assert list(plain.texts) == []


@pytest.mark.parametrize(("x", "y"), [(True, False), (False, True)])
def test_each_axis_is_logarithmic_only_where_asked(tmp_path, figures, x, y):
    series = [Series("net", [1, 10], [1, 10])]
    draw(tmp_path, Lines("Over time", "step", "share", series, log_x=x, log_y=y))
    axis = figures["made-study.png"].axes[0]
    assert (axis.get_xscale() == "log", axis.get_yscale() == "log") == (x, y)


def test_every_dot_is_drawn_where_several_share_an_x(tmp_path, figures):
    other = Lines("Differences", "timesteps", "difference", [Series("near", [5], [4.0], dots=True)])
    draw(tmp_path, seeds=[CURVES, [other]])
    (dots,) = figures["made-study.png"].axes[1].lines
    assert dots.get_linestyle() == "None"
    points = sorted(zip(dots.get_xdata(), dots.get_ydata(), strict=True))
    assert points == [(5, 1.0), (5, 3.0), (5, 4.0), (7, 2.0)]
    titles = [axis.get_title() for axis in figures["made-study.png"].axes]
    assert titles == ["How far it reaches", "Differences, all seeds"]


def test_dots_that_each_seed_has_at_another_x_are_all_drawn(tmp_path, figures):
    seeds = [[dots([1, 2], [0.2, 0.5])], [dots([1, 3], [0.4, 0.6])]]
    draw(tmp_path, seeds=seeds)
    axis = figures["made-study.png"].axes[0]
    assert len(axis.lines[0].get_xdata()) == 4
    assert list(axis.collections) == []


def test_dots_of_one_value_a_seed_are_a_mean_and_a_band(tmp_path, figures):
    draw(tmp_path, seeds=[[dots([1, 2], [0.2, 0.5])], [dots([1, 2], [0.4, 0.6])]])
    axis = figures["made-study.png"].axes[0]
    (line,) = axis.lines
    assert (line.get_linestyle(), line.get_marker()) == ("None", "o")
    assert line.get_ydata() == pytest.approx([0.3, 0.55])
    assert len(axis.collections) == 1
    assert axis.get_title() == "Training"


def test_the_same_name_has_the_same_colour_in_all_panels(tmp_path, figures):
    draw(tmp_path, *CURVES)
    first, second = figures["made-study.png"].axes[:2]
    far, near = (to_hex(line.get_color()) for line in first.lines[:2])
    assert to_hex(second.lines[0].get_color()) == near != far


def curve(*y, label="net", title="Over time", unit="share"):
    return Lines(title, "step", unit, [Series(label, list(range(1, len(y) + 1)), list(y))])


def dots(x, y):
    return Lines("Training", "round", "share", [Series("net", x, y, dots=True)])


def test_the_seeds_of_a_study_are_a_mean_and_a_band(tmp_path, figures):
    draw(tmp_path, seeds=[[curve(0.2, 0.5)], [curve(0.4, 0.6)], [curve(0.9, 0.1)]])
    figure = figures["made-study.png"]
    assert figure.get_suptitle().endswith("mean and range of 3 seeds")
    (line,) = figure.axes[0].lines
    assert line.get_ydata() == pytest.approx([0.5, 0.4])
    (band,) = figure.axes[0].collections
    corners = {(x, y) for x, y in band.get_paths()[0].vertices.tolist()}
    assert corners == {(1, 0.2), (1, 0.9), (2, 0.1), (2, 0.6)}


def test_one_seed_has_no_band(tmp_path, figures):
    draw(tmp_path, curve(0.2, 0.5))
    assert list(figures["made-study.png"].axes[0].collections) == []
    assert "seeds" not in figures["made-study.png"].get_suptitle()


def test_a_gap_is_not_drawn_as_a_number(tmp_path, figures):
    draw(tmp_path, seeds=[[curve(0.2, None, 0.4)], [curve(0.4, None, None)]])
    (line,) = figures["made-study.png"].axes[0].lines
    assert list(line.get_xdata()) == [1, 3]
    assert line.get_ydata() == pytest.approx([0.3, 0.4])  # step 3 is of one seed alone


def test_the_same_quantity_has_the_same_scale_in_all_panels(tmp_path, figures):
    small, large = curve(0.4, 0.5, title="Small"), curve(0.1, 0.9, title="Large")
    draw(tmp_path, small, large, curve(30, 40, title="Other", unit="steps"))
    first, second, other = figures["made-study.png"].axes
    low, high = first.get_ylim()
    assert (low, high) == second.get_ylim()
    assert low < 0.1
    assert 0.9 < high < 30
    assert other.get_ylim()[0] > high


def test_a_grid_frames_the_marked_row_of_each_column(tmp_path, figures):
    marks = ["top", "bottom", "top"]
    draw(tmp_path, Heatmap(GRID.title, GRID.columns, GRID.rows, marks))
    axis = figures["made-study.png"].axes[0]
    assert [label.get_text() for label in axis.get_xticklabels()] == GRID.columns
    assert [label.get_text() for label in axis.get_yticklabels()] == ["top", "bottom"]
    (image,) = axis.images
    assert image.get_array().tolist() == list(GRID.rows.values())
    centres = [
        (frame.get_x() + frame.get_width() / 2, frame.get_y() + frame.get_height() / 2)
        for frame in axis.patches
    ]
    assert centres == [(0, 0), (1, 1), (2, 0)]


def test_a_grid_says_of_which_of_several_seeds_it_is(tmp_path, figures):
    draw(tmp_path, seeds=[[GRID], [GRID]])
    figure = figures["made-study.png"]
    assert figure.axes[0].get_title() == "Shades, seed 0"
    assert figure.get_suptitle() == "Made study"  # neither a mean nor a range


def test_the_grid_of_the_only_seed_has_its_title_alone(tmp_path, figures):
    draw(tmp_path, GRID)
    assert figures["made-study.png"].axes[0].get_title() == "Shades"


def test_a_grid_without_marks_has_no_frames_and_zero_is_white_among_signs(tmp_path, figures):
    draw(tmp_path, Heatmap("Shades", ["a", "b"], {"only": [-0.5, 0.25]}))
    axis = figures["made-study.png"].axes[0]
    assert list(axis.patches) == []
    (image,) = axis.images
    assert image.get_clim() == (-0.5, 0.5)


def test_a_study_without_panels_has_no_figure(tmp_path):
    results = tmp_path / "results"
    fabricate_study(
        results, "made-study", outputs=[Table("T", ["a"], {"r": [1]}), Text("X", {"a": "b"})]
    )
    assert plots.plot_all(results, tmp_path / "plots", PUBLISHED) == ([], [])


def test_sample_figures_of_studies_say_so(tmp_path, figures):
    fabricate_study(tmp_path / "demo", "made-study", outputs=CURVES, config={"sample": True})
    plots.plot_all(tmp_path / "demo", tmp_path / "plots", PUBLISHED)
    assert "(sample data)" in figures["made-study.png"].get_suptitle()


def test_the_command_names_every_file_it_wrote(results, tmp_path, capsys):
    arguments = ["--results-dir", str(results), "--plots-dir", str(tmp_path / "plots")]
    assert main(arguments) == 0
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
        "import sys, harness.reporting.figures.draw, harness.reporting.tables.write\n"
        "print(sorted({'matplotlib', 'keras', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert output.stdout.strip() == "[]"


def records_of(results: Path, experiment: str) -> list:
    return [record for record in find_records(results)[0] if record.experiment == experiment]
