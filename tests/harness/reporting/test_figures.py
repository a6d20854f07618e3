"""Figures: which are drawn, what they show, and the same bytes every time."""

import json
import random
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from records import fabricate, fabricate_study

from harness.errors import RunError
from harness.records.record import find_records
from harness.records.study_outputs import Heatmap, Lines, Series, Table, Text
from harness.reporting import groups
from harness.reporting.figures import draw as plots
from harness.reporting.figures import processes
from harness.reporting.figures import style as figure
from harness.reporting.figures.__main__ import main
from harness.reporting.figures.colours import MODEL_COLOURS, colours_of
from harness.reporting.groups import load_published

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
    monkeypatch.setattr(processes, "FEW", 100)  # all are drawn in this process
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

    monkeypatch.setattr(groups, "find_records", shuffled)
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 20)
    second, _ = plots.plot_all(results, tmp_path / "second", PUBLISHED)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"matplotlib" not in first[0].read_bytes()


def test_what_a_figure_shows_is_drawn_once(results, tmp_path, monkeypatch):
    drawn = []
    draw_axes = Axes.draw
    monkeypatch.setattr(Axes, "draw", lambda axes, on: (drawn.append(axes), draw_axes(axes, on)))
    plots.plot_experiment(records_of(results, "imdb-lstm"), tmp_path)
    assert len(drawn) == len(set(drawn)) == 2  # accuracy and loss


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
    dots = figures["imdb.png"].axes[0]
    texts = [text.get_text() for text in dots.texts]
    assert "0.8550" in texts  # mean of 0.85 and 0.86
    assert "0.8928" in texts
    assert [label.get_text() for label in dots.get_yticklabels()] == ["MAJORITY", "LSTM"]
    assert "highest on test 0.8500 (LSTM)" in figures["imdb.png"].get_suptitle().replace("\n", " ")
    jena = figures["jena.png"].axes[0]
    assert [label.get_text() for label in jena.get_yticklabels()] == ["GRU"]  # and no variants
    assert "lowest on test 0.2650 (GRU)" in figures["jena.png"].get_suptitle().replace("\n", " ")


def bars_and_dots(axis, row: int) -> tuple[list, list]:
    """Ends of the intervals in one row of a comparison, and the values of its dots."""
    bars = [path.vertices for bar in axis.collections for path in bar.get_paths()]
    ends = [(bar[0, 0], bar[1, 0]) for bar in bars if round(bar[0, 1]) == row]
    dots = [line for line in axis.lines if len(line.get_xdata()) and line.get_marker() != "None"]
    return ends, [list(dot.get_xdata()) for dot in dots if round(dot.get_ydata()[0]) == row]


def test_five_seeds_are_a_mean_and_its_interval_and_few_are_shown_one_by_one(tmp_path, figures):
    results = tmp_path / "results"
    bests = [0.84, 0.85, 0.86, 0.87, 0.88]
    for seed, best in enumerate(bests):
        fabricate(results, "imdb-gru", seed=seed, best=best)
        if seed < 4:
            fabricate(results, "imdb-lstm", seed=seed, best=best)
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    dots = figures["imdb.png"].axes[0]
    few, many = (bars_and_dots(dots, row) for row in (0, 1))
    assert few[0] == []
    assert few[1][0] == bests[:4]
    assert few[1][2] == [0.8928]  # published
    half = 2.776 * 0.0158114 / 5**0.5
    assert many[0][0] == pytest.approx((0.86 - half, 0.86 + half), abs=1e-5)
    assert many[1][:2] == [[pytest.approx(0.86)], [pytest.approx(0.855)]]


def test_seeds_that_all_agree_have_no_interval(results, tmp_path, figures):
    for seed in range(1, 5):
        fabricate(results, "imdb-majority", seed=seed, epochs=0, best=0.5)
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    assert bars_and_dots(figures["imdb.png"].axes[0], 0)[0] == []


def test_a_far_trivial_predictor_is_marked_instead_of_squeezing_the_rest(
    results, tmp_path, figures
):
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    dots = figures["imdb.png"].axes[0]
    assert dots.get_xlim()[0] > 0.8
    assert "◀ off the scale" in [text.get_text() for text in dots.texts]


def test_one_wide_interval_is_clipped_with_arrows(tmp_path, figures):
    results = tmp_path / "results"
    for seed in range(5):
        fabricate(results, "imdb-gru", seed=seed, best=0.87 + seed / 1000)
        fabricate(results, "imdb-new", seed=seed, best=0.6 + 0.09 * seed)
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    dots = figures["imdb.png"].axes[0]
    low, high = dots.get_xlim()
    assert 0.7 < low < 0.775 < 0.872 < high < 0.9
    arrows = [(line.get_marker(), line.get_xdata()[0]) for line in dots.lines]
    assert [arrow for arrow in arrows if arrow[0] in "<>"] == [("<", low), (">", high)] * 2


