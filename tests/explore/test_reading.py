"""What is shown of a cell is what Keras computes: probabilities, influences, parameters."""

import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from explore.inspect import print_reading
from explore.reading import MOST_SHOWN, count_parameters, linear_additions, read
from harness.errors import RunError
from models import networks
from models.baselines import bag_of_ngrams
from models.cells import CELLS

MAXLEN, UNITS, FEATURES, WORDS = 12, 6, 5, 30
IDS = [1, 7, 23, 9, 7]
LABELS = ["start", "a", "good", "film", "a"]


def network(cell, maxlen=MAXLEN, **options):
    """A network whose weights, biases too, are all random."""
    model = networks.recurrent_classifier(cell, WORDS, FEATURES, UNITS, **options)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    named = {"path": "best.keras", "label": f"imdb-{cell}", "title": CELLS[cell].title}
    return SimpleNamespace(model=model, setting={"maxlen": maxlen}.get, **named)


def by_keras(network, ids):
    return float(keras.ops.convert_to_numpy(network.model(np.array([ids])))[0, 0])


def logit(p):
    return np.log(p / (1 - p))


@pytest.mark.parametrize("cell", CELLS)
def test_each_step_and_each_influence_is_what_keras_computes(cell):
    one = network(cell)
    reading = read(one, cell, LABELS, IDS)
    assert reading.columns == ["7 × padding", *LABELS]
    padded = [0] * 7 + IDS
    expected = [by_keras(one, padded[:end]) for end in range(7, 13)]
    np.testing.assert_allclose(reading.probability, expected, atol=1e-5)
    influences = [
        logit(expected[-1]) - logit(by_keras(one, [0] * 8 + IDS[:place] + IDS[place + 1 :]))
        for place in range(1, 5)
    ]
    assert np.isnan(reading.influence[:2]).all()
    np.testing.assert_allclose(reading.influence[2:], influences, atol=1e-4)
    # units in the order of their output weights, and every symbol for every unit
    assert (np.diff(reading.output_weights) <= 0).all()
    assert {values.shape for values in reading.inside.values()} == {(6, UNITS)}


def test_a_long_text_is_cut_as_keras_cuts_it_and_its_end_is_shown():
    ids = [1, *np.random.default_rng(1).integers(4, WORDS, 79).tolist()]
    one = network("lstm", maxlen=60)
    reading = read(one, "lstm", [str(n) for n in ids], ids)
    assert reading.columns == ["20 earlier steps", *map(str, ids[-MOST_SHOWN:])]
    assert reading.probability[-1] == pytest.approx(by_keras(one, ids[-60:]), abs=1e-5)
    without_last = logit(by_keras(one, ids[-61:-1]))  # an earlier word moves up
    assert reading.influence[-1] == pytest.approx(reading.log_odds[-1] - without_last, abs=1e-4)
    assert not np.isnan(reading.influence[1:]).any()


def test_a_network_that_the_numpy_cell_does_not_compute_is_refused():
    other = network("lstm", gates="keras2-hard-sigmoid")
    with pytest.raises(RunError, match=r"best\.keras: NumPy and Keras differ by .* probability"):
        read(other, "lstm", LABELS, IDS)


@pytest.mark.parametrize(
    ("cell", "formula"),
    [
        ("simple-rnn", "6 × (5 + 6) + 6"),
        ("lstm", "4 × (6 × (5 + 6) + 6)"),
        ("gru", "3 × (6 × (5 + 6) + 2 × 6)"),
        ("lstm-document", "4 × (6 × (5 + 6) + 6) + 6 × 6"),
        ("lstm-1997", "3 × (6 × (5 + 6) + 6)"),
        ("lstm-peephole", "4 × (6 × (5 + 6) + 6) + 3 × 6"),
    ],
)
def test_parameters_are_counted_by_the_formula_that_is_shown(cell, formula):
    vectors, recurrent, output = count_parameters(network(cell)).rows
    assert (vectors[1], recurrent[1], output[1]) == ("30 × 5", formula, "6 + 1")
    for _, how, count in (vectors, recurrent, output):
        assert eval(how.replace("×", "*")) == int(count.replace(",", ""))


def test_additions_of_words_make_up_a_linear_model_without_bigrams():
    reviews = [[1, 7, 9], [1, 8, 9], [1, 7, 7, 8], [1, 8, 5]] * 2
    pipeline = bag_of_ngrams(1).fit(reviews, [1, 0, 1, 0] * 2)
    added = linear_additions(pipeline, [1, 7, 8, 7, 99])
    assert np.isnan(added[-1])
    assert added[1] == added[3] > 0 > added[2]
    (expected,) = pipeline.decision_function([[1, 7, 8, 7, 99]])
    assert np.nansum(added) + pipeline[-1].intercept_[0] == pytest.approx(expected)


def test_colours_in_a_terminal_but_not_with_no_color(monkeypatch, capsys):
    reading = read(network("gru"), "gru", LABELS, IDS)
    printed = []
    for variable in ("TERM", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.setenv(variable, "xterm-256color")
        print_reading(reading)
        printed.append(capsys.readouterr().out)
    assert "\x1b" not in printed[0]
    assert re.search(r"\x1b\[30;48;5;\d+m(a|good|film)\x1b", printed[1])
    assert "48;5" not in printed[2]
