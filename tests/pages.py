"""Fabricates records of every kind, with hostile texts, and writes the report of them."""

from pathlib import Path

from records import fabricate, fabricate_study

from harness.records.study_outputs import Heatmap, Lines, Series, Table, Text
from harness.reporting.report.write import write_report

HOSTILE = (
    "</script></title><script>window.hacked=1</script>",
    "<img src=https://example.org/x.png onerror=window.hacked=1>",
    "'\"><svg onload=window.hacked=1>",
    "![x](https://example.org/y.png) [x](javascript:window.hacked=1)",
)
BEST = {"imdb-lstm": 0.886, "imdb-gru": 0.874, "imdb-simple-rnn": 0.851}


def fabricate_all(folder: Path) -> Path:
    """Five seeds of three networks, a baseline, a forecaster, two studies, and hostile texts."""
    for experiment, best in BEST.items():
        for seed in range(5):
            own = {"protocol": {"epochs": 6, "units": 32 + len(experiment)}}
            value = best + (seed - 2) / 1000  # of a thousand reviews
            fabricate(
                folder, experiment, seed=seed, epochs=6, best=value, config=own, predictions=True
            )
    fabricate(folder, "imdb-linear", epochs=0, best=0.905, predictions=True)
    for seed in range(2):
        fabricate(
            folder, "jena-gru", seed=seed, metric="mae", best=0.26 + seed / 100, degrees_per_unit=8
        )
    fabricate_study(folder, "recall", outputs=outputs("SimpleRNN", "chance"))
    return fabricate_hostile(folder)


def fabricate_hostile(folder: Path) -> Path:
    """A network and a study all of whose texts try to become markup, where records may hold it."""
    script, image, attribute, _ = HOSTILE
    config = {"title": "Hostile", "protocol": {attribute: script}}
    variant = {"variant": {"gates": attribute}}
    environment = {"command": script, "platform": image, "flags": {attribute: image}}
    for seed in range(2):
        fabricate(
            *(folder, "imdb-dense"), seed=seed, config=config | variant, environment=environment
        )
    fabricate_study(folder, "next-letter", outputs=outputs(*HOSTILE[:2]))
    return folder


def outputs(name: str, reference: str) -> list:
    """An output of each kind."""
    line = Series(name, [1, 2, 4], [0.9, 0.5, None])
    cloud = Series(f"{name}, training", [1, 1, 2], [0.1, 0.2, 0.3], dots=True)
    return [
        Table(f"Table of {name}", ["share"], {name: [0.25], "other": [None]}),
        Lines(f"Lines of {name}", name, "accuracy", [line], {reference: 0.125}, log_x=True),
        Lines(f"Points of {name}", "step", name, [line, cloud]),
        Heatmap(
            f"Shades of {name}", ["a", name], {name: [1.0, -0.5], "b": [0.0, 0.25]}, ["b", name]
        ),
        Text(f"Text of {name}", {"1": name, "2": "plain"}),
    ]


def write_page(results: Path, output: Path, reference: Path | None = None) -> str:
    """Writes the report of a folder's records, and returns its text."""
    write_report(results, reference, output)
    return output.read_text("utf-8")
