"""A published log beside the original's runs and ours, and the factorial of Keras 2 and Keras 3."""

import json
import math
from dataclasses import replace

import pytest
from records import fabricate

from harness.reporting.factorial import RULES, factorial_designs
from harness.reporting.groups import Published, PublishedResults, load_results
from harness.reporting.reproduction import ONE_MORE_RUN, SAME_END, reproductions
from harness.reporting.results_page import make_tables
from harness.reporting.table import markdown
from harness.reporting.tables import factorial_blocks

EPOCHS = 4
CURVE = (0.6, 0.4, 0.3, 0.2)
PUBLISHED = Published(source="a log", best_validation=0.85, last_validation=0.84, loss=CURVE)
NUMBERS = PublishedResults({"imdb": "Reviews"}, {"imdb-net": PUBLISHED, "imdb-other": Published()})
ORIGINAL = {"keras": "2.0.8"}


def run(
    results_dir,
    factor=1.0,
    *,
    seed=0,
    experiment="imdb-net",
    best=0.85,
    spread=0.01,
    keras=False,
    environment=None,
    **form,
):
    """A record whose training loss is the published one times a factor, and a little of chance."""
    protocol = {"epochs": EPOCHS, "optimizer": "rmsprop-keras-2.0", "gates": "sigmoid"}
    config = {"protocol": protocol | form, "variant": ORIGINAL if keras else form}
    path = fabricate(
        results_dir,
        experiment,
        seed=seed,
        epochs=EPOCHS,
        best=best + (seed - 2) / 1000,
        config=config,
        environment=environment,
    )
    history = json.loads((path / "history.json").read_text("utf-8"))
    chance = (0, 1, -1, 2, -2)[seed]  # otherwise than the validation
    history["loss"] = [loss * factor * (1 + chance * spread) for loss in CURVE]
    (path / "history.json").write_text(json.dumps(history), "utf-8")


def read(results_dir, numbers=NUMBERS):
    results, left_out = load_results(results_dir, numbers)
    assert left_out == []
    return results


def reproduction(results_dir, **published):
    """The only network, beside what was published of it."""
    about = {"imdb-net": replace(PUBLISHED, **published)}
    (one,), _ = reproductions(read(results_dir, PublishedResults({}, about)).rows)
    return one


def validation(path, *, of="val_accuracy"):
    """What the made-up runs have on validation in the mean."""
    rows = read(path).rows
    curves = [record.history[of] for record in rows[0].records]
    return [sum(epoch) / len(epoch) for epoch in zip(*curves, strict=True)]


@pytest.mark.parametrize(
    ("runs", "published", "verdict"),
    [
        ({"factor": 1.01}, {}, "holds: p "),
        ({"factor": 1.3}, {}, "does not hold: training loss at epoch"),
        ({"best": 0.87}, {}, "does not hold: last validation accuracy, p "),
        ({"spread": 0.1}, {}, "not decided: too wide (± "),
        ({"spread": 0.1, "best": 0.87}, {}, "does not hold: last validation accuracy"),
        ({}, {"speaks_of": {"rows": 9}}, "not checkable: rows unknown instead of 9"),
        ({}, {"speaks_of": {"epochs": 4}}, "holds: p "),
        ({}, {"speaks_of": {"epochs": 5}}, "not checkable: epochs 4 instead of 5"),
        (
            {},
            {"best_validation": None, "last_validation": None, "loss": ()},
            "not checkable: nothing was published",
        ),
        ({}, {"keras": "2.2.4"}, "not checkable: no runs of the original"),
    ],
)
def test_a_published_log_may_be_one_more_run_of_the_original(tmp_path, runs, published, verdict):
    for seed in range(5):
        run(tmp_path, seed=seed, keras=True, **runs)
        run(tmp_path, 2.0, seed=seed)
    answer = reproduction(tmp_path, **published).answers[ONE_MORE_RUN]
    assert answer.startswith(verdict)


@pytest.mark.parametrize(
    ("epoch", "verdict"), [(None, "holds"), (0, "does not hold"), (3, "does not hold")]
)
@pytest.mark.parametrize("curve", ["accuracy", "val_accuracy", "val_loss"])
def test_every_published_curve_counts_at_every_epoch(tmp_path, curve, epoch, verdict):
    for seed in range(5):
        run(tmp_path, seed=seed)
    log = validation(tmp_path, of=curve)
    if epoch is not None:
        log[epoch] -= 0.05
    test = reproduction(tmp_path, **{curve: tuple(log)}).of_ours
    words = {"accuracy": "training accuracy", "val_accuracy": "validation accuracy"}
    place = "" if epoch is None else f": {words.get(curve, 'validation loss')} at epoch {epoch + 1}"
    assert test.verdict.startswith(verdict + place)


def test_too_few_seeds_decide_nothing(tmp_path):
    for seed in range(4):
        run(tmp_path, 1.3, seed=seed)
    one = reproduction(tmp_path)
    assert one.of_ours.verdict == "not decided: 4 of the 5 seeds that the rule needs"
    assert one.of_ours.width is None
    assert one.answers[SAME_END] == "not checkable: no runs of the original"


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        ({"best": 0.852}, "holds: p 0.000"),
        ({"best": 0.87}, "does not hold: p "),
        ({"best": 0.8585}, "not decided: p (holds) "),
    ],
)
def test_ours_may_end_where_the_original_does(tmp_path, runs, verdict):
    for seed in range(5):
        run(tmp_path, seed=seed)
        run(tmp_path, seed=seed, keras=True, **runs)
    answer = reproduction(tmp_path).answers[SAME_END].replace("p below 0.001", "p 0.000")
    assert answer.startswith(verdict)
    assert "would be needed" not in answer


