"""Recurrent layers computed by `native_recurrence.c`, for TensorFlow on a CPU.

An embedding and the recurrent layers above it become one operation, whose gradients go to Keras's
weights. The model stays what its builder made; only how it computes is replaced, on the objects of
the running process. The C source is compiled for one network at its first use, and the library is
kept. Without it, as on a machine without a C compiler, Keras or `xla` computes the layers.
"""

import ctypes
import functools
import hashlib
import itertools
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from harness.training import xla
from harness.training.machine import REPOSITORY, cpu_name, threads

SOURCE = Path(__file__).with_name("native_recurrence.c")
LIBRARIES = REPOSITORY / ".native"
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")

# as the C source has them
CELLS = {"SimpleRNN": 0, "LSTM": 1, "GRU": 2}
ROWS = 8  # sequences that it computes together
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}  # arrays of a state: h, and c of an LSTM
SAVED = {"SimpleRNN": 1, "LSTM": 6, "GRU": 5}  # arrays that a timestep leaves for the way back
LANES = 16  # units and features of word vectors must be multiples of this


# --- the library


@dataclass(frozen=True)
class Form:
    """What a library is compiled for."""

    cell: str  # one of `CELLS`
    layers: int  # stacked layers
    units: int  # of each layer, a multiple of `LANES`
    features: int  # of an input timestep; a multiple of `LANES` where `embedded`
    embedded: bool  # whether inputs are word ids, whose vectors the library looks up
    hard_sigmoid: bool = False  # whether gates open as in Keras before 2.3
    dropout: bool = False  # whether inputs and states are multiplied by dropout masks

    @property
    def definitions(self) -> list[str]:
        """The compiler's options that define it."""
        values = {**asdict(self), "cell": CELLS[self.cell]}
        return [f"-D{name.upper()}={int(value)}" for name, value in values.items()]


@functools.cache
def load(form: Form) -> ctypes.CDLL | None:
    """The library for a form; None where it cannot be compiled or loaded."""
    compiler = os.environ.get("CC") or next(filter(shutil.which, COMPILERS), None)
    if compiler is None:
        return None
    options = [*FLAGS, *form.definitions]
    try:
        version = subprocess.check_output([compiler, "--version"], text=True)
        # The same source makes another library on another processor or by another compiler.
        identity = "\n".join([SOURCE.read_text("utf-8"), *options, version, cpu_name()])
        path = LIBRARIES / f"recurrence-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.so"
        if not path.exists():
            _compile([compiler, *options, str(SOURCE)], path)
        return ctypes.CDLL(str(path))
    except (OSError, subprocess.CalledProcessError):
        return None


def _compile(command: list[str], path: Path) -> None:
    """Compiles beside the final name, so that two runs that start together do no harm."""
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        subprocess.run([*command, "-o", str(made)], check=True, capture_output=True)
        os.replace(made, path)


# --- arrays in, arrays out


@functools.cache  # a class of its own for each batch would cost more than the batch's description
def _structure(layers: int) -> type[ctypes.Structure]:
    """`Batch` of the C source, for so many layers."""
    pointers = ("ids", "order", "begins", "x", "table", "drop", "drop_state")
    fields = [("timesteps", ctypes.c_int), ("sequences", ctypes.c_int)]
    fields += [(name, ctypes.c_void_p) for name in pointers]
    fields += [("weights", ctypes.c_void_p * (5 * layers))]
    fields += [("padding", ctypes.c_void_p), ("work", ctypes.c_void_p)]
    return type("Batch", (ctypes.Structure,), {"_fields_": fields})


@dataclass(frozen=True)
class Batch:
    """One batch as the library takes it."""

    structure: ctypes.Structure  # of pointers to the arrays
    begins: np.ndarray  # timestep at which each block of sequences begins, int32 (blocks,)
    outputs: np.ndarray  # (sequences, units)
    arrays: list[np.ndarray | None]  # whatever the pointers point to, which must live as long


