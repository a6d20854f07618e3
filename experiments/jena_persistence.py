"""The trivial baseline on the Jena climate series: it will be as warm as it is now.

Source:     recurrent-overview (after Chollet, Deep Learning with Python)
Claim:      an exact error on the validation windows, since nothing is random.
Protocol:   the windows of jena-gru; nothing is trained.
Deviations: none.
Expected:   seconds.
"""

from experiments.common.jena import JenaBaseline, WindowProtocol, load_weather
from harness.experiment import main


def train(protocol, run):
    weather = load_weather(protocol, run)

    def now(windows):
        return windows.series[windows.last_rows, windows.target_column]  # (windows,)

    both = {"validation": weather.windows.validation, "test": weather.windows.test}
    run.finish_model(weather, {split: now(windows) for split, windows in both.items()})


EXPERIMENT = JenaBaseline("jena-persistence", "Persistence", protocol=WindowProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
