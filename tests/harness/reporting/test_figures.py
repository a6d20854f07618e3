"""Figures: which are drawn, what they show, and the same bytes every time."""

import io
import json
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from records import fabricate, fabricate_study

from harness.records.record import find_records
from harness.records.study_outputs import Heatmap, Lines, Series, Table, Text
from harness.reporting import groups
from harness.reporting.figures import draw, panels
from harness.reporting.figures.__main__ import main
from harness.reporting.figures.charts import (
    Dots,
    overview_charts,
    panels_of,
    training_charts,
    validation_chart,
)
from harness.reporting.figures.panels import draw_chart, plot_panels
from harness.reporting.figures.style import MODEL_COLOURS, colours_of, drawable
from harness.reporting.groups import load_results

BLACK = "#000000"


@pytest.fixture
def results(tmp_path):
    path = tmp_path / "results"
    for seed, best in enumerate((0.85, 0.86)):
        fabricate(path, "imdb-lstm", seed=seed, best=best)
    fabricate(path, "imdb-majority", epochs=0, best=0.5)
    for variant in ({}, {"horizon_hours": 24}):
        config = {"variant": variant}
        fabricate(path, "jena-gru", metric="mae", best=0.26, degrees_per_unit=8.5, config=config)
    return path


def group_of(results: Path, name: str):
    found = load_results(results)
    (group,) = (one for one in [*found.rows, *found.studies] if one.name == name)
    return group


def study_of(folder: Path, *seeds: list):
    """A study whose seeds have these outputs."""
    for seed, outputs in enumerate(seeds):
        fabricate_study(folder / "results", "made-study", seed=seed, outputs=outputs)
    return group_of(folder / "results", "made-study")


def lines(*series: Series, **options) -> Lines:
    return Lines("Over time", "step", "share", list(series), **options)


GRID = Heatmap("Shades", ["a", "b"], {"top": [0.9, 0.2], "bottom": [0.1, 0.8]}, ["top", "top"])


def set_history(path: Path, **columns: list[float]) -> None:
    history = json.loads((path / "history.json").read_text("utf-8"))
    (path / "history.json").write_text(json.dumps(history | columns), "utf-8")


def drawn(chart, **options):
    """The axes of a chart as Matplotlib draws it."""
    axis = Figure().subplots()
    draw_chart(axis, chart, width=60, **options)
    return axis


def test_one_figure_an_experiment_with_epochs_and_one_a_data_set(results, tmp_path, capsys):
    fabricate_study(results, "tables-alone", outputs=[Table("T", ["a"], {"r": [1]}), Text("X", {})])
    fabricate_study(results, "made-study", outputs=[lines(Series("net", [1], [1])), GRID])
    names = {"imdb-lstm", "jena-gru", "jena-gru+horizon-hours-24", "imdb", "jena", "made-study"}
    folder = tmp_path / "plots"
    assert main(["--results-dir", str(results), "--plots-dir", str(folder)]) == 0
    assert {path.stem for path in folder.iterdir()} == names
    written = sorted(f"wrote {path}" for path in folder.iterdir())
    assert sorted(capsys.readouterr().out.splitlines()) == written


def test_a_history_is_a_line_chart_beside_the_published_one(results):
    lstm = group_of(results, "imdb-lstm")
    accuracy, loss = panels_of(lstm)
    marks = {curve.label: curve.mark for curve in accuracy.curves}
    assert marks == {
        "training": "dots",
        "validation": "line",
        "training, published": "crosses",
        "validation, published": "line",
        "best epoch of each seed": "rings",
    }
    validation = accuracy.curves[1].seeds
    assert [*validation.index] == [1, 2, 3]
    for record in lstm.records:
        assert [*validation[f"seed {record.seed}"]] == record.history["val_accuracy"]
    assert accuracy.curves[1].mean[2] == pytest.approx(0.855)
    assert [*accuracy.curves[-1].mean] == pytest.approx([0.85, 0.86])
    assert (accuracy.references, loss.references) == ({"majority class": 0.5}, {})
    assert "0.8550, published 0.8928" in draw.title_of(lstm, [accuracy, loss])
    (mae,) = panels_of(group_of(results, "jena-gru"))  # the error is the loss, too
    assert (mae.y, mae.degrees) == ("MAE (normalised)", 8.5)
    assert panels_of(group_of(results, "imdb-majority")) == []


