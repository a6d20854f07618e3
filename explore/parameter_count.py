"""How the parameters of a recurrent network are counted, with the network's own numbers."""

from typing import NamedTuple

from harness.errors import RunError

RULE = (
    "A unit has a weight for each feature of the word vector and for each unit of the old state, "
    "and a bias. A cell with gates has that once for each gate and once for what it writes."
)


class Count(NamedTuple):
    """The parameters of one layer, such as 2,080 by the formula `32 × (32 + 32) + 32`."""

    layer: str
    formula: str
    parameters: int


def count_parameters(model, title: str) -> list[Count]:
    """The counts of the layers of a network of `models.imdb.recurrent`.

    Args:
        model: the network, with one recurrent layer.
        title: that layer's name.

    Raises:
        RunError: Keras counts otherwise.
    """
    _, embedding, recurrent, _ = model.layers
    kernel, _, bias, *more = recurrent.get_weights()
    units, features = recurrent.output.shape[-1], kernel.shape[0]
    sums, biases = kernel.shape[1] // units, bias.size // kernel.shape[1]

    formula = f"{units} × ({features} + {units}) + "
    formula += f"{units}" if biases == 1 else f"{biases} × {units}"  # Keras's GRU has two
    formula = formula if sums == 1 else f"{sums} × ({formula})"
    if more:  # a matrix that reads the carry, or peepholes of several gates
        formula += f" + {units if len(more) == 1 else len(more)} × {units}"
    formulas = {
        "word vectors": f"{embedding.input_dim:,} × {features}",
        title: formula,
        "output": f"{units} + 1",
    }
    counts = [Count(layer, shown, _value(shown)) for layer, shown in formulas.items()]
    found, expected = sum(count.parameters for count in counts), model.count_params()
    if found != expected:
        raise RunError(f"{title}: counted {found:,} parameters, but Keras counts {expected:,}.")
    return counts


def _value(formula: str) -> int:
    """What the formula gives as it is shown, so that the two cannot differ."""
    return eval(formula.replace("×", "*").replace(",", ""), {"__builtins__": {}})