def test_each_model_has_a_small_panel_with_its_published_curve_in_black(tmp_path, figures):
    results = tmp_path / "results"
    for number in range(11):
        fabricate(results, f"imdb-new-{number:02}", best=0.8 + number / 100)
    fabricate(results, "imdb-lstm")
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    panels = [axis for axis in figures["imdb.png"].axes[1:] if axis.axison]
    assert len(panels) == 12
    assert all(len(panel.lines) <= 3 for panel in panels)
    assert len({panel.get_ylim() for panel in panels}) == 1
    (lstm,) = (panel for panel in panels if panel.get_title() == "LSTM")
    ours, published, reference = lstm.lines
    assert to_hex(ours.get_color()) == MODEL_COLOURS["LSTM"].lower()
    assert to_hex(published.get_color()) == "#000000"
    assert len(published.get_xdata()) == 10
    assert list(reference.get_ydata()) == [0.5, 0.5]


def test_a_bad_first_epoch_does_not_press_the_others_flat(tmp_path, figures):
    results = tmp_path / "results"
    path = fabricate(results, "jena-new", metric="mae", best=0.26, epochs=20)
    history = json.loads((path / "history.json").read_text("utf-8"))
    history["mae"][0] = history["loss"][0] = 1.5
    (path / "history.json").write_text(json.dumps(history), "utf-8")
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    axis = figures["jena-new.png"].axes[0]
    assert axis.get_ylim()[1] < 0.5
    assert axis.get_title().endswith("off the scale: up to 1.5 (epoch 1)")


def set_history(path: Path, **columns: list[float]) -> None:
    history = json.loads((path / "history.json").read_text("utf-8"))
    (path / "history.json").write_text(json.dumps(history | columns), "utf-8")


def test_losses_that_span_far_have_a_logarithmic_axis_that_shows_all(tmp_path, figures):
    path = fabricate(tmp_path / "results", "imdb-new", epochs=20)
    set_history(path, loss=[60.0] + [0.5] * 19, val_loss=[0.7] * 20)
    plots.plot_experiment(find_records(tmp_path / "results")[0], tmp_path / "plots")
    axis = figures["imdb-new.png"].axes[1]
    assert axis.get_yscale() == "log"
    assert axis.get_ylim()[1] > 60
    assert axis.get_title() == "Training and validation loss"
    ticks = {label.get_text() for label in axis.get_yticklabels()}
    assert {"1", "3", "10", "30"} <= ticks


def test_all_epochs_off_the_scale_are_named_once(tmp_path, figures):
    path = fabricate(tmp_path / "results", "jena-new", metric="mae", best=0.26, epochs=20)
    set_history(path, mae=[1.5, 0.001, *[0.3] * 18])
    plots.plot_experiment(find_records(tmp_path / "results")[0], tmp_path / "plots")
    title = figures["jena-new.png"].axes[0].get_title().replace("\n", " ")
    assert title.endswith("MAE off the scale: down to 0.001 and up to 1.5 (epochs 1, 2)")


def test_a_reference_at_the_edge_of_the_curves_has_a_margin(tmp_path, figures):
    path = fabricate(tmp_path / "results", "imdb-new")
    set_history(path, accuracy=[0.519, 0.7, 0.899])  # a margin of 0.019 would end at 0.5
    plots.plot_experiment(find_records(tmp_path / "results")[0], tmp_path / "plots")
    axis = figures["imdb-new.png"].axes[0]
    (reference,) = (line for line in axis.lines if line.get_label().startswith("majority"))
    low, high = axis.get_ylim()
    assert (reference.get_ydata()[0] - low) / (high - low) > 0.04


def test_variants_have_the_colour_of_their_experiment(tmp_path, figures):
    results = tmp_path / "results"
    fabricate(results, "imdb-new")
    fabricate(results, "imdb-new", config={"variant": {"units": 64}})
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    drawn = [figures[name].axes[0].lines[0] for name in ("imdb-new.png", "imdb-new+units-64.png")]
    assert len({to_hex(line.get_color()) for line in drawn}) == 1


def test_the_title_of_the_update_rules_says_how_far_each_end_is_from_the_log(tmp_path, figures):
    published = load_published(PUBLISHED).experiments["imdb-lstm"].loss
    for experiment in ("imdb-lstm", "imdb-gru"):
        for rule, factor in {"rmsprop": 1.5, "rmsprop-keras-2.0": 1.1, "original": 1.01}.items():
            variant = {"keras": "2.0.8"} if rule == "original" else {"optimizer": rule}
            config = {"protocol": {"optimizer": rule}, "variant": variant}
            epochs = len(published)
            path = fabricate(tmp_path / "results", experiment, epochs=epochs, config=config)
            set_history(path, loss=[loss * factor for loss in published])
    plots.plot_all(tmp_path / "results", tmp_path / "plots", PUBLISHED)
    drawn = figures["update-rules-factorial.png"]
    assert drawn.get_suptitle().replace("\n", " ") == (
        "Training loss of the LSTM: 41 % off the published log by Keras 3's rule on TensorFlow, "
        "9.5 % off by Keras 2.0's rule, 1.0 % off by Keras 2.0.8 itself"
    )
    assert len(drawn.axes) == 3  # nothing was published of the GRU


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
    assert [text.get_text() for text in logarithmic.texts] == ["nothing\n0.005"]
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