class Network:
    """Runs the layers forward and back; keeps the states of the batch that was read last.

    `ValueError`: there is no library for this form on this machine.
    """

    def __init__(self, form: Form):
        library = load(form)
        if library is None:
            raise ValueError(f"no native library for {form}")
        self.form, self.library = form, library
        self.parts = threads()
        self.workers = ThreadPoolExecutor(self.parts)
        self.number = 0  # of the batch whose states are kept
        self.batch: Batch | None = None
        self._work = np.empty(0, np.float32)

    def forward(self, x: np.ndarray, masks: list, weights: list, keep: bool) -> np.ndarray:
        """The last state of each sequence.

        Args:
            x: int32 ids of shape (sequences, timesteps), or float32 (sequences, timesteps,
                features).
            masks: nothing, or the dropout masks of inputs (sequences, gates, features) and states
                (sequences, gates, units).
            weights: word vectors where there is an embedding, then kernel, recurrent kernel and
                bias of each layer, as Keras has them.
            keep: whether `backward` will be called.

        Returns:
            float32, shape (sequences, units).
        """
        batch = self._describe(x, masks, weights)
        reference, end = ctypes.byref(batch.structure), int(batch.begins.max(initial=0))
        self.library.forward_padding(reference, end)

        def run(part: tuple[int, int]) -> None:
            self.library.forward(reference, *part, int(keep), _pointer(batch.outputs))

        list(self.workers.map(run, self._divide(batch.begins, x.shape[1])))
        # states that are not kept overwrite those that were
        self.batch = batch if keep else None
        self.number += keep
        return batch.outputs

    def backward(
        self, number: int, d_outputs: np.ndarray, x: np.ndarray, masks: list, weights: list
    ) -> list[np.ndarray]:
        """Gradients of the weights, in their order and of their shapes.

        Args:
            number: of the batch, which `forward` counted; another one's states are computed anew.
            d_outputs: gradient of the outputs, shape (sequences, units).
            x, masks, weights: as for `forward`.
        """
        if self.batch is None or number != self.number:
            self.forward(x, masks, weights, keep=True)
        batch, form, timesteps = self.batch, self.form, x.shape[1]
        reference, end = ctypes.byref(batch.structure), int(batch.begins.max(initial=0))
        d_outputs = np.ascontiguousarray(d_outputs)
        states = (form.layers, timesteps + 1, STATES[form.cell], form.units)

        def run(part: tuple[int, int]) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
            gradients = [np.zeros_like(weight) for weight in weights]
            d_joined = np.zeros(states, np.float32)
            d_steps = np.empty((2, timesteps, ROWS, form.units), np.float32)
            arguments = [*self._pointers(gradients), _pointer(d_joined), _pointer(d_steps)]
            self.library.backward(reference, *part, _pointer(d_outputs), *arguments)
            return gradients, d_joined, d_steps

        parts = self._divide(batch.begins, timesteps)
        (gradients, d_joined, d_steps), *others = self.workers.map(run, parts)
        for more, joined, _ in others:
            d_joined += joined
            for total, gradient in zip(gradients, more, strict=True):
                total += gradient
        self.library.backward_padding(
            reference, end, _pointer(d_joined), *self._pointers(gradients), _pointer(d_steps)
        )
        return gradients

    def _describe(self, x: np.ndarray, masks: list, weights: list) -> Batch:
        form, (sequences, timesteps) = self.form, x.shape[:2]
        blocks = -(-sequences // ROWS)
        order = np.arange(sequences, dtype=np.int32)
        first = np.zeros(sequences, np.int32)
        if form.embedded and not form.dropout:
            words = x != 0  # (sequences, timesteps)
            first = np.where(words.any(1), words.argmax(1), timesteps).astype(np.int32)
            order = np.argsort(first, kind="stable").astype(np.int32)
        begins = np.ascontiguousarray(first[order][::ROWS])
        # the last block is filled with its last sequence, whose gradient there is 0
        order = np.pad(order, (0, blocks * ROWS - sequences), mode="edge")
        size = form.layers * (timesteps + 1) * SAVED[form.cell] * form.units
        if self._work.size < blocks * ROWS * size:
            self._work = np.empty(blocks * ROWS * size, np.float32)
        drop, drop_state = map(np.ascontiguousarray, masks) if masks else (None, None)
        table, above = self._split(weights)
        matrices = []
        for kernel, recurrent, bias in zip(above[::3], above[1::3], above[2::3], strict=True):
            # (features, gates * units), (units, gates * units), and (gates * units,), or
            # (2, gates * units) of a GRU; the way back reads the transposed kernels, too
            matrices += [kernel, recurrent, bias, kernel.T, recurrent.T]
        matrices = list(map(np.ascontiguousarray, matrices))
        arrays = {
            "ids" if form.embedded else "x": np.ascontiguousarray(x),
            "order": order,
            "begins": begins,
            "table": table,
            "drop": drop,
            "drop_state": drop_state,
            "padding": np.empty(size, np.float32),
            "work": self._work,
        }
        pointers = {name: _pointer(array) for name, array in arrays.items()}
        structure = _structure(form.layers)(timesteps, sequences, **pointers)
        structure.weights[:] = [matrix.ctypes.data for matrix in matrices]
        outputs = np.empty((sequences, form.units), np.float32)
        return Batch(structure, begins, outputs, [*arrays.values(), *matrices])

    def _split(self, arrays: list) -> tuple[np.ndarray | None, list]:
        """The word vectors, where there are any, and the layers' weights; or their gradients."""
        return (arrays[0], arrays[1:]) if self.form.embedded else (None, arrays)

    def _pointers(self, gradients: list[np.ndarray]) -> tuple:
        """Pointers to the gradients: of the word vectors, and a list of the layers'."""
        table, arrays = self._split(gradients)
        return _pointer(table), (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])

    def _divide(self, begins: np.ndarray, timesteps: int) -> list[tuple[int, int]]:
        """Blocks for each thread, about as many timesteps for each."""
        steps = np.cumsum(timesteps + 1 - begins)  # (blocks,)
        shares = steps[-1] * np.arange(1, self.parts) / self.parts
        ends = [0, *(np.searchsorted(steps, shares) + 1).tolist(), len(begins)]
        ends = np.minimum(np.maximum.accumulate(ends), len(begins)).tolist()
        return [(a, b) for a, b in itertools.pairwise(ends) if a < b]


