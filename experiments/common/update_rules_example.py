"""Three steps of a small embedding with given gradients, and the rules that could act on them."""

from models.update_rules_numpy import Adam, RMSprop

EPSILON = 1e-7  # Keras 3's
RMSPROP = ("rmsprop", "rmsprop-keras-2.0", "rmsprop-epsilon-outside", "rmsprop-keras-2.11")
ADAM = ("adam", "adam-keras-2.0")

# Gradients as an embedding has them, and one as large as those of other weights. Words 3 and 4 have
# the same sum, of one sign and of both.
ONCE = [1e-4, 2e-5]
ALIKE = [[3e-5, 1e-5], [2e-5, 1e-5], [4e-5, 3e-5], [1e-5, 2e-5]]
MIXED = [[3e-4, 1e-4], [-2e-4, -5e-5], [1e-4, -8e-5], [-1e-4, 1e-4]]
LARGE = [0.1, -0.2]
EXAMPLE_IDS = [1, 3, 4, 3, 4, 3, 4, 3, 4, 2]
EXAMPLE_ROWS = [ONCE, *(row for pair in zip(ALIKE, MIXED, strict=True) for row in pair), LARGE]
EXAMPLE = {
    "words": 6,  # words 0 and 5 are not read
    "ids": [EXAMPLE_IDS] * 3,
    # of other size and sign from step to step, so that `v` has a past
    "rows": [[[factor * g for g in row] for row in EXAMPLE_ROWS] for factor in (1, -0.5, 2)],
}
WORDS = {
    1: "read once",
    3: "read 4 times, gradients of one sign",
    4: "read 4 times, same sum, both signs",
    2: "read once, gradient 1,000 times as large",
}


def hand_rules():
    """The rules in NumPy by name: RMSprop's, then Adam's."""
    rmsprop = {
        "Keras 2": RMSprop(1e-8, inside=False, squares_first=False),
        "Keras 3, TensorFlow": RMSprop(EPSILON, inside=True, squares_first=True),
        "Keras 3, JAX and PyTorch": RMSprop(EPSILON, inside=True, squares_first=False),
        "epsilon outside, rows squared first": RMSprop(1e-8, inside=False, squares_first=True),
    }
    adam = {
        "Keras 2": Adam(1e-8, squares_first=False),
        "Keras 3, TensorFlow": Adam(EPSILON, squares_first=True),
        "Keras 3, JAX and PyTorch": Adam(EPSILON, squares_first=False),
    }
    return rmsprop, adam
