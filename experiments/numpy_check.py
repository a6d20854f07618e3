"""The documents' definitions as NumPy loops, compared with what Keras computes.

Source:     simple-rnn-blog, r-slides (the loop; claim numpy-rnn), recurrent-overview (LSTM through
            a carry), hsv-ai-2019 (the LSTM's history), noobs-guide (unfolding, back-propagation)
Claim:      "the NumPy loop is what the Keras layer computes"; unfolded over time, a recurrent
            network is a feed-forward one; the gradient of a shared weight is a sum over the steps.
Protocol:   random shapes, weights and inputs; the weights are copied from Keras's layers; largest
            difference of all outputs and of all gradients, in float32.
Deviations: none.
Expected:   about 1 minute on one CPU core.
"""

from dataclasses import dataclass

from harness.experiment import Experiment, main
from harness.protocol import setting
from harness.records.run import made_data


@dataclass(frozen=True)
class Protocol:
    """How much is compared."""

    shapes: int = setting(50, "random shapes for each layer", minimum=1)
    batch: int = setting(4, "most sequences of a batch", minimum=1)
    timesteps: int = setting(60, "most timesteps of a sequence", minimum=1)
    features: int = setting(16, "most features of an input", minimum=1)
    units: int = setting(32, "most units of a layer", minimum=1)
    truncated: int = setting(5, "timesteps that the truncated gradient goes back", minimum=1)


def notes(protocol):
    return [
        "The documents' LSTM adds a matrix V_o, through which the output reads the old carry, and "
        "leaves out the product with tanh of the new carry; Keras's LSTM does neither.",
        "The LSTM of 1997 has no forget gate. Its carry only adds up, rounding errors with it: "
        "over many steps two ways of computing it part further than those of the others.",
        "The LSTM of 2000 lets its gates see the carry (peepholes) and leaves out the tanh of the "
        "output.",
        "In the documents' example (weights and inputs uniform in [0, 1)) every state soon is 1 in "
        "float32, whatever the loop computes: it shows shapes, and proves nothing.",
    ]


def train(protocol, run):
    from experiments.common.numpy_equality import numpy_check_outputs

    run.write("data", made_data(run.sample, "Random shapes, weights and inputs."))
    run.add_layers("keras")
    run.finish_study(numpy_check_outputs(protocol, run.seed))


EXPERIMENT = Experiment(
    "numpy-check",
    "NumPy and Keras",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={"shapes": 5},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