def _pointer(array: np.ndarray | None) -> ctypes.c_void_p | None:
    return None if array is None else ctypes.c_void_p(array.ctypes.data)


# --- in place of Keras's layers


def use_native_layers(model: keras.Model, words_added: bool) -> bool:
    """Lets the library compute the recurrent layers if it can compute all; returns whether it does.

    It can if the model's layers form a chain and the recurrent ones read its input, be it word ids
    through an embedding or numbers; the gradient of such an input is not asked for. An embedding
    gets the gradient of each word summed over its readings, and `words_added` says whether that is
    the only form that the optimizer needs. From now on the layers are parts of this model only;
    another model needs copies, such as those of `model.from_config(model.get_config())`.
    """
    chain = _chain(model)
    embedding = chain.pop(0) if chain and isinstance(chain[0], keras.layers.Embedding) else None
    layers = [layer for layer in chain if isinstance(layer, keras.layers.RNN)]
    if not layers or layers != chain[: len(layers)]:
        return False
    form = _form(embedding, layers)
    if form is None or (form.embedded and not words_added) or load(form) is None:
        return False
    if embedding is not None:
        embedding.call = lambda ids: ids[..., None]  # looked up by the library
    for layer in layers[:-1]:
        layer.call = lambda sequences, **_: sequences
    layers[-1].call = _call(form, embedding, layers)
    return True