def test_many_clouds_of_points_are_strips_with_the_references_across(tmp_path, figures):
    series = [Series(f"layer {n}", [1, 1, 3], [0.1, 0.2, 0.3 + n], dots=True) for n in range(7)]
    draw(tmp_path, Lines("Differences", "timesteps", "error", series, {"bound": 5.0}, log_y=True))
    axis = figures["made-study.png"].axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == [one.label for one in series]
    assert axis.get_xscale() == "log"
    assert axis.get_xlabel().startswith("error\n")
    clouds = [line for line in axis.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in clouds] == [one.y for one in series]
    for row, line in enumerate(clouds):
        assert line.get_ydata() == pytest.approx([row - 0.35, row - 0.35, row + 0.35])
    assert [5.0, 5.0] in [list(line.get_xdata()) for line in axis.lines]
    assert "bound 5" in [text.get_text() for text in axis.texts]


def test_six_clouds_of_points_keep_their_axes(tmp_path, figures):
    series = [Series(f"layer {n}", [1, 1, 3], [0.1, 0.2, 0.3], dots=True) for n in range(6)]
    draw(tmp_path, Lines("Differences", "timesteps", "error", series))
    assert figures["made-study.png"].axes[0].get_xlabel() == "timesteps"


def test_no_panel_has_more_than_six_lines(tmp_path, figures):
    series = [Series(f"net {n}", [1, 2], [n, n + 1]) for n in range(8)]
    draw(tmp_path, Lines("Over time", "step", "share", series))
    labels = [[line.get_label() for line in axis.lines] for axis in figures["made-study.png"].axes]
    assert labels == [[one.label for one in series[:6]], [one.label for one in series[6:]]]


def test_steps_that_count_from_one_are_whole_numbers(tmp_path, figures):
    draw(tmp_path, curve(0.2, 0.5, 0.4))
    assert list(figures["made-study.png"].axes[0].get_xticks()) == [1, 2, 3]


def test_the_title_names_what_is_measured_of_which_models(tmp_path, figures):
    names = ("SimpleRNN", "LSTM, training", "LSTM, held-out tail")
    draw(tmp_path, Lines("Later", "step", "share", [Series(n, [1, 2], [1, 2]) for n in names]))
    assert figures["made-study.png"].get_suptitle() == "Made study: share of SimpleRNN and LSTM"


def test_the_title_names_the_first_of_several_panels_of_no_known_models(tmp_path, figures):
    draw(tmp_path, *CURVES)
    assert figures["made-study.png"].get_suptitle() == "Made study: How far it reaches"


def test_a_model_has_one_colour_in_every_figure(results, tmp_path, figures):
    series = [Series(name, [1, 2], [1, 2]) for name in ("other", "LSTM, training", "GRU (Keras 2)")]
    fabricate_study(results, "made-study", outputs=[Lines("Later", "step", "share", series)])
    plots.plot_all(results, tmp_path / "plots", PUBLISHED)
    other, lstm, gru = (to_hex(one.get_color()) for one in figures["made-study.png"].axes[0].lines)
    assert len({other, lstm, gru}) == 3
    for drawn in (figures["imdb-lstm.png"].axes[0], figures["imdb.png"].axes[1]):
        assert to_hex(drawn.lines[0].get_color()) == lstm
    for drawn in (figures["jena-gru.png"].axes[0], figures["jena.png"].axes[1]):
        assert to_hex(drawn.lines[0].get_color()) == gru


def test_names_of_no_known_model_have_stable_and_different_colours():
    names = [f"model {number}" for number in range(8)]
    colours = colours_of(["LSTM", *names])
    assert len(set(colours.values())) == 9
    assert colours_of(["GRU", names[0]])[names[0]] == colours_of([names[0]])[names[0]]
    assert colours_of(["LSTM with attention"])["LSTM with attention"] != colours["LSTM"]
    old = "LSTM of 1997, no forget gate"
    assert colours_of([old])[old] == MODEL_COLOURS["LSTM of 1997"] != colours["LSTM"]


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


def test_only_a_grid_without_written_numbers_has_a_colour_bar(tmp_path, figures):
    many = [str(column) for column in range(140)]
    draw(tmp_path, GRID, Heatmap("Many", many, {"only": [0.5] * 140}))
    written, shaded, bar = figures["made-study.png"].axes
    assert (len(written.texts), len(shaded.texts)) == (6, 0)
    assert bar.get_label() == "<colorbar>"


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
        "import sys, harness.reporting.figures.draw, harness.reporting.pages\n"
        "print(sorted({'matplotlib', 'keras', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert output.stdout.strip() == "[]"


def records_of(results: Path, experiment: str) -> list:
    return [record for record in find_records(results)[0] if record.experiment == experiment]
