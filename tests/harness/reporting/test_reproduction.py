"""Published training curves beside ours, and the factorial of Keras 2 and Keras 3."""

import json
import math

import pytest
from records import fabricate

from harness.records.predictions import weekly_errors
from harness.reporting.analysis.factorial import RULES, factorial_designs
from harness.reporting.analysis.published import Published, PublishedResults
from harness.reporting.analysis.reproduction import reproductions
from harness.reporting.analysis.results import load_results
from harness.reporting.figures.update_rules_figure import plot_update_rules, with_most_rules
from harness.reporting.tables.model_tables import factorial_markdown, reproduction_table

EPOCHS = 4
CURVE = (0.6, 0.4, 0.3, 0.2)
PUBLISHED = Published(source="a log", best_validation=0.85, last_validation=0.84, loss=CURVE)
NUMBERS = PublishedResults({"imdb": "Reviews"}, {"imdb-net": PUBLISHED, "imdb-other": Published()})


def run(results_dir, factor=1.0, *, seed=0, experiment="imdb-net", **form):
    """A record whose training loss is the published one times a factor, and a little of chance."""
    protocol = {"epochs": EPOCHS, "optimizer": "rmsprop-keras-2.0", "gates": "sigmoid"}
    config = {"protocol": protocol | form, "variant": form}
    path = fabricate(
        results_dir,
        experiment,
        seed=seed,
        epochs=EPOCHS,
        best=0.85 + (seed - 2) / 1000,
        config=config,
    )
    history = json.loads((path / "history.json").read_text("utf-8"))
    history["loss"] = [loss * factor * (1 + (seed - 2) / 100) for loss in CURVE]
    (path / "history.json").write_text(json.dumps(history), "utf-8")


def read(results_dir):
    results, left_out = load_results(results_dir, NUMBERS)
    assert left_out == []
    return results


def reproduction(results_dir):
    (one,) = reproductions(read(results_dir).rows)
    return one


def test_a_curve_like_ours_is_reproduced(tmp_path):
    for seed in range(5):
        run(tmp_path, 1.01, seed=seed)
    one = reproduction(tmp_path)
    assert one.verdict == "holds"
    assert one.curve.epochs_outside == ()
    assert one.curve.distance == pytest.approx(math.log(1.01), abs=1e-3)
    low, high = one.curve.band[0]
    assert low < CURVE[0] < high
    assert "inside at 4 of 4 epochs; off by 1.0 %, band" in reproduction_table([one])


def test_a_slower_curve_is_not_reproduced_even_if_the_best_epoch_is(tmp_path):
    for seed in range(5):
        run(tmp_path, 1.3, seed=seed)
    one = reproduction(tmp_path)
    assert one.best.reproduced
    assert one.curve.epochs_outside == (1, 2, 3, 4)
    assert one.verdict == "does not hold: training curve"


def test_too_few_seeds_decide_nothing_and_are_listed(tmp_path):
    for seed in range(4):
        run(tmp_path, 1.3, seed=seed)
    one = reproduction(tmp_path)
    assert one.verdict == "not decided: 4 of the 5 seeds that the rule needs"
    table = reproduction_table([one])
    assert "0.8480, 0.8490, 0.8500, 0.8510" in table
    assert "inside" not in table


def test_another_number_of_epochs_is_not_compared(tmp_path):
    for seed in range(5):
        fabricate(tmp_path, "imdb-net", seed=seed, epochs=3, best=0.85 + seed / 1000)
    assert reproduction(tmp_path).curve is None


@pytest.fixture
def factorial(tmp_path):
    """The 2 x 2 of the rules: epsilon outside takes a fifth off the loss, adding first a tenth."""
    factors = dict(zip(RULES, (1.0, 0.8, 0.9, 0.72), strict=True))
    for rule, factor in factors.items():
        for seed in range(5):
            form = {} if rule == "rmsprop-keras-2.0" else {"optimizer": rule}
            run(tmp_path, factor, seed=seed, **form)
    for seed in range(5):
        run(tmp_path, 0.72 * 1.1, seed=seed, gates="keras2-hard-sigmoid")
    return tmp_path


def test_main_effects_are_those_that_were_built_in(factorial):
    (design,) = factorial_designs(read(factorial), NUMBERS)
    effects = {effect.factor: effect for effect in design.effects}
    expected = {
        "epsilon outside the root": (2, 0.8),
        "squares after adding": (2, 0.9),
        "Keras 2's rule: both": (1, 0.72),
        "hard sigmoid": (1, 1.1),
    }
    assert set(effects) == set(expected)
    for name, (pairs, factor) in expected.items():
        effect = effects[name]
        assert effect.pairs == pairs
        for estimate in (effect.first_loss, effect.mean_loss):
            assert estimate.value == pytest.approx(math.log(factor))
            low, high = estimate.interval()
            assert low < math.log(factor) < high
        assert effect.best_validation.value == pytest.approx(0)


def test_one_pair_is_welchs_difference(factorial):
    (design,) = factorial_designs(read(factorial), NUMBERS)
    (both,) = (e for e in design.effects if e.factor == "Keras 2's rule: both")
    assert both.mean_loss.df == pytest.approx(8)  # equal variances of five and five


def test_conditions_with_too_few_seeds_have_no_effect(tmp_path):
    for seed in range(4):
        run(tmp_path, seed=seed)
        run(tmp_path, 1.5, seed=seed, optimizer="rmsprop")
    (design,) = factorial_designs(read(tmp_path), NUMBERS)
    assert design.effects == []
    assert "Keras 3's rule" in factorial_markdown([design])


def test_other_variants_are_no_part_of_the_design(tmp_path):
    run(tmp_path)
    run(tmp_path, optimizer="adam")
    run(tmp_path, units=64)
    run(tmp_path, experiment="imdb-other")
    assert factorial_designs(read(tmp_path), NUMBERS) == []


def test_tables_and_figure_of_the_factorial(factorial):
    found = factorial_designs(read(factorial), NUMBERS)
    text = factorial_markdown(found)
    assert "| published log | 1 | 0.6000 | 0.3000 | 0.2000 |" in text
    assert "-20 %" in text
    assert with_most_rules(found) == found
    path = plot_update_rules(found, factorial / "figure.png")
    first = path.read_bytes()
    assert plot_update_rules(found, path).read_bytes() == first


def test_errors_are_summed_over_iso_weeks():
    import numpy as np

    days = np.array(["2014-12-28", "2014-12-29", "2015-01-04", "2015-01-05"], "datetime64[s]")
    kept = weekly_errors(np.array([1.0, 2.0, 3.0, 4.0]), days)
    assert kept == {
        "weeks": ["2014-W52", "2015-W01", "2015-W02"],
        "absolute_error_sum": [1.0, 5.0, 4.0],
        "windows": [1, 2, 1],
    }
