"""GRU on the Jena climate series (`recurrent-overview`)."""

from keras import Input, Sequential, layers

from benchmarks.plain.climate import climate_generators


def train(epochs: int = 20, sample: bool = False) -> None:
    """Trains as the script does."""
    train_windows, validation_windows, validation_steps, quantities = climate_generators(sample)

    model = Sequential()
    model.add(Input((None, quantities)))
    model.add(layers.GRU(32))
    model.add(layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mae")

    model.fit(
        train_windows,
        steps_per_epoch=500,
        epochs=epochs,
        validation_data=validation_windows,
        validation_steps=validation_steps,
    )
