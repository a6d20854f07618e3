"""Recurrent networks as loops: the documents' definitions in NumPy, in the documents' symbols.

To be read from top to bottom. A recurrent network reads a sequence one timestep at a time and keeps
a *state*, a few numbers that stand for what it has read so far. One function, the *step*, makes the
new state from the old state and the next input. The simplest step there is:

    h_t = tanh(U h_{t-1} + W x_t + b)

`x_t` is the input at timestep t, a list of numbers called *features*; `h_t` is the state, which is
also the output, a list of numbers called *units*. The weights `W`, `U` and `b` are the same at
every timestep, so that a sequence may have any length. A step together with its weights is a
*cell*. Everything below is a cell; `unfold` is the loop around it.

The other cells put *gates* into the step: numbers between 0 (shut) and 1 (open) that multiply
others and so decide what passes. An LSTM keeps a second list beside `h`, the carry `c`.

Symbols: `x` input, `h` output, `c` carry, `W` weights of the input, `U` of the previous output, `b`
bias; gates `i` input, `f` forget, `o` output (LSTM), `z` update, `r` reset (GRU); `k` what would be
newly written. In `predictions` alone, `V` and `c` are the weights and bias of a classifier, and in
`DocumentLSTM` `V` is the matrix `V_o`: the documents use these letters twice.

Shapes are written after the line, as in `# (..., units)`: the dots are nothing for one sequence and
(batch,) for many at once. A matrix `W` of shape (units, features) maps an input to `W x`; for rows
of inputs that is written `x @ W.T`.

Sources: `simple-rnn-blog` and `r-slides` (simple RNN, loop), `recurrent-overview` and `r-slides`
(LSTM through a carry), `hsv-ai-2019` (the LSTM's history, GRU). `from_keras` takes what
`layer.get_weights()` gives, in Keras's order and layout; the sigmoid is Keras 3's (before 2.3,
gates had a piecewise linear one). Shapes that do not fit each other raise a ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

State = tuple[np.ndarray, ...]
"""What a cell remembers, each of shape (..., units): `h`, and for an LSTM the carry `c` too."""

Gates = dict[str, np.ndarray]
"""What a step computes on its way, by symbol, each of shape (..., units): the gates and `k`."""


def sigmoid(a: np.ndarray) -> np.ndarray:
    """`1 / (1 + exp(-a))`: squeezes each number into (0, 1), as a gate needs it."""
    return 0.5 * (1 + np.tanh(0.5 * a))  # the same number, without exp's overflow


def softmax(a: np.ndarray) -> np.ndarray:
    """Turns scores, shape (..., classes), into probabilities that add up to 1."""
    e = np.exp(a - a.max(axis=-1, keepdims=True))  # the shift changes nothing but avoids overflow
    return e / e.sum(axis=-1, keepdims=True)


# --- the loop --------------------------------------------------------------------------------


class Cell(Protocol):
    """A step with its weights."""

    def start(self, shape: tuple[int, ...]) -> State:
        """The state before anything was read: zeros, for sequences of batch shape `shape`."""

    def step(self, state: State, x: np.ndarray) -> tuple[State, Gates]:
        """The state after one more input `x`, shape (..., features), and how it came about."""


def steps(cell: Cell, x: np.ndarray, state: State | None = None) -> Iterator[tuple[State, Gates]]:
    """Runs a cell over sequences, and shows its inside at every timestep.

    Args:
        cell: the step that is repeated.
        x: inputs, shape (..., timesteps, features), at least one timestep.
        state: state before the first input; zeros if left out.

    Yields:
        After every timestep what `cell.step` returns.

    Raises:
        ValueError: no timestep, or an input or a state that does not fit the weights.
    """
    if x.ndim < 2 or x.shape[-2] == 0:
        raise ValueError(f"x must have shape (..., timesteps >= 1, features), not {x.shape}.")
    zeros = cell.start(x.shape[:-2])
    state = zeros if state is None else state
    if [s.shape for s in state] != [z.shape for z in zeros]:
        expected, found = [z.shape for z in zeros], [s.shape for s in state]
        raise ValueError(f"the state must have shapes {expected}, not {found}.")
    for t in range(x.shape[-2]):
        state, gates = cell.step(state, x[..., t, :])
        yield state, gates


def unfold(
    cell: Cell, x: np.ndarray, state: State | None = None, return_sequences: bool = True
) -> np.ndarray:
    """Runs a cell over sequences, as a layer of Keras does.

    Args:
        cell, x, state: as for `steps`.
        return_sequences: the output after every timestep, or after the last one only.

    Returns:
        Outputs, shape (..., timesteps, units), or (..., units) without `return_sequences`.
    """
    outputs = [h for (h, *_), _ in steps(cell, x, state)]  # (..., units) each
    return np.stack(outputs, axis=-2) if return_sequences else outputs[-1]


@dataclass(frozen=True)
class Affine:
    """`U h + W x + b`: the sum inside every step, and inside every gate with its own weights.

    Attributes:
        W: weights of the input, shape (units, features).
        U: weights of the previous output, shape (units, units).
        b: bias, shape (units,).
    """

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray

    def __post_init__(self):
        units = self.b.size
        found = self.W.shape[:-1], self.U.shape, self.b.shape
        if found != ((units,), (units, units), (units,)):
            raise ValueError(
                f"W {self.W.shape}, U {self.U.shape} and b {self.b.shape} do not fit; expected "
                "(units, features), (units, units) and (units,)."
            )

    def __call__(self, h: np.ndarray, x: np.ndarray) -> np.ndarray:
        if x.shape[-1] != self.W.shape[1] or h.shape[-1] != len(self.b):
            raise ValueError(
                f"input {x.shape} and state {h.shape} do not fit weights for "
                f"{self.W.shape[1]} features and {len(self.b)} units."
            )
        return h @ self.U.T + x @ self.W.T + self.b  # (..., units)

    def zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        """The `h` of the beginning, shape (*shape, units)."""
        return np.zeros((*shape, len(self.b)), self.b.dtype)


def refuse_unequal(*gates: Affine) -> None:
    """The gates of one cell read the same input and the same state."""
    if len({gate.W.shape for gate in gates}) > 1:
        found = [gate.W.shape for gate in gates]
        raise ValueError(f"gates of (units, features) {found} do not fit each other.")


def split_keras(kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray, gates: int) -> list:
    """Keras keeps the weights of all gates side by side, transposed; here each gate has its own.

    Args:
        kernel: shape (features, gates * units).
        recurrent: shape (units, gates * units).
        bias: shape (gates * units,).
        gates: how many.

    Returns:
        One `Affine` a gate, in Keras's order.
    """
    shapes = kernel.shape, recurrent.shape, bias.shape
    if [len(s) for s in shapes] != [2, 2, 1] or any(s[-1] % gates for s in shapes):
        raise ValueError(
            f"kernel {kernel.shape}, recurrent kernel {recurrent.shape} and bias {bias.shape} "
            f"cannot be divided into {gates} gates."
        )
    parts = (np.split(weights, gates, axis=-1) for weights in (kernel, recurrent, bias))
    return [Affine(W.T, U.T, b) for W, U, b in zip(*parts, strict=True)]


# --- simple RNN ------------------------------------------------------------------------------


@dataclass(frozen=True)
class SimpleRNN:
    """`h_t = tanh(U h_{t-1} + W x_t + b)`: the whole memory is the last output."""

    hidden: Affine

    @classmethod
    def from_keras(cls, kernel, recurrent_kernel, bias) -> SimpleRNN:
        """Takes the weights of `keras.layers.SimpleRNN`."""
        return cls(*split_keras(kernel, recurrent_kernel, bias, gates=1))

    def start(self, shape):
        return (self.hidden.zeros(shape),)

    def step(self, state, x):
        (h,) = state
        return (np.tanh(self.hidden(h, x)),), {}


def predictions(h: np.ndarray, V: np.ndarray, c: np.ndarray) -> np.ndarray:
    """`p_t = softmax(V h_t + c)`: probabilities of the classes at every position.

    Args:
        h: outputs of a recurrent network, shape (..., timesteps, units).
        V: shape (classes, units).
        c: shape (classes,).

    Returns:
        Probabilities, shape (..., timesteps, classes).
    """
    if V.shape != (c.size, h.shape[-1]) or c.shape != (c.size,):
        raise ValueError(
            f"V {V.shape} and c {c.shape} do not fit outputs {h.shape}; expected (classes, units), "
            "(classes,) and (..., units)."
        )
    return softmax(h @ V.T + c)


# --- LSTM ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FourGates:
    """The weights of an LSTM: four sums, from which each kind of LSTM makes its step.

    Attributes:
        i: input gate, how much of the new is written.
        f: forget gate, how much of the old is kept.
        k: the new itself.
        o: output gate, how much of the carry is shown.
    """

    i: Affine
    f: Affine
    k: Affine
    o: Affine

    def __post_init__(self):
        refuse_unequal(self.i, self.f, self.k, self.o)

    def start(self, shape):
        return self.o.zeros(shape), self.o.zeros(shape)


@dataclass(frozen=True)
class LSTM(FourGates):
    """The LSTM as Keras computes it (with the forget gate of 1999).

        i, f, o = sigmoid(U h_{t-1} + W x_t + b), k = tanh(...), each with weights of its own
        c_t = i k + f c_{t-1}
        h_t = o tanh(c_t)

    Beside the output `h` runs the carry `c`, which a step changes by a sum and not through a
    matrix: where the forget gate is open and the input gate shut, it stays as it is. That is how it
    carries over many steps what a simple RNN loses.
    """

    @classmethod
    def from_keras(cls, kernel, recurrent_kernel, bias) -> LSTM:
        """Takes the weights of `keras.layers.LSTM`, whose order is i, f, k, o."""
        return cls(*split_keras(kernel, recurrent_kernel, bias, gates=4))

    def step(self, state, x):
        h, c = state
        i, f, o = sigmoid(self.i(h, x)), sigmoid(self.f(h, x)), sigmoid(self.o(h, x))
        k = np.tanh(self.k(h, x))
        c = i * k + f * c  # (..., units)
        return (o * np.tanh(c), c), {"i": i, "f": f, "k": k, "o": o}


@dataclass(frozen=True)
class DocumentLSTM(FourGates):
    """The LSTM as `recurrent-overview` and `r-slides` write it.

    `output = act(U_o h + W_o x + V_o c + b_o)`: the output reads the old carry through a matrix
    `V_o` and is not multiplied by `tanh(c')`. Keras does neither. The documents leave `act` open;
    here it is the sigmoid for the two gates, tanh for the new and for the output.

    Attributes:
        V: the matrix `V_o`, shape (units, units).
    """

    V: np.ndarray

    def __post_init__(self):
        super().__post_init__()
        units = len(self.o.b)
        if self.V.shape != (units, units):
            raise ValueError(f"V {self.V.shape} does not fit; expected {(units, units)}.")

    @classmethod
    def from_keras(cls, kernel, recurrent_kernel, bias, carry_kernel) -> DocumentLSTM:
        """Takes the weights of `models.keras_cells.DocumentLSTMCell`, whose order is i, f, k, o."""
        return cls(*split_keras(kernel, recurrent_kernel, bias, gates=4), V=carry_kernel.T)

    def step(self, state, x):
        h, c = state
        i, f = sigmoid(self.i(h, x)), sigmoid(self.f(h, x))
        k = np.tanh(self.k(h, x))
        output = np.tanh(self.o(h, x) + c @ self.V.T)
        return (output, i * k + f * c), {"i": i, "f": f, "k": k}


@dataclass(frozen=True)
class LSTM1997:
    """The first LSTM, without a forget gate: `c_t = i k + c_{t-1}`, the carry only adds up.

    Attributes:
        i, k, o: as in `LSTM`.
    """

    i: Affine
    k: Affine
    o: Affine

    def __post_init__(self):
        refuse_unequal(self.i, self.k, self.o)

    @classmethod
    def from_keras(cls, kernel, recurrent_kernel, bias) -> LSTM1997:
        """Takes the weights of `models.keras_cells.LSTM1997Cell`, whose order is i, k, o."""
        return cls(*split_keras(kernel, recurrent_kernel, bias, gates=3))

    def start(self, shape):
        return self.o.zeros(shape), self.o.zeros(shape)

    def step(self, state, x):
        h, c = state
        i, o = sigmoid(self.i(h, x)), sigmoid(self.o(h, x))
        k = np.tanh(self.k(h, x))
        c = i * k + c
        return (o * np.tanh(c), c), {"i": i, "k": k, "o": o}


@dataclass(frozen=True)
class PeepholeLSTM(FourGates):
    """The LSTM of 2000: gates see the carry, and the output has no activation: `h_t = o c_t`.

    Attributes:
        p_i, p_f, p_o: peephole weights, one a unit, shape (units,). Input and forget gate look at
            the old carry, the output gate at the new one.
    """

    p_i: np.ndarray
    p_f: np.ndarray
    p_o: np.ndarray

    def __post_init__(self):
        super().__post_init__()
        found, expected = [p.shape for p in (self.p_i, self.p_f, self.p_o)], self.o.b.shape
        if found != [expected] * 3:
            raise ValueError(f"peepholes {found} do not fit; expected {expected} each.")

    @classmethod
    def from_keras(cls, kernel, recurrent_kernel, bias, p_i, p_f, p_o) -> PeepholeLSTM:
        """Takes the weights of `models.keras_cells.PeepholeLSTMCell`, whose order is i, f, k, o."""
        return cls(*split_keras(kernel, recurrent_kernel, bias, gates=4), p_i, p_f, p_o)

    def step(self, state, x):
        h, c = state
        i = sigmoid(self.i(h, x) + self.p_i * c)
        f = sigmoid(self.f(h, x) + self.p_f * c)
        k = np.tanh(self.k(h, x))
        c = i * k + f * c
        o = sigmoid(self.o(h, x) + self.p_o * c)
        return (o * c, c), {"i": i, "f": f, "k": k, "o": o}


# --- GRU -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GRU:
    """The GRU of 2014 (`reset_after=False`, that of Keras 2.0): one state, two gates.

        h_t = z h_{t-1} + (1 - z) k          k = tanh(U (r h_{t-1}) + W x_t + b)

    Attributes:
        z: update gate, how much of the old state stays.
        r: reset gate, how much of the old state the candidate sees.
        k: the candidate for the new state.
    """

    z: Affine
    r: Affine
    k: Affine

    def __post_init__(self):
        refuse_unequal(self.z, self.r, self.k)

    @classmethod
    def from_keras(cls, kernel, recurrent_kernel, bias) -> GRU:
        """Takes the weights of `keras.layers.GRU(reset_after=False)`, whose order is z, r, k."""
        return cls(*split_keras(kernel, recurrent_kernel, bias, gates=3))

    def start(self, shape):
        return (self.k.zeros(shape),)

    def step(self, state, x):
        (h,) = state
        z, r = sigmoid(self.z(h, x)), sigmoid(self.r(h, x))
        k = np.tanh(self.k(r * h, x))  # reset, then multiplied by U
        return (z * h + (1 - z) * k,), {"z": z, "r": r, "k": k}


@dataclass(frozen=True)
class GRUResetAfter(GRU):
    """Keras 3's default: `k = tanh(r (U h_{t-1} + b_recurrent) + W x_t + b)`, reset after `U`.

    Attributes:
        b_recurrent: a second bias of the candidate, inside the reset, shape (units,).
    """

    b_recurrent: np.ndarray

    def __post_init__(self):
        super().__post_init__()
        found, expected = self.b_recurrent.shape, self.k.b.shape
        if found != expected:
            raise ValueError(f"b_recurrent {found} does not fit; expected {expected}.")

    @classmethod
    def from_keras(cls, kernel, recurrent_kernel, bias) -> GRUResetAfter:
        """Takes the weights of `keras.layers.GRU`; `bias` has a row for inputs, one for states."""
        if bias.ndim == 1:
            raise ValueError(f"bias {bias.shape} is of a layer with reset_after=False; use GRU.")
        if bias.ndim != 2 or len(bias) != 2:
            raise ValueError(f"bias {bias.shape} does not fit; expected (2, 3 * units).")
        inputs, states = bias  # (3 * units,) each
        z, r, k = split_keras(kernel, recurrent_kernel, inputs, gates=3)
        b_z, b_r, b_recurrent = np.split(states, 3)
        # Both biases of a gate are added to the same sum; only the candidate keeps them apart.
        return cls(replace(z, b=z.b + b_z), replace(r, b=r.b + b_r), k, b_recurrent)

    def step(self, state, x):
        (h,) = state
        z, r = sigmoid(self.z(h, x)), sigmoid(self.r(h, x))
        k = np.tanh(x @ self.k.W.T + self.k.b + r * (h @ self.k.U.T + self.b_recurrent))
        return (z * h + (1 - z) * k,), {"z": z, "r": r, "k": k}