def _chain(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers, if each reads the one before and nothing else; else none."""
    if len(getattr(model, "inputs", ())) != 1:  # a Sequential may have none before its first batch
        return []
    chain = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    (below,) = model.inputs
    for layer in chain:
        if layer.input is not below:
            return []
        below = layer.output
    return chain


def _form(embedding: keras.layers.Embedding | None, layers: list) -> Form | None:
    """What the library must be compiled for; None where it does not know the layers."""
    rules, cells = [xla.rule_of(layer) for layer in layers], [layer.cell for layer in layers]
    rule, units, features = rules[0], cells[0].units, layers[0].input.shape[-1]
    alike = {
        (type(r), getattr(r, "gate", None), c.units) for r, c in zip(rules, cells, strict=True)
    }
    rates = [getattr(c, name, 0) for c in cells for name in ("dropout", "recurrent_dropout")]
    known = (
        type(rule).__name__ in CELLS
        and len(alike) == 1
        and [layer.return_sequences for layer in layers] == [True] * (len(layers) - 1) + [False]
        and units % LANES == 0
        and (embedding is None or (features % LANES == 0 and not embedding.mask_zero))
        and not (any(rates) and len(layers) > 1)
    )
    if not known:
        return None
    return Form(
        cell=type(rule).__name__,
        layers=len(layers),
        units=units,
        features=features,
        embedded=embedding is not None,
        hard_sigmoid=rule.gate is xla.HardSigmoid,
        dropout=any(rates),
    )


def _call(form: Form, embedding: keras.layers.Embedding | None, layers: list):
    """What Keras calls for the last layer: the operation on the lowest layer's inputs."""
    in_training = Network(form)
    otherwise = Network(replace(form, dropout=False)) if form.dropout else in_training
    cell = layers[-1].cell

    def call(sequences, initial_state=None, mask=None, training=False):
        # ids (batch, timesteps), or numbers (batch, timesteps, features)
        x = tf.cast(sequences[..., 0], tf.int32) if form.embedded else sequences
        weights = [embedding.embeddings] if form.embedded else []
        for layer in layers:
            weights += [layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias]
        weights = list(map(tf.convert_to_tensor, weights))
        masks = []
        if training and form.dropout:
            states = tf.ones((tf.shape(x)[0], form.units))
            masks = [
                _masks(cell, x[:, 0], cell.dropout),
                _masks(cell, states, cell.recurrent_dropout),
            ]
        network = in_training if training else otherwise
        return _operation(network, x, masks, weights, keep=bool(training))

    return call


def _masks(cell, like, rate: float):
    """Dropout masks of all gates, shape (batch, gates, width), drawn as `xla` does."""
    gates = cell.kernel.shape[1] // cell.units
    if not rate:
        return tf.ones((tf.shape(like)[0], gates, like.shape[1]))
    masks = xla.cell_masks(cell)(like, rate)
    return tf.stack(masks if isinstance(masks, list) else [masks] * gates, axis=1)


def _operation(network: Network, x, masks: list, weights: list, keep: bool):
    """The layers as one operation, differentiable once with respect to the weights.

    Returns the last layer's last output, shape (batch, units).
    """

    def forward(x, *arrays):
        outputs = network.forward(x, arrays[: len(masks)], arrays[len(masks) :], keep)
        return outputs, network.number

    def backward(number, d_outputs, x, *arrays):
        parts = arrays[: len(masks)], arrays[len(masks) :]
        return network.backward(int(number), d_outputs, x, *parts)

    @tf.custom_gradient
    def run(*weights):
        arrays = [x, *masks, *weights]
        outputs, number = tf.numpy_function(forward, arrays, [tf.float32, tf.int64])
        outputs.set_shape((x.shape[0], network.form.units))

        def gradient(d_outputs):
            found = tf.numpy_function(
                backward, [number, d_outputs, *arrays], [tf.float32] * len(weights)
            )
            for one, weight in zip(found, weights, strict=True):
                one.set_shape(weight.shape)
            return found

        return outputs, gradient

    return run(*weights)