def test_runs_that_lie_apart_say_how_many_would_be_needed(tmp_path):
    for seed, best in enumerate((0.80, 0.83, 0.86, 0.84, 0.82)):
        run(tmp_path, seed=seed, best=best)
        run(tmp_path, seed=seed, best=best, keras=True)
    # standard deviation 0.02297: 2 * 0.02297² * ((1.645 + 1.282) / 0.01)² = 90.3
    needed = "; some 91 runs a side would be needed, there are 5 and 5"
    assert reproduction(tmp_path).answers[SAME_END].endswith(needed)


def test_two_groups_on_other_data_are_not_compared(tmp_path):
    for seed in range(5):
        run(tmp_path, seed=seed)
        path = tmp_path / "imdb-net+keras-2.0.8" / f"seed-{seed}" / "data.json"
        run(tmp_path, seed=seed, keras=True)
        path.write_text(path.read_text("utf-8").replace("0" * 64, "f" * 64), "utf-8")
    answer = reproduction(tmp_path).answers[SAME_END]
    assert answer.startswith("not checkable: different copies of the data")


@pytest.mark.parametrize(
    ("ours", "originals", "note"),
    [
        ({"layers": "native"}, {"layers": "keras"}, ""),  # by design
        ({}, {"commit": "d" * 40}, ""),
        ({"layers": ["native", "fast"]}, {}, "the runs differ in layers"),
        ({"commit": ["c", "d"]}, {}, "the runs differ in commit"),
        ({"commit": ["c", "d"], "training_code": "1"}, {"training_code": "1"}, ""),
        ({"training_code": "1"}, {"training_code": ["1", "2"]}, "the runs differ in training code"),
    ],
)
def test_a_verdict_on_runs_of_several_kinds_says_so(tmp_path, ours, originals, note):
    for seed in range(5):
        for keras, fields in ((False, ours), (True, originals)):
            kinds = {k: v[seed % 2] if isinstance(v, list) else v for k, v in fields.items()}
            run(tmp_path, seed=seed, keras=keras, environment=kinds)
    verdict, _, found = reproduction(tmp_path).answers[SAME_END].partition("; ")
    assert verdict.startswith("holds")
    assert found == note


@pytest.mark.parametrize(
    ("best", "layers", "verdict"),
    [
        (0.851, "keras", "holds: p below 0.001"),
        (0.87, "keras", "does not hold: p below 0.001"),
        (0.851, ["keras", "fast"], "holds: p below 0.001; the runs differ in layers"),
    ],
)
def test_plain_keras_may_test_the_same(tmp_path, best, layers, verdict):
    plain = {"protocol": {"epochs": EPOCHS}, "variant": {"plain_keras": True}}
    for seed in range(5):
        own = layers[seed % 2] if isinstance(layers, list) else layers
        kept = {"environment": {"layers": own}, "config": plain}
        fabricate(tmp_path, "imdb-net", seed=seed, best=best + seed / 1000, **kept)
        run(tmp_path, seed=seed, environment={"layers": "native"})
    results = read(tmp_path)
    files, parts = make_tables(results, NUMBERS, [])
    assert parts["plain-keras"].endswith(f"| {verdict} |")
    assert parts["plain-keras"] in files["RESULTS.md"]


@pytest.fixture
def factorial(tmp_path):
    """Epsilon outside takes a fifth off the loss, 1e-8 another twentieth, adding first a tenth."""
    factors = dict(zip(RULES, (1.0, 0.8, 0.76, 0.9, 0.72, 0.684), strict=True))
    for rule, factor in factors.items():
        for seed in range(5):
            form = {} if rule == "rmsprop-keras-2.0" else {"optimizer": rule}
            run(tmp_path, factor, seed=seed, **form)
    for seed in range(5):
        run(tmp_path, 0.684 * 1.1, seed=seed, gates="keras2-hard-sigmoid")
        run(tmp_path, 0.7, seed=seed, keras=True)
    return tmp_path


def test_main_effects_are_those_that_were_built_in(factorial):
    (design,) = factorial_designs(read(factorial), NUMBERS)
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
        effect = effects[name]
        assert effect.pairs == pairs
        for estimate in (effect.first_loss, effect.mean_loss):
            assert estimate.value == pytest.approx(math.log(factor))
            low, high = estimate.interval()
            assert low < math.log(factor) < high
        if pairs == 1:  # Welch's degrees of freedom: equal variances of five and five
            assert effect.mean_loss.df == pytest.approx(8)
        assert effect.best_validation.value == pytest.approx(0)


def test_conditions_with_too_few_seeds_have_no_effect(tmp_path):
    for seed in range(4):
        run(tmp_path, seed=seed)
        run(tmp_path, 1.5, seed=seed, optimizer="rmsprop")
    (design,) = factorial_designs(read(tmp_path), NUMBERS)
    assert design.effects == []
    assert "Keras 3's rule" in markdown(factorial_blocks([design], 0.05))


def test_other_variants_are_no_part_of_the_design(tmp_path):
    run(tmp_path)
    run(tmp_path, optimizer="adam")
    run(tmp_path, units=64)
    run(tmp_path, experiment="imdb-other")
    assert factorial_designs(read(tmp_path), NUMBERS) == []
