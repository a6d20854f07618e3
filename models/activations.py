"""The functions that open gates: the sigmoid, and the piecewise linear one of Keras before 2.3.

Import this module before you load a model that was saved with the latter: the import registers the
function with Keras.
"""

from collections.abc import Callable

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="models")
def keras2_hard_sigmoid(x):
    """`0.2 x + 0.5`, cut off at 0 and 1: how gates were opened in Keras before 2.3.

    Keras 3's own `hard_sigmoid` is different: its slope is 1/6.
    """
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


GATES = {"sigmoid": keras.activations.sigmoid, "keras2-hard-sigmoid": keras2_hard_sigmoid}


def gate_function(gates: str) -> Callable:
    """The function to pass to a Keras layer as `recurrent_activation`.

    Args:
        gates: `sigmoid` (Keras since 2.3) or `keras2-hard-sigmoid` (before).

    Raises:
        ValueError: another name.
    """
    if gates not in GATES:
        raise ValueError(f"gates must be one of {', '.join(GATES)}, not {gates!r}.")
    return GATES[gates]