def test_runs_that_stopped_at_different_epochs_are_one_curve(tmp_path):
    for seed, epochs in enumerate((3, 5)):
        fabricate(tmp_path, "imdb-new", seed=seed, epochs=epochs)
    row = groups.ModelResults(tuple(find_records(tmp_path)[0]))
    training = training_charts(row)[0].curves[0]
    assert (training.seeds.shape, training.seeds.isna().sum().sum()) == ((5, 2), 2)
    assert training.mean[5] == training.seeds["seed 1"][5]


def test_a_curve_that_one_seed_lacks_or_that_is_empty_is_drawn(tmp_path):
    net, empty = Series("net", [1, 2], [1, 2]), Series("empty", [1, 2], [None, None])
    study = study_of(tmp_path, [lines(net, empty)], [lines(net)])
    (chart,) = panels_of(study)
    assert [curve.seeds.shape for curve in chart.curves] == [(2, 2), (0, 1)]
    assert chart.rows[0] == (1, pytest.approx([1, 1, 1, float("nan")], nan_ok=True))
    drawn(chart)
    alone = panels_of(study_of(tmp_path / "other", [lines(empty)]))[0]
    assert draw.finding(alone) == "Over time"


def test_training_is_dots_validation_a_line_and_the_seeds_a_band(results):
    axis = drawn(training_charts(group_of(results, "imdb-lstm"))[0])
    training, validation, *_ = axis.lines
    assert (training.get_linestyle(), validation.get_linestyle()) == ("None", "-")
    assert to_hex(training.get_color()) == MODEL_COLOURS["LSTM"].lower()
    assert to_hex(axis.lines[3].get_color()) == BLACK  # published
    corners = axis.collections[1].get_paths()[0].vertices.tolist()
    assert [2, 0.85] in corners  # the seeds at the second epoch
    assert [2, 0.86] in corners
    assert list(axis.get_xticks()) == list(range(1, 11))  # epochs of the published log
    assert [text.get_text() for text in axis.texts] == ["majority class\n0.5"]
    (degrees,) = drawn(training_charts(group_of(results, "jena-gru"))[0]).child_axes
    assert degrees.get_ylabel() == "MAE (°C)"


def test_a_bad_epoch_does_not_press_the_others_flat(tmp_path):
    path = fabricate(tmp_path / "results", "jena-new", metric="mae", best=0.26, epochs=20)
    set_history(path, mae=[1.5, 0.001, *[0.3] * 18])
    (mae,) = training_charts(group_of(tmp_path / "results", "jena-new"))
    assert mae.scale[1] < 0.5
    assert mae.off_scale == "off the scale: down to 0.001 and up to 1.5"
    assert drawn(mae).get_ylim() == mae.scale


def test_the_seeds_of_a_study_are_a_mean_and_a_range(tmp_path):
    x, seeds = [1, 2, 3], ([0.2, None, 0.4], [0.4, 0.6, None])
    study = study_of(tmp_path, *([lines(Series("net", x, y))] for y in seeds))
    found = panels_of(study)
    (curve,) = found[0].curves
    assert [*curve.mean] == pytest.approx([0.3, 0.6, 0.4])  # a gap is no number
    assert found[0].rows[0] == (1, pytest.approx([0.3, 0.2, 0.4]))  # the mean and each seed
    assert draw.title_of(study, found) == (
        "Made study. Over time: share 0.4 for net, at step 3 (mean and range of 2 seeds)"
    )


