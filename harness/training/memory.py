"""Refuses a network that is too large for the memory, before it is made and before it is trained.

The first that one would notice otherwise is that the system kills the process. A GPU has a memory
of its own, and the backend says when that is full: there, these checks are not made.
"""

import contextlib
import functools
import gc
import math
import os
import weakref
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from harness.errors import RunError

NUMBER = 4  # bytes of a float32

# The control groups of Linux, which limit containers: the file that lists those of this process,
# the folder of all, and for what a line of the list names, the folder in it and the file with the
# limit. Version 2 names nothing.
MEMBERSHIP = Path("/proc/self/cgroup")
CONTROL_GROUPS = Path("/sys/fs/cgroup")
LIMITS = {"": (".", "memory.max"), "memory": ("memory", "memory.limit_in_bytes")}

_weights = weakref.WeakValueDictionary()  # those of this process that are in use, by their id


def memory() -> int:
    """Bytes that this process may use: the machine's memory, or less in a container."""
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_limits()])


def _limits() -> Iterator[int]:
    """The limits of this process's control groups, and of those that these belong to."""
    try:
        lines = MEMBERSHIP.read_text("utf-8").splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        _, controllers, group = line.split(":", 2)
        for controller in {*controllers.split(",")} & {*LIMITS}:
            top, file = LIMITS[controller]
            own = PurePosixPath(group.lstrip("/"))
            for folder in (own, *own.parents):
                # a container may not see the folder that bears its name, or have no limit
                with contextlib.suppress(OSError, ValueError):
                    yield int((CONTROL_GROUPS / top / folder / file).read_text("utf-8"))


def _refuse_beyond_memory(needed: int, what: str) -> None:
    """Raises a RunError, which begins with `what`, if there are fewer bytes than are needed."""
    if needed > memory():
        raise RunError(
            f"{what} need {needed / 1e9:,.1f} GB in training, and there are "
            f"{memory() / 1e9:,.1f} GB. Choose smaller sizes."
        )


@functools.cache  # once in a process
def refuse_large_weights() -> None:
    """Makes every layer of this process refuse weights for which there is not enough memory.

    Keras has no place for such a check. Training needs at least twice the memory of all weights,
    for their gradients or for the update rule's own numbers.
    """
    import keras

    add_weight = keras.layers.Layer.add_weight

    def checked(layer, shape=None, *arguments, **options):
        def needed() -> int:
            return 2 * NUMBER * (math.prod(shape or ()) + _in_use())

        if needed() > memory():
            gc.collect()  # an earlier network may be gone, but for its references to itself
            numbers = " × ".join(f"{length:,}" for length in shape or ())
            _refuse_beyond_memory(needed(), f"{numbers} weights of a layer, with all others,")
        weight = add_weight(layer, shape, *arguments, **options)
        _weights[id(weight)] = weight
        return weight

    keras.layers.Layer.add_weight = checked


def _in_use() -> int:
    """Number of weights in this process, those of update rules apart."""
    return sum(math.prod(weight.shape) for weight in list(_weights.values()))


def refuse_large_steps(model, inputs: tuple[int, ...]) -> None:
    """Raises a RunError if one training step cannot keep the outputs of the recurrent layers.

    Back-propagation needs each layer's output after each timestep. It needs more, such as gates,
    but that depends on how the layer computes.

    Args:
        model: a model whose layers form a chain; any other is let pass.
        inputs: shape of the inputs of a training batch.
    """
    import keras

    from harness.training.native_layers import is_chain

    x, kept = keras.KerasTensor(inputs), 0
    for layer in model.layers if is_chain(model) else []:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if isinstance(layer, keras.layers.RNN):
            units = keras.tree.flatten(layer.cell.state_size)[0]
            kept += math.prod(x.shape[:2]) * units  # (batch, timesteps, units)
        x = layer.compute_output_spec(x)
    sizes = " × ".join(f"{length:,}" for length in inputs)
    _refuse_beyond_memory(NUMBER * kept, f"the recurrent states of a batch of {sizes} inputs")
