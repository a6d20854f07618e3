"""The benchmark: what is trained, what is computed and written, and a small one from end to end."""

import functools
import json
import platform
import sys

import numpy as np
import pandas as pd
import pytest
from commands import REPOSITORY, words

from benchmarks import __main__ as command_line
from benchmarks import plain, timing
from benchmarks.plain import SCRIPTS, climate_windows
from benchmarks.timing import OURS, PLAIN, PLAIN_SHARED, SHARED, Effort, Trainer
from data.imdb import load_imdb
from harness.errors import RunError
from harness.experiment import find_experiments
from harness.reporting import benchmark as page
from harness.reporting.benchmark import Benchmark, benchmark_blocks, load_benchmark, write_page
from harness.reporting.table import markdown

ROUNDS = {
    PLAIN: [0.080, 0.100, 0.120],
    OURS: [0.040, 0.050, 0.080],
    SHARED: [0.050, 0.060, 0.070],
    PLAIN_SHARED: [0.160, 0.200, 0.240],
}


@pytest.fixture
def benchmark():
    """Made-up measurements of all experiments on a made-up machine."""
    processes = {PLAIN: 1, OURS: 1, SHARED: 2, PLAIN_SHARED: 2}
    rows = []
    for name in SCRIPTS:
        rows += timing.step_measurements(name, pd.DataFrame(ROUNDS), processes)
    rows += timing.suite_measurements(pd.DataFrame({PLAIN: [200.0, 220.0], OURS: [50.0, 44.0]}), 6)
    machine = {
        "cpu": "made-up processor",
        "threads": 2,
        "python": "3.11.0",
        "packages": {"keras": "3.15.0"},
        "commit": None,
    }
    return Benchmark(schema=1, machine=machine, protocol={"sample": False}, measurements=rows)


@pytest.fixture
def trained(monkeypatch):
    """Builds the network of a plain script, and gives it and what its `fit` was called with."""
    import keras

    monkeypatch.setattr(plain, "load_imdb", functools.cache(load_imdb))

    def network(name):
        calls = []

        def remember(model, *data, **options):
            batch = data[0] if isinstance(data[0], np.ndarray) else next(data[0])[0]
            model(batch[:2, :20])  # to make its weights, a short sequence will do
            calls.append((model, data, options))

        monkeypatch.setattr(keras.Model, "fit", remember)
        SCRIPTS[name](sample=True)
        return calls[0]

    return network


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_trains_the_network_that_it_is_compared_with(name, trained):
    model, data, options = trained(name)
    protocol = find_experiments()[name].protocol
    assert options["epochs"] == protocol.epochs
    # the same rule by name, of one version of Keras or another
    assert protocol.optimizer.partition("-")[0] == type(model.optimizer).__name__.lower()
    if name.startswith("imdb"):
        assert data[0].shape[1] == protocol.maxlen
        assert options["batch_size"] == protocol.batch_size
    else:
        x, y = next(data[0])
        assert x.shape == (protocol.batch_size, protocol.lookback_hours, 14)
        assert y.shape == (protocol.batch_size,)
        assert options["steps_per_epoch"] == protocol.batches_per_epoch
    recorded = REPOSITORY / f"results/reference/{name}/seed-0/metrics.json"
    assert model.count_params() == json.loads(recorded.read_text("utf-8"))["parameters"]


def test_the_scripts_windows_end_a_step_before_the_row_that_the_delay_counts_from():
    data = np.arange(600.0).reshape(300, 2)
    common = {"lookback": 12, "delay": 6, "step": 3, "column": 1}
    x, y = next(climate_windows(data, 10, 290, shuffle=False, **common))
    assert x.shape == (128, 4, 2)
    assert x[5, :, 0].tolist() == [2.0 * row for row in (15, 18, 21, 24)]
    assert y[5] == data[27 + 6, 1]
    x, y = next(climate_windows(data, 10, 290, shuffle=True, **common))
    assert (y == x[:, 0, 1] + 2 * (12 + 6)).all()


def test_ratios_are_taken_within_a_round_and_count_all_processes(benchmark):
    alone = benchmark.find("jena-gru", f"throughput, {OURS}")
    assert (alone.low, alone.value, alone.high) == pytest.approx((1.5, 2.0, 2.0))
    shared = benchmark.find("jena-gru", f"throughput, {SHARED}")
    assert (shared.low, shared.value, shared.n) == pytest.approx((3.2, 2 * 0.1 / 0.06, 3))
    assert benchmark.find("suite", "throughput").high == pytest.approx(5)
    assert benchmark.find("suite", "runs an hour, ours").low == pytest.approx(432)


