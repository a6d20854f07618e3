"""Floors of a training step: its matrix products and its update at the rates of large arrays.

A product of (rows, inner) and (inner, columns) takes 2 * rows * inner * columns operations.
Training takes it three times: forward, and for the gradients with respect to either factor; twice
where one factor is data, which needs no gradient. The update of the weights reads and writes
them and the optimizer's averages. Activations are not counted, nor what else passes through
memory, nor that small products run slower than large ones: that is far more than what the update
of a small network saves by staying in the cache.
"""

from dataclasses import dataclass

# Numbers of four bytes that an update reads and writes for each weight: its gradient is read,
# weight and averages (RMSprop keeps one, Adam two) are read and written. It is less for an
# embedding whose gradient, of a few rows, is never written out for all of them.
NUMBERS_OF_AN_UPDATE = {"rmsprop": 5, "adam": 7}


@dataclass(frozen=True)
class Product:
    """One matrix product of a training step.

    Attributes:
        rows, inner, columns: its sizes.
        times: how often it is taken, such as once a timestep.
        of_data: whether its left factor is data.
    """

    rows: int
    inner: int
    columns: int
    times: int = 1
    of_data: bool = False

    @property
    def operations(self) -> int:
        """Floating-point operations of a training step."""
        forward = 2 * self.rows * self.inner * self.columns * self.times
        return forward * (2 if self.of_data else 3)


def recurrent(
    gates: int, batch: int, timesteps: int, inputs: int, units: int, of_data: bool = False
) -> list[Product]:
    """A recurrent layer: its inputs at all timesteps, then its state at each.

    Args:
        gates: products with the state, 1 for SimpleRNN, 3 for GRU, 4 for LSTM.
        batch: sequences of a step.
        timesteps: of each sequence.
        inputs: features of a timestep.
        units: features of the state.
        of_data: whether it reads the data themselves.
    """
    return [
        Product(batch * timesteps, inputs, gates * units, of_data=of_data),
        Product(batch, units, gates * units, times=timesteps),
    ]


def convolution(batch: int, positions: int, kernel: int, inputs: int, filters: int) -> Product:
    """A convolution over time: one row a position, in which `kernel` timesteps stand in a line."""
    return Product(batch * positions, kernel * inputs, filters)


def dense(batch: int, inputs: int) -> Product:
    """The last layer: one output a sequence."""
    return Product(batch, inputs, 1)


def operations(products: list[Product]) -> int:
    """Floating-point operations of a training step of all these products."""
    return sum(product.operations for product in products)


def update_bytes(parameters: int, optimizer: str) -> int:
    """Bytes that an update of all weights reads and writes."""
    return 4 * NUMBERS_OF_AN_UPDATE[optimizer] * parameters
