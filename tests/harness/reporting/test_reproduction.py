"""A published log beside the original's runs and ours, and the factorial of Keras 2 and Keras 3."""

import json
import math
from dataclasses import replace

import pytest
from records import fabricate

from harness.reporting.claims import Statements
from harness.reporting.factorial import RULES, factorial_designs
from harness.reporting.groups import Published, PublishedResults, load_results
from harness.reporting.pages import make_tables
from harness.reporting.reproduction import ONE_MORE_RUN, SAME_END, reproductions
from harness.reporting.table import markdown
from harness.reporting.tables import factorial_blocks

EPOCHS = 4
CURVE = (0.6, 0.4, 0.3, 0.2)
PUBLISHED = Published(source="a log", best_validation=0.85, last_validation=0.84, loss=CURVE)
NUMBERS = PublishedResults({"imdb": "Reviews"}, {"imdb-net": PUBLISHED, "imdb-other": Published()})
NO_ORIGINAL = "not checkable: no runs of the original"


def run(
    results_dir,
    factor=1.0,
    *,
    seed=0,
    experiment="imdb-net",
    best=0.85,
    spread=0.01,
    keras=False,
    sha256="0" * 64,
    environment=None,
    metrics=None,
    **form,
):
    """A record whose training loss is the published one times a factor, and a little of chance."""
    protocol = {"epochs": EPOCHS, "optimizer": "rmsprop-keras-2.0", "gates": "sigmoid"}
    path = fabricate(
        results_dir,
        experiment,
        seed=seed,
        epochs=EPOCHS,
        best=best + (seed - 2) / 1000,
        config={"protocol": protocol | form, "variant": {"keras": "2.0.8"} if keras else form},
        environment=environment,
        metrics=metrics,
        sha256=sha256,
    )
    history = json.loads((path / "history.json").read_text("utf-8"))
    chance = (0, 1, -1, 2, -2)[seed]  # otherwise than the validation
    history["loss"] = [loss * factor * (1 + chance * spread) for loss in CURVE]
    (path / "history.json").write_text(json.dumps(history), "utf-8")


def read(results_dir, numbers=NUMBERS):
    results = load_results(results_dir, numbers)
    assert results.left_out == []
    return results


def reproduction(results_dir, **published):
    """The only network, beside what was published of it."""
    about = {"imdb-net": replace(PUBLISHED, **published)}
    (one,), _ = reproductions(read(results_dir, PublishedResults({}, about)).rows)
    return one


@pytest.mark.parametrize(
    ("seeds", "runs", "published", "verdict"),
    [
        (5, {"factor": 1.01}, {}, "holds: p "),
        (5, {"factor": 1.3}, {}, "does not hold: training loss at epoch"),
        (5, {"best": 0.87}, {}, "does not hold: last validation accuracy, p "),
        (5, {"spread": 0.1}, {}, "not decided: too wide (± "),
        (5, {"spread": 0.1, "best": 0.87}, {}, "does not hold: last validation accuracy"),
        (4, {"factor": 1.3}, {}, "not decided: 4 of the 5 seeds that the rule needs"),
        (5, {}, {"speaks_of": {"rows": 9}}, "not checkable: rows unknown instead of 9"),
        (5, {}, {"speaks_of": {"epochs": 4}}, "holds: p "),
        (5, {}, {"speaks_of": {"epochs": 5}}, "not checkable: epochs 4 instead of 5"),
        (
            5,
            {},
            {"best_validation": None, "last_validation": None, "loss": ()},
            "not checkable: nothing was published",
        ),
        (5, {}, {"keras": "2.2.4"}, NO_ORIGINAL),
    ],
)
def test_a_published_log_may_be_one_more_run_of_the_original(
    tmp_path, seeds, runs, published, verdict
):
    for seed in range(seeds):
        run(tmp_path, seed=seed, keras=True, **runs)
        run(tmp_path, 2.0, seed=seed)
    answers = reproduction(tmp_path, **published).answers
    assert answers[ONE_MORE_RUN].startswith(verdict)
    assert (answers[SAME_END] == NO_ORIGINAL) is (verdict == NO_ORIGINAL)


