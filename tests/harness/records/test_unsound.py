"""Whatever is wrong with one record, the others are shown, and it is named if it is left out."""

import copy
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from records import OUTPUTS, fabricate, fabricate_study

from harness.records.record import find_records
from harness.reporting.figures.draw import plot_all
from harness.reporting.pages import write_tables

SEEDS = (0, 1, 2)
MAKERS = {
    # whose name has published numbers and claims, so that these are worked out, too
    "imdb-lstm": lambda folder, seed: fabricate(
        folder, "imdb-lstm", seed=seed, epochs=10, predictions=True
    ),
    "jena-gru": lambda folder, seed: fabricate(
        folder,
        "jena-gru",
        seed=seed,
        epochs=20,
        best=0.26,
        metric="mae",
        degrees_per_unit=8.8,
        predictions=True,
    ),
    "jena-ridge": lambda folder, seed: fabricate(
        folder, "jena-ridge", seed=seed, epochs=0, best=0.26, metric="mae", degrees_per_unit=8.8
    ),
    "recall": lambda folder, seed: fabricate_study(folder, "recall", seed=seed, outputs=OUTPUTS),
}
NASTY = [
    *(None, True, False, 0, -1, 1, 1.5, 0.5, 2**63 - 1, -(2**63), 10**400, 1e308, -1e308, 5e-324),
    *("", "x", "a\nb", "<b>x</b>", "[x](y)", "../../x", "/x", "\x1b[31m", "\u202e", "9" * 500, "|"),
    *([], {}, [[]], [None], {"a": None}, [0.5], ["x"]),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for make in MAKERS.values():
        for seed in SEEDS:
            make(folder, seed)
    return folder


def places(value, place=()) -> list[tuple]:
    """Where something can be changed: each field, and the first entries of each list."""
    entries = value.items() if isinstance(value, dict) else enumerate(value[:2])
    found = []
    for name, content in entries:
        found.append((*place, name))
        if isinstance(content, dict | list):
            found += places(content, (*place, name))
    return found


@st.composite
def damages(draw):
    """An experiment, a file of its record, and what happens to one place in it."""
    name = draw(st.sampled_from(sorted(MAKERS)))
    part = st.sampled_from(("config", "environment", "data", "history", "metrics", "last"))
    return name, draw(part), draw(st.integers(0, 10**6)), draw(st.sampled_from([*NASTY, "remove"]))


def damage(content: dict, number: int, value) -> dict:
    """The content with one place changed or removed."""
    content = copy.deepcopy(content)
    if not (found := places(content)):
        return {"added": value}
    *path, last = found[number % len(found)]
    where = content
    for name in path:
        where = where[name]
    if value == "remove":
        del where[last]
    else:
        where[last] = value
    return content


def others_are_shown(whole: Path, folder: Path, damaged, figures: bool) -> None:
    name, part, number, value = damaged
    results = folder / "results"
    shutil.rmtree(results, ignore_errors=True)
    shutil.copytree(whole, results)
    if part == "last":
        part = "outputs" if name == "recall" else "predictions"
    file = results / name / "seed-1" / f"{part}.json"
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(damage(content, number, value)))
    records, left_out = find_records(results)
    kept = {(record.experiment, record.seed) for record in records}
    assert kept >= {(n, s) for n in MAKERS for s in SEEDS} - {(name, 1)}
    assert len(records) + len(left_out) == len(MAKERS) * len(SEEDS)
    assert all(sentence.startswith(f"{name}/seed-1") for sentence in left_out)
    assert all(sentence.isprintable() for sentence in left_out)
    write_tables(results)
    if figures:
        plot_all(results, folder / "plots")
        outside = {path.name for path in folder.iterdir()} - {"results", "plots"}
        assert not outside


ONE_FOLDER = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=20, suppress_health_check=ONE_FOLDER)
@given(damaged=damages())
def test_one_damaged_record_stops_no_table(whole, tmp_path, damaged):
    others_are_shown(whole, tmp_path, damaged, figures=False)


@pytest.mark.faults
@settings(max_examples=300, suppress_health_check=ONE_FOLDER)
@given(damaged=damages())
def test_one_damaged_record_stops_no_figure(whole, tmp_path, damaged):
    others_are_shown(whole, tmp_path, damaged, figures=damaged[2] % 5 == 0)  # these take longer
