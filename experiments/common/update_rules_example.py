"""Three steps of a small embedding with given gradients, and the rules that could act on them."""

import numpy as np

from models.update_rules_numpy import Adam, RMSprop

EPSILON = 1e-7  # today's
RMSPROP = (
    "rmsprop",
    "rmsprop-keras-2.0",
    "rmsprop-keras-2.10",
    "rmsprop-keras-2.11",
    "rmsprop-epsilon-outside",
    "rmsprop-epsilon-outside-1e-7",
)
ADAM = ("adam", "adam-keras-2.0", "adam-keras-2.2")

# Gradients as an embedding has them, and one as large as those of other weights. Words 3 and 4 have
# the same sum, of one sign and of both.
ONCE = [1e-4, 2e-5]
ALIKE = [[3e-5, 1e-5], [2e-5, 1e-5], [4e-5, 3e-5], [1e-5, 2e-5]]
MIXED = [[3e-4, 1e-4], [-2e-4, -5e-5], [1e-4, -8e-5], [-1e-4, 1e-4]]
LARGE = [0.1, -0.2]
EXAMPLE_ROWS = [ONCE, *(row for pair in zip(ALIKE, MIXED, strict=True) for row in pair), LARGE]
VOCABULARY = 6  # words 0 and 5 are not read
IDS = np.tile(np.array([1, 3, 4, 3, 4, 3, 4, 3, 4, 2], np.int32), (3, 1))  # (steps, readings)
# of other size and sign from step to step, so that `v` has a past; (steps, readings, features)
ROWS = np.multiply.outer([1, -0.5, 2], EXAMPLE_ROWS).astype(np.float32)
WORDS = {
    1: "read once",
    3: "4 times, one sign",
    4: "4 times, both signs",
    2: "once, large gradient",
}


def hand_rules():
    """The rules in NumPy: RMSprop's, then Adam's.

    Their names say where epsilon stands, its value, and whether the rows of a word are added and
    their sum squared, or are squared singly.
    """
    rmsprop = {
        "outside 1e-8, added": RMSprop(1e-8, inside=False, squares_first=False),
        "outside 1e-7, added": RMSprop(1e-7, inside=False, squares_first=False),
        "inside 1e-7, added": RMSprop(1e-7, inside=True, squares_first=False),
        "inside 1e-7, singly": RMSprop(1e-7, inside=True, squares_first=True),
        "outside 1e-8, singly": RMSprop(1e-8, inside=False, squares_first=True),
        "outside 1e-7, singly": RMSprop(1e-7, inside=False, squares_first=True),
    }
    adam = {
        "1e-8, added": Adam(1e-8, squares_first=False),
        "1e-7, added": Adam(1e-7, squares_first=False),
        "1e-7, singly": Adam(1e-7, squares_first=True),
    }
    return rmsprop, adam


def embedding_steps(keras, total, optimizer) -> list:
    """The example on any Keras: an embedding alone, which begins at zero.

    Its loss is the sum of outputs times targets, so that the targets are the gradients.

    Args:
        keras: the package; of old ones, too.
        total: its sum over some axes of a tensor.
        optimizer: one of its optimizers.

    Returns:
        The weights after each step, (words, features) each.
    """
    features = ROWS.shape[-1]
    embedding = keras.layers.Embedding(VOCABULARY, features, embeddings_initializer="zeros")
    model = keras.models.Sequential([embedding])
    model.compile(optimizer, loss=lambda y, outputs: total(y * outputs, axis=(1, 2)))
    weights = []
    for ids, targets in zip(IDS, ROWS, strict=True):
        model.train_on_batch(ids[None], targets[None])
        weights.append(model.get_weights()[0].tolist())
    return weights
