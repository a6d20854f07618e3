"""How the parameters of a recurrent network are counted, with the numbers of the network itself."""

from typing import NamedTuple

from harness.errors import RunError


class Count(NamedTuple):
    """The parameters of one layer.

    Attributes:
        layer: the layer's name.
        formula: the count as a formula in numbers.
        parameters: its value.
        meaning: what the numbers stand for.
    """

    layer: str
    formula: str
    parameters: int
    meaning: str


def count_parameters(model, title: str) -> list[Count]:
    """The count of each layer of a network of `models.imdb.recurrent` with one recurrent layer.

    Args:
        model: the network.
        title: the recurrent layer's name.

    Raises:
        RunError: Keras counts other numbers.
    """
    _, embedding, recurrent, _ = model.layers
    (vectors,), (kernel, _, bias, *more) = embedding.get_weights(), recurrent.get_weights()
    words, features = vectors.shape
    units = recurrent.output.shape[-1]
    sums = kernel.shape[1] // units

    biases = bias.size // (sums * units)  # Keras's GRU has two a unit
    in_formula = f"{units}" if biases == 1 else f"{biases} × {units}"
    formula = f"{units} × ({features} + {units}) + {in_formula}"
    parameters = sums * (units * (features + units) + biases * units)
    meaning = (
        f"each of {units} units has {features} weights for the word vector, {units} for the old "
        f"state, and {'a bias' if biases == 1 else f'{biases} biases'}"
    )
    if sums > 1:
        formula = f"{sums} × ({formula})"
        meaning = f"{sums} sums, for gates and what is written, and in each sum {meaning}"
    if len(more) == 1:
        formula += f" + {units} × {units}"
        meaning += "; a matrix reads the old carry"
    elif more:
        formula += f" + {len(more)} × {units}"
        meaning += f"; {len(more)} gates see their own unit of the carry"
    counts = [
        Count(
            "Word vectors",
            f"{words:,} × {features}",
            words * features,
            f"{words:,} words, each with a vector of {features} features",
        ),
        Count(title, formula, parameters + sum(weights.size for weights in more), meaning),
        Count("Output", f"{units} + 1", units + 1, "a weight for each unit, and a bias"),
    ]
    found, expected = sum(count.parameters for count in counts), model.count_params()
    if found != expected:
        raise RunError(f"{title}: counted {found:,} parameters, but Keras counts {expected:,}.")
    return counts
