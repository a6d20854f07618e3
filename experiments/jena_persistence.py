"""The trivial baseline on the Jena climate series: it will be as warm as it is now.

Source:     recurrent-overview (after Chollet, Deep Learning with Python)
Claim:      an exact error on the validation windows, since nothing is random.
Protocol:   the windows of jena-gru; nothing is trained.
Deviations: none.
Expected:   seconds.
"""

from dataclasses import dataclass

from experiments.common.jena import JenaBaseline, WindowProtocol, load_weather
from harness.experiment import main
from harness.protocol import setting


@dataclass(frozen=True)
class Protocol(WindowProtocol):
    """The windows of the networks, and which moment comes again."""

    season_hours: float = setting(
        0,
        "it will be as it was such seasons before, as few as are known; 0: as it is",
        minimum=0,
        off=0,
    )


def train(protocol, run):
    weather = load_weather(protocol, run)
    from data.windows import a_season_before

    def now(windows):
        rows = windows.last_rows
        if protocol.season_hours:
            rows = a_season_before(windows, weather.windows.timestamps, protocol.season_hours)
        return windows.series[rows, windows.target_column]  # (windows,)

    both = {"validation": weather.windows.validation, "test": weather.windows.test}
    run.finish_model(weather, {split: now(windows) for split, windows in both.items()})


EXPERIMENT = JenaBaseline("jena-persistence", "Persistence", protocol=Protocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