def test_points_that_form_no_curve_are_all_shown(tmp_path):
    pooled = [Series("net", [1, 1, 2], [0.1, 0.2, 0.3], dots=True)]
    apart = [Series("net", [1, 3], [0.4, 0.5], dots=True)]
    (chart,) = panels_of(study_of(tmp_path, [lines(*pooled)], [lines(*apart)]))
    assert chart.rows == [(1, [0.1]), (1, [0.2]), (1, [0.4]), (2, [0.3]), (3, [0.5])]
    assert draw.finding(chart) == "Over time: share at most 0.5 (net)"
    assert list(drawn(chart).collections) == []  # no band


def test_a_panel_has_at_most_six_lines_of_colours_that_differ(tmp_path):
    series = [Series(f"net {n}", [1, 2], [n, n + 1]) for n in range(8)]
    (chart,) = panels_of(study_of(tmp_path, [lines(*series)]))
    assert [len(part.curves) for part in chart.parts] == [4, 4]
    assert len({curve.colour for curve in chart.curves}) == 8
    assert draw.finding(chart).endswith("share from 1 for net 0 to 8 for net 7, at step 2")
    axes = {"steps ago": "at 2 steps ago", "distance (steps)": "at a distance of 2 steps"}
    for axis, place in axes.items():
        assert draw.finding(replace(chart, x=axis)).endswith(place)


def test_a_study_asks_for_its_axes_and_references(tmp_path):
    series = [Series("GRU (IMDB)", [1, 10, 100], [1, 2, 3]), Series("GRU (Jena)", [1], [1])]
    options = {"references": {"chance $": 0.5}, "log_x": True, "log_y": True}
    (chart,) = panels_of(study_of(tmp_path, [lines(*series, **options)]))
    axis = drawn(chart)
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "10", "100"]
    assert [text.get_text() for text in axis.texts] == ["chance \\$\n0.5"]
    # one model has one colour: two of its curves in a panel differ in their line
    assert {curve.colour for curve in chart.curves} == {MODEL_COLOURS["GRU"]}
    assert [curve.dashed for curve in chart.curves] == [False, True]


def test_a_grid_names_its_seed_and_how_often_the_framed_cell_is_the_largest(tmp_path):
    study = study_of(tmp_path, [GRID], [GRID])
    title = draw.title_of(study, panels_of(study))
    assert title == "Made study. Shades, seed 0: the framed one is the largest in 1 of 2 columns"
    plain = Heatmap("Shades", ["a", "b"], {"low": [-0.5, 0.1], "high": [0.2, 0.25]})
    assert draw.finding(plain) == "Shades: -0.5 (low) to 0.25 (high)"


def test_a_model_has_one_colour_in_every_figure():
    names = [f"model {number}" for number in range(8)]
    colours = colours_of(["LSTM, training", "GRU (Keras 2)", *names])
    assert colours["LSTM, training"] == MODEL_COLOURS["LSTM"]
    assert colours["GRU (Keras 2)"] == MODEL_COLOURS["GRU"]
    assert len(set(colours.values())) == 10
    assert colours_of([names[0]])[names[0]] == colours[names[0]]
    assert colours_of(["LSTM with attention"])["LSTM with attention"] != MODEL_COLOURS["LSTM"]


def dots_of(folder: Path):
    """The upper panel of the overview of IMDB."""
    found = load_results(folder)
    axis = Figure().subplots()
    panels._draw_dots(axis, Dots(draw.compared_rows(found)["imdb"]))
    return axis


def bars_and_dots(axis, row: int) -> tuple[list, list]:
    """Ends of the intervals in one row of the overview, and the values of its dots."""
    bars = [path.vertices for bar in axis.collections for path in bar.get_paths()]
    ends = [(bar[0, 0], bar[1, 0]) for bar in bars if round(bar[0, 1]) == row]
    dots = [line for line in axis.lines if len(line.get_xdata()) and line.get_marker() != "None"]
    return ends, [list(dot.get_xdata()) for dot in dots if round(dot.get_ydata()[0]) == row]