def test_a_block_is_as_long_as_asked_and_all_blocks_fit_into_an_epoch():
    effort = Effort(rounds=8, block_seconds=1.0, suites=0)
    assert effort.steps(0.1, call=1, epoch=157) == 10
    assert effort.steps(0.001, call=1, epoch=157) == 19
    assert effort.steps(9.0, call=1, epoch=157) == 1
    assert effort.steps(0.04, call=10, epoch=500) == 20
    assert effort.steps(9.0, call=10, epoch=157) == 10


def test_the_page_and_the_figure_have_what_was_measured(benchmark, tmp_path):
    first, again = (write_page(benchmark, tmp_path / x, tmp_path / x) for x in "ab")
    assert [path.name for path in first] == ["benchmark.md", "benchmark.png"]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in first]
    text = first[0].read_text("utf-8")
    assert text.count("| 100 (80 to 120) | 50 (40 to 80) | 60 (50 to 70) |") == len(SCRIPTS)
    assert "| Runs an hour | 103 (98.2 to 108) | 461 (432 to 491) |" in text
    assert "Keras of the log, ms" not in text  # it was not measured
    kept = [one for one in benchmark.measurements if one.experiment != "suite"]
    steps_alone = benchmark.model_copy(update={"measurements": kept})
    assert "All six" not in markdown(benchmark_blocks(steps_alone))


def test_a_damaged_file_is_one_message(benchmark, tmp_path):
    benchmark.save(tmp_path)
    assert load_benchmark(tmp_path) == benchmark
    path = tmp_path / "benchmark.json"
    path.write_text(path.read_text("utf-8").replace('"unit": "ms"', '"unit": 1', 1), "utf-8")
    with pytest.raises(RunError, match=r"field 'measurements\[0\]\.unit' must be"):
        load_benchmark(tmp_path)


def test_the_committed_files_are_what_the_committed_benchmark_gives(tmp_path):
    committed = load_benchmark(REPOSITORY / "results/reference")
    assert committed.experiments == list(SCRIPTS)
    assert markdown(benchmark_blocks(committed)) in (REPOSITORY / "docs/speed.md").read_text(
        "utf-8"
    )
    recurrent = [name for name in committed.experiments if name != "imdb-conv-lstm"]
    low, high, least, most = (
        f"{bound(committed.find(name, f'throughput, {way}').value for name in recurrent):.2g}"
        for way in ("ours", "ours shared")
        for bound in (min, max)
    )
    assert f"networks train {low} to {high} times as fast" in words("README.md")
    assert f"{least} to {most} times when every core has a run of its own" in words("README.md")
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        drawn = page.draw(committed, tmp_path / "benchmark.png").read_bytes()
        assert drawn == (REPOSITORY / "plots/reference/benchmark.png").read_bytes()


@pytest.mark.parametrize(
    "ways", [(PLAIN, OURS), pytest.param((PLAIN, OURS, SHARED), marks=pytest.mark.faults)]
)
def test_a_small_benchmark_times_both_sides(ways, monkeypatch, capsys):
    monkeypatch.setattr(timing, "carry_out", lambda *_: [{"seconds": [9.0, 9.0, 0.1, 0.2, 0.3]}])
    monkeypatch.setattr(timing, "task_of", lambda *_, **__: {})
    monkeypatch.setattr(command_line, "time_all", lambda *_: [])
    effort = Effort(rounds=2, block_seconds=0.01, suites=1, ways=ways)
    small = command_line.run_benchmark(["jena-gru"], effort, sample=True)
    for way in ways:
        step = small.find("jena-gru", f"step, {way}")
        assert step.n == 2
        assert 0.1 < step.low <= step.high < 60_000
    assert small.find("jena-gru", "step, original").value == pytest.approx(200)
    assert "jena-gru: round 2 of 2, 10 steps each: plain " in capsys.readouterr().out


@pytest.mark.faults
def test_all_experiments_are_timed_for_one_epoch(tmp_path):
    rows = timing.time_all(["imdb-lstm"], 1, True, tmp_path)
    assert [row.quantity for row in rows][-1] == "throughput"


@pytest.mark.faults
def test_a_script_that_fails_is_one_message_with_its_last_line(tmp_path):
    trainer = Trainer("wrong", ["benchmarks.plain", "no-such"], {}, tmp_path)
    with pytest.raises(RunError, match=r"wrong: exit code 2: .*invalid choice: 'no-such'"):
        trainer.report()
    trainer.close()


def test_a_users_benchmark_never_changes_the_reference(benchmark, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "run_benchmark", lambda *_: benchmark)
    assert command_line.main(["--quick"]) == 0
    assert capsys.readouterr().out.startswith(markdown(benchmark_blocks(benchmark)))
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert command_line.main([]) == 0
    assert (tmp_path / "results/benchmark.json").exists()
    assert not list(tmp_path.glob("*/reference"))
