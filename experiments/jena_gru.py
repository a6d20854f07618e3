"""GRU on the Jena climate series: ten days of hourly weather, the temperature a day later.

Source:     recurrent-overview (after Chollet, Deep Learning with Python)
Claim:      a published log, in which its best epoch is better than persistence and its last is not.
Protocol:   240 hourly timesteps, normalised by the first 200,000 rows, RMSprop, loss MAE, batch
            128 drawn at random from those rows, 500 batches an epoch, 20 epochs; validated on rows
            200,001 to 300,000, tested on the rest.
Deviations: every validation window is evaluated exactly once an epoch (the documents ask for
            98,559 batches, 128 times as many). Keras 3's GRU (`reset_after=True`).
Expected:   2 to 5 minutes on one CPU core.
"""

from experiments.common.jena import GruProtocol, JenaNetwork, load_weather
from harness.experiment import main


def train(protocol, run):
    from harness.training.fit import fit
    from harness.training.optimizers import make_optimizer
    from models import networks

    weather = load_weather(protocol, run)
    model = networks.gru_forecaster(
        features=weather.shape[1],
        units=protocol.units,
        reset_after=protocol.reset_after,
        gates=protocol.gates,
    )
    optimizer = make_optimizer(protocol.optimizer, protocol.learning_rate)
    model.compile(optimizer, loss="mae", metrics=["mae"])
    fit(run, model, weather, epochs=protocol.epochs, patience=protocol.patience)


EXPERIMENT = JenaNetwork("jena-gru", "GRU", protocol=GruProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