def test_the_overview_has_means_with_intervals_and_few_seeds_one_by_one(tmp_path):
    bests = [0.84, 0.85, 0.86, 0.87, 0.88]
    for seed, best in enumerate(bests):
        fabricate(tmp_path, "imdb-gru", seed=seed, best=best)
        fabricate(tmp_path, "imdb-majority", seed=seed, epochs=0, best=0.5)
        if seed < 4:
            fabricate(tmp_path, "imdb-lstm", seed=seed, best=best)
    axis = dots_of(tmp_path)
    majority, few, many = (bars_and_dots(axis, row) for row in range(3))
    half = 2.776 * 0.0158114 / 5**0.5
    assert many[0][0] == pytest.approx((0.86 - half, 0.86 + half), abs=1e-5)
    assert many[1][:2] == [[pytest.approx(0.86)], [pytest.approx(0.855)]]
    assert (few[0], few[1][0], few[1][2]) == ([], bests[:4], [0.8928])  # no bar; published
    assert majority[0] == []  # equal seeds have no interval
    texts = [text.get_text() for text in axis.texts]
    assert {"0.8600", "0.8550", "0.8928"} <= set(texts)
    low, _ = axis.get_xlim()
    assert low > 0.8  # the trivial predictor would press the others together
    assert "0.5000" in texts


def test_the_overview_has_a_published_protocol_or_else_variants(tmp_path):
    for variant in ({}, {"units": 8}):
        fabricate(tmp_path, "imdb-lstm", config={"variant": variant})
    fabricate(tmp_path, "imdb-gru", config={"variant": {"units": 8}})
    found = load_results(tmp_path)
    rows = draw.compared_rows(found)["imdb"]
    assert [row.name for row in rows] == ["imdb-lstm", "imdb-gru+units-8"]
    charts = overview_charts(rows)
    assert [chart.title for chart in charts] == ["LSTM", "GRU, units = 8"]
    assert [len(chart.curves) for chart in charts] == [2, 1]  # one is published
    together = validation_chart(rows)
    assert together.title == "Validation accuracy"  # of one seed each
    assert [curve.label for curve in together.curves] == ["LSTM", "GRU, units = 8"]


def test_sample_figures_say_so(tmp_path):
    config = {"sample": True}
    fabricate(tmp_path / "results", "imdb-lstm", config=config)
    shown = lines(Series("net", [1], [1]))
    fabricate_study(tmp_path / "results", "made-study", outputs=[shown], config=config)
    for name in ("imdb-lstm", "made-study"):
        group = group_of(tmp_path / "results", name)
        assert draw.title_of(group, panels_of(group)).endswith(" (sample data)")


def pixels(text: str, parse_math: bool) -> bytes:
    figure = Figure(figsize=(3, 1))
    FigureCanvasAgg(figure)
    figure.text(0.1, 0.5, text, parse_math=parse_math)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


@pytest.mark.parametrize("text", ["$a$", r"\$a\$", r"a\\$b$", "a_b^c"])
def test_drawable_text_looks_like_text_in_which_no_formula_is_sought(text):
    # Matplotlib takes the backslash before a dollar away where it seeks formulas, and only there.
    assert pixels(drawable(text), parse_math=True) == pixels(text, parse_math=False)


def test_any_letter_of_a_record_is_drawn_without_a_warning(tmp_path):
    odd = "a$x^$_{ नमस्ते"  # no formula, and letters that the font lacks
    series = Series(odd, [1, 2], [1, 2])
    outputs = [Lines(odd, odd, odd, [series], {odd: 1}), Heatmap(f"{odd} too", [odd], {odd: [1]})]
    found = panels_of(study_of(tmp_path, outputs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plot_panels(tmp_path / "odd.png", odd, found).stat().st_size > 0
