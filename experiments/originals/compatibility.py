"""Gives Keras of 2017 and 2018 what it expects of TensorFlow and Python, and imports it.

Nothing in Keras's files is changed. All that is put back is a name that was removed since, or a
module that is imported and not used here; the arithmetic is TensorFlow's.
"""

import collections
import collections.abc
import inspect
import sys
import types
from pathlib import Path

TRIED = "the originals were tried on Python 3.11 with TensorFlow 2.21"


def import_keras(folder: Path, seed: int, floatx: str):
    """Imports the old Keras of a folder with a session of one thread, seeded as its time did.

    The seed is NumPy's, which orders the samples, and TensorFlow's, which draws weights. `floatx`
    is `float32`, or `float64` to compare with another Keras step by step.
    """
    import numpy as np
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    # Old Keras updates a weight as soon as its gradient is there, while the gradients of the layers
    # below may still be to come. Then they must read the weight as it was, which TensorFlow's older
    # variables do not promise: in float64, on one thread, some were computed from the new weight.
    tf.enable_resource_variables()
    tf.logging.set_verbosity(tf.logging.ERROR)
    for name in [name for name in sys.modules if name.partition(".")[0] == "keras"]:
        del sys.modules[name]  # TensorFlow imports Keras 3
    sys.modules["tensorflow"] = tf
    _restore_tensorflow(tf)
    _restore_python()
    sys.path.insert(0, str(folder))
    import keras

    np.random.seed(seed)  # noqa: NPY002 - the generator that old Keras draws from
    tf.set_random_seed(seed)
    keras.backend.set_floatx(floatx)
    threads = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    keras.backend.set_session(tf.Session(config=threads))
    return keras


def _restore_tensorflow(tf) -> None:
    """Names that TensorFlow had in its version 1, and a part of `tensorflow.contrib`."""
    from tensorflow.python.framework import ops
    from tensorflow.python.ops import control_flow_ops

    control_flow_ops.while_loop = tf.while_loop
    ops._TensorLike = ()  # the base class of tensors, which `is_dense_tensor_like` also tells
    ops.is_dense_tensor_like = lambda value: isinstance(value, tf.Tensor | tf.Variable)
    # the callback TensorBoard of 2.0.8 imports it, and nobody calls that
    name = "tensorflow"
    for part in ("contrib", "tensorboard", "plugins", "projector"):
        name = f"{name}.{part}"
        sys.modules[name] = types.ModuleType(name)
    sys.modules["tensorflow.contrib.tensorboard.plugins"].projector = sys.modules[name]


def _restore_python() -> None:
    """The abstract classes in `collections`, and `inspect.getargspec`."""
    for name in ("Iterable", "Mapping", "Sequence"):
        setattr(collections, name, getattr(collections.abc, name))

    def getargspec(function):
        spec = inspect.getfullargspec(function)
        names = {"args": spec.args, "varargs": spec.varargs, "keywords": spec.varkw}
        return types.SimpleNamespace(**names, defaults=spec.defaults)

    inspect.getargspec = getargspec
