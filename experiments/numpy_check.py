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

from harness.command_line import main
from harness.experiment import Experiment
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
    import numpy as np

    from experiments.common import numpy_equality as equality
    from harness.records.study_outputs import Lines, Series, Table

    run.write("data", made_data(run.sample, "Random shapes, weights and inputs."))
    rng = np.random.default_rng(run.seed)
    compared = equality.layer_differences(rng, protocol)
    rows = {name: [max(d for _, d in pairs), len(pairs)] for name, pairs in compared.items()}
    rows["The documents' example (100 steps)"] = [equality.demonstration_difference(rng), 1]
    gradients = equality.gradient_differences(rng, protocol.truncated)
    formulas = equality.formula_differences(rng)
    steps = list(range(1, 101))
    run.finish_study(
        [
            Table("NumPy loop and Keras layer", ["largest difference", "shapes"], rows),
            Table(
                "Back-propagation through time by hand",
                ["largest difference"],
                {name: [value] for name, value in gradients.items()},
            ),
            Table(
                "Parameters",
                ["parameters"],
                {name: [count] for name, count in equality.parameter_counts().items()},
            ),
            Table(
                "Formulas that differ from Keras's LSTM, with the same weights",
                ["mean difference of the outputs", "at the first step", "at step 100"],
                {
                    name: [float(curve.mean()), float(curve[0]), float(curve[-1])]
                    for name, curve in formulas.items()
                },
            ),
            Lines(
                "NumPy loop and Keras layer, largest difference",
                "timesteps",
                "largest difference of the outputs",
                [
                    Series(name, [t for t, _ in pairs], [d or None for _, d in pairs], dots=True)
                    for name, pairs in compared.items()
                ],
                references={"bound": 1e-5},
                log_y=True,
            ),
            Lines(
                "Three formulas and Keras's LSTM, same weights",
                "timestep",
                "mean difference of the outputs",
                [Series(name, steps, curve.tolist()) for name, curve in formulas.items()],
            ),
        ]
    )


EXPERIMENT = Experiment(
    name="numpy-check",
    title="NumPy and Keras",
    dataset="made",
    role="study",
    protocol=Protocol(),
    sample={"shapes": 5},
    notes=notes,
    train=train,
)

if __name__ == "__main__":
    main(EXPERIMENT)
