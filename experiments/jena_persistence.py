"""The trivial baseline on the Jena climate series: it will be as warm as it is now.

Source:     recurrent-overview (after Chollet, Deep Learning with Python)
Claim:      an exact error on the validation windows, since nothing is random.
Protocol:   the windows of jena-gru; nothing is trained.
Deviations: none.
Expected:   seconds.
"""

from experiments.common.jena import (
    JenaBaseline,
    WindowProtocol,
    load_windows,
    persistence_errors,
    summarise,
)
from harness.experiment import main


def train(protocol, run):
    _, windows = load_windows(protocol, run)

    def judge(split):
        part = getattr(windows, split)
        now = part.series[part.last_rows, part.target_column]  # (windows,)
        return summarise(windows, split, now)

    run.finish_baseline(
        judge,
        "mae",
        parameters=None,
        reference=persistence_errors(windows),
        degrees_per_unit=windows.degrees_per_unit,
    )


EXPERIMENT = JenaBaseline("jena-persistence", "Persistence", protocol=WindowProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
