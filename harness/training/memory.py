"""Refuses a network whose weights this machine cannot hold, before they are made."""

import functools
import math
import os

from harness.errors import RunError


def memory() -> int:
    """Bytes of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@functools.cache  # once in a process
def refuse_large_weights() -> None:
    """Makes every layer of this process refuse weights for which there is not enough memory.

    Keras has no place for such a check: the first that one would notice otherwise is that the
    system kills the process. Training needs at least twice the memory of the weights, for their
    gradient or for the update rule's own numbers.
    """
    import keras

    add_weight = keras.layers.Layer.add_weight

    def checked(layer, shape=None, *arguments, **options):
        size = 4 * math.prod(shape or ())
        if 2 * size > memory():
            numbers = " × ".join(f"{length:,}" for length in shape)
            raise RunError(
                f"a layer would have {numbers} weights, which need {2 * size / 1e9:,.0f} GB in "
                f"training; this machine has {memory() / 1e9:,.0f} GB. Choose smaller sizes."
            )
        return add_weight(layer, shape, *arguments, **options)

    keras.layers.Layer.add_weight = checked
