"""The example of `update-rules` on tf_keras, Keras 2 as it goes on beside Keras 3.

    python -m experiments.common.update_rules_tf_keras LEARNING_RATE

prints the weights after each step, by version and optimizer, as JSON. `legacy` holds the optimizers
that Keras had up to 2.10. The classes are made here, since the string `"rmsprop"` chooses between
the two by the machine.
"""

import json
import sys

import tf_keras as keras

from experiments.common.update_rules_example import embedding_steps


def main() -> None:
    """Takes the steps by both generations of RMSprop and Adam."""
    rate = float(sys.argv[1])
    new = f"tf_keras {keras.__version__}"
    found = {}
    for version, home in ((f"{new}, legacy", keras.optimizers.legacy), (new, keras.optimizers)):
        made = {name: getattr(home, name)(learning_rate=rate) for name in ("RMSprop", "Adam")}
        found[version] = {
            name: embedding_steps(keras, keras.backend.sum, one) for name, one in made.items()
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
