"""Own data: models that can be compared stand together, and one sentence says what they show."""

import pytest
from commands import REPOSITORY
from records import fabricate

from harness.reporting.figures.draw import plot_all
from harness.reporting.groups import load_results
from harness.reporting.own_runs import tasks_of, worth_it
from harness.reporting.pages import write_tables

PROTOCOL = {
    "reviews": {"reviews_file": "my.csv", "epochs": 3},
    "series": {"series_file": "load.csv"},
}


def records(folder, name, values, title, kind="reviews", variant=None, facts=None, **changes):
    """A record for each value of the best validation."""
    mae = {"metric": "mae", "degrees_per_unit": 8.0} if kind == "series" else {}
    for seed, best in enumerate(values):
        config = {"dataset": "my", "title": title, "variant": variant or {}}
        fabricate(
            folder,
            name,
            seed=seed,
            best=best,
            predictions=True,
            config=config | {"protocol": PROTOCOL[kind]},
            facts=facts or {},
            **mae,
            **changes,
        )


def rows_of(folder):
    return load_results(folder).rows


LSTM = (0.880, 0.882, 0.884, 0.886, 0.888)


@pytest.mark.parametrize(
    ("networks", "others", "verdict"),
    [
        (LSTM, 0.70, "LSTM, the best recurrent network, is better than Linear, the best other"),
        (LSTM, 0.97, "LSTM, the best recurrent network, is worse than Linear, the best other"),
        (LSTM, 0.882, "LSTM, the best recurrent network, is not shown to be better than Linear"),
    ],
)
def test_the_sentence_follows_both_intervals(networks, others, verdict, tmp_path):
    records(tmp_path, "lstm", networks, "LSTM")
    records(tmp_path, "gru", [0.5] * 5, "GRU")
    records(tmp_path, "linear", [others], "Linear", epochs=0)
    records(tmp_path, "majority", [0.5], "Majority", epochs=0)
    said = worth_it(rows_of(tmp_path))
    assert said.startswith(verdict)
    assert "points of accuracy on test (95 % interval: " in said
    assert said.endswith(" over seeds).")
    assert " over test reviews, " in said


def test_few_seeds_and_few_weeks_have_no_interval(tmp_path):
    records(tmp_path, "gru", [0.20, 0.21, 0.22], "GRU", "series", facts={"unit": "MW"})
    records(tmp_path, "ridge", [0.25], "Ridge", "series", facts={"unit": "MW"}, epochs=0)
    assert worth_it(rows_of(tmp_path)) == (
        "GRU, the best recurrent network, is not shown to be better than Ridge, the best other "
        "model: -0.320 MW of error on test; 4 weeks are too few for an interval over test weeks; "
        "3 seeds are too few for an interval over seeds."
    )


def test_without_a_network_or_without_another_model_nothing_is_said(tmp_path):
    records(tmp_path, "lstm", LSTM, "LSTM")
    assert worth_it(rows_of(tmp_path)) == ""


def test_each_horizon_is_a_task_of_its_own(tmp_path):
    for hours, variant in ((24, {}), (6, {"horizon_hours": 6.0})):
        for name, epochs in (("gru", 3), ("ridge", 0)):
            facts = {"unit": "MW", "horizon_hours": hours}
            values = {"variant": variant, "facts": facts, "epochs": epochs}
            records(tmp_path / "r", name, [0.2], name.upper(), "series", **values)
    tasks = tasks_of(rows_of(tmp_path / "r"))
    assert {name: [row.title for row in rows] for name, rows in tasks.items()} == {
        "my": ["GRU", "RIDGE"],
        "my+horizon-hours-6": ["GRU, horizon_hours = 6", "RIDGE, horizon_hours = 6"],
    }
    paths, left_out = plot_all(tmp_path / "r", tmp_path / "p")
    assert left_out == []
    assert {path.name for path in paths} >= {"my.png", "my+horizon-hours-6.png", "gru.png"}


def test_the_page_has_the_sentence_and_nothing_that_was_published(tmp_path):
    records(tmp_path, "lstm", LSTM, "LSTM")
    records(tmp_path, "linear", [0.9], "Linear", epochs=0)
    reference = REPOSITORY / "results/reference"
    write_tables(tmp_path, reference=reference)
    page = (tmp_path / "RESULTS.md").read_text("utf-8")
    assert "**LSTM, the best recurrent network, is" in page
    assert "| Linear | 1 | 0.9000 | 0.8950 |" in page
    for word in ("Published", "Reference", "not compared", "verdict", "Inside"):
        assert word not in page