@pytest.mark.parametrize(
    ("epoch", "verdict"), [(None, "holds"), (0, "does not hold"), (3, "does not hold")]
)
@pytest.mark.parametrize("curve", ["accuracy", "val_accuracy", "val_loss"])
def test_every_published_curve_counts_at_every_epoch(tmp_path, curve, epoch, verdict):
    for seed in range(5):
        run(tmp_path, seed=seed)
    curves = [record.history[curve] for record in read(tmp_path).records]
    log = [sum(values) / len(values) for values in zip(*curves, strict=True)]
    if epoch is not None:
        log[epoch] -= 0.05
    test = reproduction(tmp_path, **{curve: tuple(log)}).of_ours
    words = {"accuracy": "training accuracy", "val_accuracy": "validation accuracy"}
    place = "" if epoch is None else f": {words.get(curve, 'validation loss')} at epoch {epoch + 1}"
    assert test.verdict.startswith(verdict + place)


@pytest.mark.parametrize("stopped", [3, 4])
def test_runs_that_stopped_at_other_epochs_are_compared_as_far_as_all_got(tmp_path, stopped):
    for seed in range(5):
        run(tmp_path, seed=seed)
    path = tmp_path / "imdb-net/seed-4"
    history = json.loads((path / "history.json").read_text("utf-8"))
    shorter = {name: values[:stopped] for name, values in history.items()}
    (path / "history.json").write_text(json.dumps(shorter), "utf-8")
    metrics = json.loads((path / "metrics.json").read_text("utf-8"))
    metrics["last_validation"] = shorter["val_accuracy"][-1]
    (path / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    one = reproduction(tmp_path)
    assert len(one.row.records) == 5
    assert one.of_ours.verdict.startswith("holds: p ")
    assert (one.of_ours.distance is None) is (stopped == 3)


@pytest.mark.parametrize(
    ("ours", "originals", "verdict"),
    [
        ({}, {"best": 0.852}, "holds: p below 0.001"),
        ({}, {"best": 0.87}, "does not hold: p "),
        ({}, {"best": 0.8585}, "not decided: p (holds) "),
        ({}, {"sha256": "f" * 64}, "not checkable: different copies of the data"),
        # by design
        ({"layers": "native"}, {"layers": "keras", "commit": "d" * 40}, "holds: p below 0.001"),
        ({"layers": ["native", "fast"]}, {}, "holds: p below 0.001; the runs differ in layers"),
        ({"commit": ["c", "d"]}, {}, "holds: p below 0.001; the runs differ in commit"),
        (
            {"commit": ["c", "d"], "training_code": "1"},
            {"training_code": "1"},
            "holds: p below 0.001",
        ),
        (
            {"training_code": "1"},
            {"training_code": ["1", "2"]},
            "holds: p below 0.001; the runs differ in training code",
        ),
    ],
)
def test_ours_may_end_where_the_original_does(tmp_path, ours, originals, verdict):
    for seed in range(5):
        for keras, fields in ((False, ours), (True, originals)):
            kinds = {k: v[seed % 2] if isinstance(v, list) else v for k, v in fields.items()}
            about = {name: kinds.pop(name) for name in ("best", "sha256") if name in kinds}
            run(tmp_path, seed=seed, keras=keras, environment=kinds, **about)
    answer = reproduction(tmp_path).answers[SAME_END]
    assert answer == verdict if "0.001" in verdict else answer.startswith(verdict)
    assert reproduction(tmp_path).same_end.needed == ""


def test_runs_that_lie_apart_say_how_many_would_be_needed(tmp_path):
    for seed, best in enumerate((0.80, 0.83, 0.86, 0.84, 0.82)):
        run(tmp_path, seed=seed, best=best)
        run(tmp_path, seed=seed, best=best, keras=True)
    # standard deviation 0.02297: 2 * 0.02297² * ((1.645 + 1.282) / 0.01)² = 90.3
    needed = "it would take some 91 runs a side if there is no difference"
    assert reproduction(tmp_path).same_end.needed == needed


def test_a_network_that_is_validated_on_the_test_data_is_compared_after_its_last_epoch(tmp_path):
    for seed in range(5):
        for keras, end in ((False, 0.84), (True, 0.837)):
            tested = {"test_at_best": 0.85 + (seed - 2) / 1000, "test_at_end": end}
            run(tmp_path, seed=seed, keras=keras, metrics=tested)
    _, test = reproduction(tmp_path).same_end.differences
    assert test.value == pytest.approx(0.003)


@pytest.mark.parametrize(
    ("best", "layers", "verdict"),
    [
        (0.851, ["keras", "keras"], "holds: p below 0.001"),
        (0.87, ["keras", "keras"], "does not hold: p below 0.001"),
        (0.851, ["keras", "fast"], "holds: p below 0.001; the runs differ in layers"),
    ],
)
def test_plain_keras_may_test_the_same(tmp_path, best, layers, verdict):
    plain = {"protocol": {"epochs": EPOCHS}, "variant": {"plain_keras": True}}
    for seed in range(5):
        kept = {"environment": {"layers": layers[seed % 2]}, "config": plain}
        fabricate(tmp_path, "imdb-net", seed=seed, best=best + seed / 1000, **kept)
        run(tmp_path, seed=seed, environment={"layers": "native"})
    files, parts = make_tables(read(tmp_path), NUMBERS, Statements([], []))
    assert parts["plain-keras"].endswith(f"| {verdict} |")
    assert parts["plain-keras"] in files["RESULTS.md"]


def test_main_effects_are_those_that_were_built_in(tmp_path):
    """Epsilon outside takes a fifth off the loss, 1e-8 another twentieth, adding first a tenth."""
    factors = dict(zip(RULES, (1.0, 0.8, 0.76, 0.9, 0.72, 0.684), strict=True))
    for seed in range(5):
        for rule, factor in factors.items():
            form = {} if rule == "rmsprop-keras-2.0" else {"optimizer": rule}
            run(tmp_path, factor, seed=seed, **form)
        run(tmp_path, 0.684 * 1.1, seed=seed, gates="keras2-hard-sigmoid")
        run(tmp_path, 0.7, seed=seed, keras=True)
    for form in ({"optimizer": "adam"}, {"units": 64}):  # no part of the design
        run(tmp_path, **form)
    (design,) = factorial_designs(read(tmp_path), NUMBERS)
    assert len(design.conditions) == 8
    effects = {effect.factor: effect for effect in design.effects}
    expected = {
        "epsilon outside the root": (2, 0.8),
        "epsilon outside, 1e-8 in place of 1e-7": (2, 0.95),
        "squares after adding": (3, 0.9),
        "Keras 2.0's rule: all": (1, 0.684),
        "hard sigmoid": (1, 1.1),
    }
    assert set(effects) == set(expected)
    for name, (pairs, factor) in expected.items():
        assert effects[name].pairs == pairs
        first_loss, mean_loss, best_validation = effects[name].changes.values()
        for estimate in (first_loss, mean_loss):
            assert estimate.value == pytest.approx(math.log(factor))
            low, high = estimate.interval()
            assert low < math.log(factor) < high
        if pairs == 1:  # Welch's degrees of freedom: equal variances of five and five
            assert mean_loss.df == pytest.approx(8)
        assert best_validation.value == pytest.approx(0)


def test_conditions_with_too_few_seeds_have_no_effect(tmp_path):
    for seed in range(4):
        run(tmp_path, seed=seed)
        run(tmp_path, 1.5, seed=seed, optimizer="rmsprop")
    run(tmp_path, experiment="imdb-other")  # which ran in one condition
    (design,) = factorial_designs(read(tmp_path), NUMBERS)
    assert design.effects == []
    assert "Keras 3's rule" in markdown(factorial_blocks([design], 0.05))
