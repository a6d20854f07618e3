"""The NumPy loops compute what Keras's layers compute, for any shapes."""

import numpy as np
import pytest

from experiments.numpy_check import TWINS, VARIANTS
from models.cells import CELLS
from models.recurrent_numpy import (
    GRU,
    LSTM,
    LSTM1997,
    Affine,
    DocumentLSTM,
    GRUResetAfter,
    PeepholeLSTM,
    predictions,
    steps,
    unfold,
)

LAYERS = TWINS | VARIANTS
TOLERANCE = 1e-5  # largest difference, float32


def random_layer(kind, units, features, rng, **options):
    """A Keras layer whose weights, biases too, are all random."""
    layer = kind.make(units, **options)
    layer.build((None, None, features))
    layer.set_weights([rng.normal(0, 0.5, w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (4, 12, 6, 8)], ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_outputs_are_those_of_keras(name, shape):
    batch, timesteps, features, units = shape
    rng = np.random.default_rng(0)
    layer = random_layer(LAYERS[name], units, features, rng, return_sequences=True)
    x = rng.normal(size=(batch, timesteps, features)).astype(np.float32)
    expected = np.asarray(layer(x))  # (batch, timesteps, units)
    ours = LAYERS[name].in_numpy(layer.get_weights())

    assert np.abs(unfold(ours, x) - expected).max() < TOLERANCE
    last = unfold(ours, x, return_sequences=False)  # (batch, units)
    assert np.abs(last - expected[:, -1]).max() < TOLERANCE
    one = unfold(ours, x[0])  # (timesteps, units): one sequence without a batch
    assert np.abs(one - expected[0]).max() < TOLERANCE
    state = tuple(rng.normal(size=s.shape).astype(np.float32) for s in ours.start((batch,)))
    continued = np.asarray(layer(x, initial_state=list(state)))
    assert np.abs(unfold(ours, x, state) - continued).max() < TOLERANCE


def affine(rng, units=3, features=2):
    shapes = ((units, features), (units, units), (units,))
    return Affine(*(rng.normal(size=shape) for shape in shapes))


def open_gate(size=3, features=2):
    return Affine(np.zeros((size, features)), np.zeros((size, size)), np.full(size, 50.0))


def test_the_documents_lstm_is_not_keras_lstm():
    """Same weights, another output: it reads the carry through V_o, without tanh of the carry."""
    rng = np.random.default_rng(0)
    gates = [affine(rng) for _ in range(4)]
    x = rng.normal(size=(8, 2))
    document = unfold(DocumentLSTM(*gates, V=rng.normal(size=(3, 3))), x)
    assert np.abs(document - unfold(LSTM(*gates), x)).max() > 0.1
    # by hand, the first step: no carry yet, so V_o does not matter
    o = gates[3]
    np.testing.assert_allclose(document[0], np.tanh(o.W @ x[0] + o.b))


def test_the_first_lstm_is_one_whose_forget_gate_is_always_open():
    rng = np.random.default_rng(0)
    i, k, o = (affine(rng) for _ in range(3))
    x = rng.normal(size=(12, 2))
    np.testing.assert_allclose(
        unfold(LSTM1997(i, k, o), x), unfold(LSTM(i, open_gate(), k, o), x), atol=1e-9
    )


def zeros(*shapes):
    return [np.zeros(shape) for shape in shapes]


def unequal(cell, gates, *more, units=3, features=2):
    """A cell whose last gate has other units or features than the others."""
    rng = np.random.default_rng(0)
    others = [affine(rng) for _ in range(gates - 1)]
    return cell(*others, affine(rng, units, features), *more)


def read(*shape, state=None):
    return unfold(LSTM(*(affine(np.random.default_rng(0)) for _ in range(4))), *zeros(shape), state)


REFUSED = [
    (lambda: read(0, 2), r"timesteps >= 1, features\), not \(0, 2\)"),
    (lambda: read(4, 5), "for 2 features and 3 units"),
    (lambda: read(4, 2, state=zeros((3,), (1,))), r"must have shapes \[\(3,\), \(3,\)\], not"),
    (lambda: Affine(*zeros((3, 2), (3, 4), (3,))), "do not fit; expected"),
    (lambda: Affine(*zeros((3, 2), (3, 3), (3, 1))), "do not fit; expected"),  # it would stretch
    (lambda: LSTM.from_keras(*zeros((2, 12), (3, 12), (2, 12))), "be divided into 4 gates"),
    (lambda: unequal(LSTM, 4, units=1), "do not fit each other"),
    (lambda: unequal(LSTM1997, 3, features=1), "do not fit each other"),
    (lambda: unequal(GRU, 3, units=1), "do not fit each other"),
    (lambda: unequal(DocumentLSTM, 4, *zeros((3, 2))), r"V \(3, 2\) does not fit"),
    (lambda: unequal(PeepholeLSTM, 4, *zeros((3,), (3,), (1,))), r"\(1,\)\] do not fit; expected"),
    (lambda: GRUResetAfter.from_keras(*zeros((2, 9), (3, 9), (9,))), "reset_after=False; use GRU"),
    (lambda: predictions(*zeros((5, 3), (4, 3), (1,))), r"do not fit outputs \(5, 3\); expected"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_shapes_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", CELLS)
def test_the_gates_of_a_step_make_its_state(name):
    """What a step shows of its inside is what it computed with: the state follows from it."""
    rng = np.random.default_rng(3)
    layer = random_layer(CELLS[name], 4, 3, rng)
    cell = CELLS[name].in_numpy(layer.get_weights())
    old = tuple(rng.normal(size=(5, 4)) for _ in cell.start(()))  # (batch, units) each
    (state, gates), *_ = steps(cell, rng.normal(size=(5, 2, 3)), old)
    opened = [gate for symbol, gate in gates.items() if symbol != "k"]
    assert all(((gate > 0) & (gate < 1)).all() for gate in opened)
    assert all(gate.shape == (5, 4) for gate in gates.values())
    if name == "simple-rnn":
        assert gates == {}
    elif name == "gru":
        z, k = gates["z"], gates["k"]
        np.testing.assert_allclose(state[0], z * old[0] + (1 - z) * k)
    else:
        kept = gates.get("f", 1) * old[1]
        np.testing.assert_allclose(state[1], gates["i"] * gates["k"] + kept)
        shown = {"lstm-peephole": state[1], "lstm-document": None}.get(name, np.tanh(state[1]))
        if shown is not None:
            np.testing.assert_allclose(state[0], gates["o"] * shown)
