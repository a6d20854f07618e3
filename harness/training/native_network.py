"""Stacked recurrent layers on NumPy arrays, computed by `native_recurrence.c`."""

import ctypes
import functools
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from harness.training.environment import threads
from harness.training.native_library import Form, load

ROWS = 8  # sequences that the library computes together
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}  # arrays of a state: h, and c of an LSTM
SAVED = {"SimpleRNN": 1, "LSTM": 6, "GRU": 5}  # arrays that a timestep leaves for the way back


@dataclass(frozen=True)
class Batch:
    """One batch as the library takes it.

    Attributes:
        structure: the C structure of pointers to the arrays.
        begins: timestep at which each block of sequences begins, int32 of shape (blocks,).
        outputs: shape (sequences, units).
        arrays: whatever the pointers point to, which must live as long.
    """

    structure: ctypes.Structure
    begins: np.ndarray
    outputs: np.ndarray
    arrays: list[np.ndarray]


class Network:
    """Runs the layers forward and back; keeps the states of the batch that was read last.

    Args:
        form: what the library is compiled for.

    Raises:
        ValueError: there is no library for this form on this machine.
    """

    def __init__(self, form: Form):
        library = load(form)
        if library is None:
            raise ValueError(f"no native library for {form}")
        self.form, self.library = form, library
        self.workers = ThreadPoolExecutor(threads())
        self.parts = threads()
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
        parts, outputs = self._divide(batch.begins, x.shape[1]), batch.outputs
        reference, end = ctypes.byref(batch.structure), int(batch.begins.max(initial=0))
        self.library.forward_padding(reference, end)

        def run(part: tuple[int, int]) -> None:
            self.library.forward(reference, *part, int(keep), _pointer(outputs))

        list(self.workers.map(run, parts))
        # states that are not kept overwrite those that were
        self.batch = batch if keep else None
        self.number += keep
        return outputs

    def backward(
        self, number: int, d_outputs: np.ndarray, x: np.ndarray, masks: list, weights: list
    ) -> list[np.ndarray]:
        """Gradients of the weights, in their order and of their shapes.

        Args:
            number: of the batch, which `forward` counted; another one's states are computed anew.
            d_outputs: gradient of the outputs, shape (sequences, units).
            others: as for `forward`.
        """
        if self.batch is None or number != self.number:
            self.forward(x, masks, weights, keep=True)
        batch, timesteps = self.batch, x.shape[1]
        reference, end = ctypes.byref(batch.structure), int(batch.begins.max(initial=0))
        parts = self._divide(batch.begins, timesteps)
        d_outputs = np.ascontiguousarray(d_outputs)
        form = self.form
        states = (form.layers, timesteps + 1, STATES[form.cell], form.units)

        def run(part: tuple[int, int]) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
            gradients = [np.zeros_like(weight) for weight in weights]
            d_joined = np.zeros(states, np.float32)
            d_steps = np.empty((2, timesteps, ROWS, form.units), np.float32)
            arguments = [*self._gradients(gradients), _pointer(d_joined), _pointer(d_steps)]
            self.library.backward(reference, *part, _pointer(d_outputs), *arguments)
            return gradients, d_joined, d_steps

        (gradients, d_joined, d_steps), *others = self.workers.map(run, parts)
        for more, joined, _ in others:
            d_joined += joined
            for total, gradient in zip(gradients, more, strict=True):
                total += gradient
        self.library.backward_padding(
            reference, end, _pointer(d_joined), *self._gradients(gradients), _pointer(d_steps)
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
        room = blocks * ROWS * size
        if self._work.size < room:
            self._work = np.empty(room, np.float32)
        padding = np.empty(size, np.float32)
        outputs = np.empty((sequences, form.units), np.float32)
        table, layers = (weights[:1], weights[1:]) if form.embedded else ([], weights)
        matrices: list[np.ndarray] = []
        for place in range(0, len(layers), 3):
            kernel, recurrent, bias = map(np.ascontiguousarray, layers[place : place + 3])
            matrices += [kernel, recurrent, bias]
            matrices += [np.ascontiguousarray(kernel.T), np.ascontiguousarray(recurrent.T)]
        inputs = np.ascontiguousarray(x)
        masks = [np.ascontiguousarray(mask) for mask in masks]
        structure = _structure(form.layers)(timesteps, sequences)
        structure.order, structure.begins = _pointer(order), _pointer(begins)
        setattr(structure, "ids" if form.embedded else "x", _pointer(inputs))
        if table:
            structure.table = _pointer(table[0])
        if masks:
            structure.drop, structure.drop_state = map(_pointer, masks)
        structure.weights[:] = [matrix.ctypes.data for matrix in matrices]
        structure.padding, structure.work = _pointer(padding), _pointer(self._work)
        arrays = [order, inputs, padding, self._work, *table, *masks, *matrices]
        return Batch(structure, begins, outputs, arrays)

    def _divide(self, begins: np.ndarray, timesteps: int) -> list[tuple[int, int]]:
        """Blocks for each thread, about as many timesteps for each."""
        steps = np.cumsum(timesteps + 1 - begins)  # (blocks,)
        shares = steps[-1] * np.arange(1, self.parts) / self.parts
        ends = [0, *(np.searchsorted(steps, shares) + 1).tolist(), len(begins)]
        ends = np.minimum(np.maximum.accumulate(ends), len(begins)).tolist()
        return [(a, b) for a, b in itertools.pairwise(ends) if a < b]

    def _gradients(self, gradients: list[np.ndarray]) -> list:
        """Pointers to the gradients: of the word vectors, and a list of the layers'."""
        table, layers = (gradients[0], gradients[1:]) if self.form.embedded else (None, gradients)
        pointers = (ctypes.c_void_p * len(layers))(*[array.ctypes.data for array in layers])
        return [None if table is None else _pointer(table), pointers]


@functools.cache  # a class of its own for each batch would cost more than the batch's description
def _structure(layers: int) -> type[ctypes.Structure]:
    """`Batch` of the C source, for so many layers."""
    pointers = ("ids", "order", "begins", "x", "table", "drop", "drop_state")
    fields = [("timesteps", ctypes.c_int), ("sequences", ctypes.c_int)]
    fields += [(name, ctypes.c_void_p) for name in pointers]
    fields += [("weights", ctypes.c_void_p * (5 * layers))]
    fields += [("padding", ctypes.c_void_p), ("work", ctypes.c_void_p)]
    return type("Batch", (ctypes.Structure,), {"_fields_": fields})


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
