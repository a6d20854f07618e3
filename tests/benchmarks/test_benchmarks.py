"""The benchmark: what is counted, what is written, and a small one from end to end."""

import functools
import importlib
import json
import platform
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from commands import REPOSITORY, run
from processes import alive, children_of, started, wait_for

from benchmarks import __main__ as command_line
from benchmarks import original
from benchmarks.benchmark_figures import write_figures
from benchmarks.benchmark_file import Benchmark, load_benchmark, measured
from benchmarks.benchmark_tables import benchmark_markdown, summary_tables, write_benchmark
from benchmarks.cases import CASES, Case
from benchmarks.equality import XLA_ALONE, published_network
from benchmarks.goals import GOALS, cell
from benchmarks.interleaved import (
    OURS,
    PLAIN,
    PLAIN_SHARED,
    SHARED,
    SHARED_XLA,
    Effort,
    Timing,
    shared_processes,
    time_interleaved,
)
from benchmarks.measure import WORKING, run_benchmark, working_folder
from benchmarks.metrics import experiment_metrics, length_metrics, suite_metrics
from benchmarks.plain.climate import climate_windows
from benchmarks.roofline import Rates, operations
from benchmarks.training_process import TrainingProcess
from data.imdb import load_imdb
from harness.errors import RunError

END = {
    "validation": 2.0,
    "step_callbacks": 1e-5,
    "epoch_callbacks": 0.05,
    "idle": 0.001,
    "memory": 2**30,
}
TIMING = Timing(
    facts={"steps": 100, "operations": 10_000_000, "parameters": 320_000},
    first={
        PLAIN: (1.0, 1),
        OURS: (3.0, 10),
        SHARED: (4.0, 10),
        PLAIN_SHARED: (2.0, 1),
        SHARED_XLA: (4.0, 10),
    },
    rounds=pd.DataFrame(
        {
            PLAIN: [0.080, 0.100, 0.120],
            OURS: [0.040, 0.050, 0.080],
            SHARED: [0.050, 0.060, 0.070],
            PLAIN_SHARED: [0.160, 0.200, 0.240],
            SHARED_XLA: [0.060, 0.072, 0.112],
        }
    ),
    ends={PLAIN: END, OURS: END, SHARED: END},
    processes={PLAIN: 1, OURS: 1, SHARED: 2, PLAIN_SHARED: 2, SHARED_XLA: 2},
)


@pytest.fixture
def benchmark():
    """Made-up measurements of all experiments on a made-up machine."""
    rows = [measured("machine", "matrix products, one thread", [90.0, 100.0], "GFLOP/s")]
    rows.append(measured("machine", "memory, one thread", [9.0, 10.0], "GB/s"))
    for case in CASES.values():
        rows += experiment_metrics(case, TIMING, Rates(100.0, 10.0))
        rows.append(measured(case.name, "difference, loss", 1.5e-7, ""))
        rows.append(measured(case.name, "difference, gradient", 2e-4, ""))
        rows.append(measured(case.name, f"difference, {XLA_ALONE}", 1.9e-4, ""))
    for words in (100, 2000):
        rows += length_metrics(Case("imdb-lstm", words), TIMING)
    seconds = pd.DataFrame({PLAIN: [200.0, 220.0], OURS: [50.0, 44.0]})
    remaining = {PLAIN: [90.0] * len(CASES), SHARED: [60.0] * len(CASES)}
    rows += suite_metrics(seconds, remaining, workers=2)
    machine = {
        "started": "2020-01-01T00:00:00+00:00",
        "platform": "made-up",
        "cpu": "made-up processor",
        "cores": 2,
        "threads": 2,
        "memory": 8 * 2**30,
        "load": 0.1,
        "python": "3.11.0",
        "packages": {"keras": "3.15.0"},
        "commit": None,
        "dirty": None,
    }
    protocol = {
        "rounds": 3,
        "block_seconds": 0.5,
        "suites": 2,
        "shared": 2,
        "sample": False,
        "seconds": 600,
    }
    return Benchmark(schema=1, machine=machine, protocol=protocol, measurements=rows)


# --- counts


def test_operations_are_those_counted_by_hand():
    from keras import Input, Sequential, layers

    rnn = Sequential([Input((10, 3)), layers.SimpleRNN(4), layers.Dense(1)])
    # 10 steps; the inputs are data, which need no gradient: two products instead of three
    assert operations(rnn, (None, 10, 3)) == 2 * (10 * (2 * 3 * 4 + 3 * 4 * 4) + 3 * 4)
    words = [layers.Embedding(7, 3), layers.Conv1D(4, 5), layers.MaxPooling1D(2)]
    conv_lstm = Sequential([Input((10,)), *words, layers.LSTM(2), layers.Dense(1)])
    # 6 positions of 5 * 3 numbers, 3 timesteps after pooling, 4 gates of 2 units
    expected = 3 * 2 * (6 * 15 * 4 + 3 * (4 + 2) * 8 + 2)
    assert operations(conv_lstm, (None, 10)) == expected


def test_an_lstm_step_has_the_operations_counted_by_hand():
    per_token = 2 * (32 * 128 + 32 * 128)  # inputs and state, four gates of 32 units
    dense = 2 * 32
    assert operations(published_network("imdb-lstm"), (None, 500)) == 3 * (500 * per_token + dense)


@functools.cache
def sample_imdb(num_words, sample):
    """The sample reviews, made once for all scripts."""
    return load_imdb(num_words=num_words, sample=sample)


@pytest.fixture
def trained(monkeypatch):
    """Builds the network of a plain script, and gives it and what its `fit` was called with."""
    import keras

    from benchmarks.plain import reviews

    monkeypatch.setattr(reviews, "load_imdb", sample_imdb)

    def network(name):
        calls = []

        def remember(model, *data, **options):
            batch = data[0][:2] if isinstance(data[0], np.ndarray) else next(data[0])[0]
            model(batch)
            calls.append((model, data, options))

        monkeypatch.setattr(keras.Model, "fit", remember)
        script = importlib.import_module(f"benchmarks.plain.{name.replace('-', '_')}")
        script.train(sample=True)
        return calls[0]

    return network


@pytest.mark.parametrize("name", CASES)
def test_a_script_trains_the_network_that_is_counted_and_compared(name, trained):
    model, data, options = trained(name)
    ours = published_network(name.removesuffix("-dropout"))
    protocol = CASES[name].experiment.protocol
    assert options["epochs"] == protocol.epochs
    # the same rule by name, of one version of Keras or another
    assert protocol.optimizer.partition("-")[0] == type(model.optimizer).__name__.lower()
    if name.startswith("imdb"):
        x = data[0]
        assert x.shape[1] == protocol.maxlen
        assert options["batch_size"] == protocol.batch_size
    else:
        x, y = next(data[0])
        assert x.shape == (protocol.batch_size, protocol.lookback_hours, 14)
        assert y.shape == (protocol.batch_size,)
        assert options["steps_per_epoch"] == protocol.batches_per_epoch
    assert model.count_params() == ours.count_params()
    assert operations(model, x.shape) == operations(ours, x.shape)


def test_the_scripts_windows_end_a_step_before_the_row_that_the_delay_counts_from():
    data = np.arange(600.0).reshape(300, 2)
    common = {"lookback": 12, "delay": 6, "step": 3, "column": 1}
    x, y = next(climate_windows(data, 10, 290, shuffle=False, **common))
    assert x.shape == (128, 4, 2)
    assert x[5, :, 0].tolist() == [2.0 * row for row in (15, 18, 21, 24)]
    assert y[5] == data[27 + 6, 1]
    x, y = next(climate_windows(data, 10, 290, shuffle=True, **common))
    assert (y == x[:, 0, 1] + 2 * (12 + 6)).all()


# --- metrics, tables and figures


def test_ratios_are_taken_within_a_round(benchmark):
    assert benchmark.find("jena-gru", f"throughput, {OURS}").value == pytest.approx(2.0)
    assert benchmark.find("jena-gru", f"throughput, {OURS}").low == pytest.approx(1.5)
    shared = benchmark.find("jena-gru", f"throughput, {SHARED}")
    assert [shared.low, shared.value, shared.n] == pytest.approx([3.2, 2 * 0.1 / 0.06, 3])
    assert benchmark.find("jena-gru", f"throughput, {PLAIN_SHARED}").value == pytest.approx(1)


def test_shares_are_of_a_whole_epoch(benchmark):
    epoch = 100 * 0.05 + 2  # s
    assert benchmark.find("imdb-lstm", f"epoch, {OURS}").value == pytest.approx(epoch)
    share = benchmark.find("imdb-lstm", f"validation share, {OURS}").value
    assert share == pytest.approx(100 * 2 / epoch)
    harness = benchmark.find("imdb-lstm", f"callbacks, {OURS}").value
    assert harness == pytest.approx(100 * (0.05 + 100 * 1e-5) / epoch)
    assert benchmark.find("imdb-lstm", f"input pipeline, {OURS}").value == pytest.approx(2)
    assert benchmark.find("imdb-lstm", f"compile, {OURS}").value == pytest.approx(2.5)


def test_a_step_is_compared_with_the_time_of_its_products_and_its_update(benchmark):
    # 128 samples of 1e7 operations, at 100e9 a second
    assert benchmark.find("imdb-lstm", "operations").value == pytest.approx(1.28)
    assert benchmark.find("imdb-lstm", "floor of the products").value == pytest.approx(12.8)
    # RMSprop: five numbers of four bytes; Adam: seven; at 10e9 bytes a second
    assert benchmark.find("imdb-lstm", "floor of the update").value == pytest.approx(0.64)
    assert benchmark.find("imdb-conv-lstm", "floor of the update").value == pytest.approx(0.896)
    multiple = benchmark.find("imdb-lstm", f"multiple of the floors, {SHARED}")
    assert multiple.value == pytest.approx(60 / (12.8 + 0.64))


def test_all_epochs_are_computed_from_the_suite_and_the_remaining_epochs(benchmark):
    assert benchmark.find("suite", "throughput").value == pytest.approx((4 + 5) / 2)
    # 210 s and 47 s for the first epoch, then six experiments: in turn, or two at a time
    plain, ours = 210 + 6 * 90, 47 + 3 * 60
    assert benchmark.find("suite", "all epochs, computed, ours").value == pytest.approx(ours)
    ratio = benchmark.find("suite", "throughput of all epochs, computed")
    assert ratio.value == pytest.approx(plain / ours)


def test_a_record_is_read_as_it_was_written(benchmark, tmp_path):
    benchmark.save(tmp_path)
    assert load_benchmark(tmp_path) == benchmark


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(schema=2), "field 'schema': input should be 1"),
        (lambda c: c.pop("schema"), "field 'schema': field required"),
        (lambda c: c.pop("machine"), "field 'machine': field required"),
        (lambda c: c.update(machine=3), "field 'machine': input should be a valid dictionary"),
        (lambda c: c["machine"].pop("cpu"), "field 'machine.cpu': field required"),
        (lambda c: c["protocol"].update(shared="2"), "'protocol.shared': input should be a valid"),
        (lambda c: c.update(measurements=[]), "'measurements': list should have at least 1 item"),
        (lambda c: c["measurements"][0].pop("unit"), "'measurements.0.unit': field required"),
        (lambda c: c["measurements"][0].update(x=1), "'measurements.0.x': extra inputs are not"),
        (
            lambda c: c["measurements"][1].update(value="3"),
            "field 'measurements.1.value': input should be a valid number",
        ),
    ],
)
def test_a_damaged_record_is_one_message(change, message, benchmark, tmp_path):
    benchmark.save(tmp_path)
    path = tmp_path / "benchmark.json"
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(RunError) as refusal:
        load_benchmark(tmp_path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert message in str(refusal.value)
    assert str(refusal.value).endswith("; make the file again by `make bench`.")


def test_cells_say_whether_a_goal_is_met():
    def shown(experiment, quantity, values):
        return cell(measured(experiment, quantity, values, ""))

    goal = GOALS[f"throughput, {OURS}"]["imdb-lstm"].bound
    above = shown("imdb-lstm", f"throughput, {OURS}", [goal, goal + 1])
    assert above.endswith(f"), met (at least {goal:g})")
    below = shown("imdb-lstm", f"throughput, {OURS}", goal - 0.5)
    assert below == f"{goal - 0.5:.2f}, missed (at least {goal:g})"
    assert shown("jena-gru", f"validation share, {OURS}", 21.0) == "21, missed (below 20)"
    assert shown("imdb-lstm", f"validation share, {OURS}", 21.5) == "21.5"


def test_tables_hold_every_experiment_and_goal(benchmark, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- benchmark:start -->\n<!-- benchmark:end -->\nb\n", "utf-8")
    paths = write_benchmark(benchmark, tmp_path, readme)
    assert [path.name for path in paths] == ["benchmark.csv", "benchmark.md", "README.md"]
    lines = (tmp_path / "benchmark.csv").read_text("utf-8").splitlines()
    assert lines[0] == "experiment,quantity,value,low,high,unit,n"
    assert 'jena-gru,"throughput, ours",2,1.5,2,x plain,3' in lines
    text = (tmp_path / "benchmark.md").read_text("utf-8")
    assert text == benchmark_markdown(benchmark)
    for name in CASES:
        assert text.count(f"| {name} |") == 6
        goal = "(below 0.0001)"
        assert f"| {name} | 1.5e-07, met {goal} | 0.000200, missed {goal} | 0.000190 |" in text
        assert f"| {name} |" in readme.read_text("utf-8")
    assert sum(map(len, GOALS.values())) == text.count("met (") + text.count("missed (")
    assert "| 2,000 | 100 (80 to 120) | 50 (40 to 80) | 2.0 |" in text
    assert "| Runs an hour | 103 (98.2 to 108) | 461 (432 to 491) |" in text


def test_what_a_quick_benchmark_leaves_out_has_no_column(benchmark, tmp_path):
    left_out = (PLAIN_SHARED, "difference", "words", "native")
    kept = [m for m in benchmark.measurements if not any(n in m.quantity for n in left_out)]
    kept = [m for m in kept if m.experiment != "suite"]
    quick = benchmark.model_copy(update={"measurements": kept})
    assert "Plain shared |" not in benchmark_markdown(quick)
    assert "All six" not in benchmark_markdown(quick)
    assert "The same results" not in benchmark_markdown(quick)
    assert "Longer reviews" not in benchmark_markdown(quick)
    (drawn,) = write_figures(quick, tmp_path)
    assert drawn.stat().st_size > 10_000


def test_the_same_record_gives_the_same_figures(benchmark, tmp_path):
    first, again = (write_figures(benchmark, tmp_path / place) for place in "ab")
    assert [path.name for path in first] == ["benchmark.png", "benchmark-length.png"]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in first]


def test_the_committed_files_are_what_the_committed_record_gives(tmp_path):
    listed = ["git", "ls-files", "results/reference/benchmark.json"]
    done = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        pytest.skip("no benchmark is committed")
    results = REPOSITORY / "results/reference"
    committed = load_benchmark(results)
    assert committed.experiments == list(CASES)
    assert committed.protocol.sample is False
    assert (results / "benchmark.csv").read_text("utf-8") == committed.csv()
    assert (results / "benchmark.md").read_text("utf-8") == benchmark_markdown(committed)
    assert summary_tables(committed) in (REPOSITORY / "docs/speed.md").read_text("utf-8")
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        for path in write_figures(committed, tmp_path):
            drawn = path.read_bytes()
            assert drawn == (REPOSITORY / "plots/reference" / path.name).read_bytes()


# --- measuring


def test_a_block_is_as_long_as_asked_and_all_blocks_fit_into_an_epoch():
    effort = Effort(rounds=8, block_seconds=1.0, suites=0)
    assert effort.steps(0.1, call=1, epoch=157) == 10
    assert effort.steps(0.001, call=1, epoch=157) == 19
    assert effort.steps(9.0, call=1, epoch=157) == 1
    assert effort.steps(0.04, call=10, epoch=500) == 20
    assert effort.steps(0.001, call=10, epoch=157) == 10
    assert effort.steps(9.0, call=10, epoch=157) == 10


def test_a_small_benchmark_measures_every_metric(capsys):
    ways = (PLAIN, OURS, SHARED)
    effort = Effort(rounds=2, block_seconds=0.01, suites=0, ways=ways, ended=(OURS,))
    small = run_benchmark([CASES["imdb-conv-lstm"]], effort, sample=True)
    assert small.experiments == ["imdb-conv-lstm"]
    for way in effort.ways:
        step = small.find("imdb-conv-lstm", f"step, {way}")
        assert step.n == 2
        assert 0.1 < step.low <= step.high < 60_000
    for quantity in ("validation", "callbacks", "compile", "peak memory", "input pipeline"):
        assert small.find("imdb-conv-lstm", f"{quantity}, {OURS}").value > 0
    # counted from the layers of the process that trains: 30 samples
    assert small.find("imdb-conv-lstm", "operations").value == pytest.approx(0.869888, abs=1e-6)
    share = small.find("imdb-conv-lstm", f"input pipeline, {OURS}").value
    assert share < 90  # the step that computes nothing takes less
    assert "imdb-conv-lstm: round 2 of 2, 10 steps each: plain " in capsys.readouterr().out


@pytest.mark.faults
def test_one_experiment_is_timed_at_several_lengths_and_without_a_compiler(tmp_path):
    ways = (PLAIN, OURS, SHARED_XLA)
    effort = Effort(rounds=1, block_seconds=0.01, suites=0, ways=ways, ended=())
    timing = time_interleaved(Case("imdb-lstm", maxlen=20), effort, True, tmp_path)
    assert timing.ends == {}
    assert list(timing.rounds) == list(ways)
    assert (timing.rounds > 0).all(axis=None)
    assert timing.facts["operations"] == operations(published_network("imdb-lstm"), (None, 20))


def test_a_script_that_fails_is_one_message_with_its_last_line(tmp_path):
    with (
        TrainingProcess("wrong", ["benchmarks.plain", "no-such"], 1, tmp_path, {}) as process,
        pytest.raises(RunError, match=r"wrong ended with exit code 2: .*invalid choice: 'no-such'"),
    ):
        process.report()


@pytest.mark.faults
def test_no_process_outlives_a_killed_benchmark_and_the_next_one_clears_up(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.chdir(tmp_path)
    with started("benchmarks", "--quick", "--sample", cwd=tmp_path) as process:
        wait_for(lambda: len(list(WORKING.glob("*-shared-*.log"))) == shared_processes())
        children = children_of(process.pid)
        process.kill()
        process.wait()
        assert len(children) == 2 + shared_processes()  # the script and our own command train alone
        wait_for(lambda: not alive(children), seconds=20)
    assert list(WORKING.iterdir())
    with working_folder(WORKING) as folder:
        assert list(folder.iterdir()) == []
    assert list(WORKING.parent.iterdir()) == []


def test_two_benchmarks_do_not_run_at_the_same_time(tmp_path):
    with (
        working_folder(tmp_path / "a"),
        pytest.raises(RunError, match="another benchmark is in progress"),
        working_folder(tmp_path / "a"),
    ):
        pass


def test_without_data_there_is_one_clear_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RNN_DATA_DIR", str(tmp_path / "nowhere"))
    assert command_line.main(["--quick"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: data directory {tmp_path / 'nowhere'} (RNN_DATA_DIR) does not")
    assert error.count("\n") == 1


def test_a_users_benchmark_never_changes_the_reference_or_its_page(
    benchmark, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "run_benchmark", lambda *_: benchmark)
    for flag in ("--quick", "--sample"):
        assert command_line.main([flag]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(summary_tables(benchmark))
        assert shown.endswith("wrote demo/bench/benchmark-length.png\n")
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    readme = tmp_path / "README.md"
    readme.write_text("<!-- benchmark:start -->\n<!-- benchmark:end -->", "utf-8")
    assert command_line.main([]) == 0
    assert (tmp_path / "results/benchmark.md").exists()
    assert (tmp_path / "plots/benchmark.png").exists()
    assert "Plain" not in readme.read_text("utf-8")
    assert not list(tmp_path.glob("*/reference"))


def test_usage_is_explained_and_wrong_usage_refused():
    assert "--quick" in run("benchmarks", "--help").stdout
    assert run("benchmarks", "--fast").returncode == 2


@pytest.mark.parametrize("module", ["equality", "benchmark_tables", "benchmark_figures"])
def test_help_neither_measures_nor_writes(module):
    done = run(f"benchmarks.{module}", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m benchmarks.{module}")
    assert "wrote" not in done.stdout


@pytest.mark.parametrize("arguments", [[], ["no-such"]])
def test_equality_without_a_known_name_says_which_there_are(arguments):
    done = run("benchmarks.equality", *arguments)
    assert done.returncode == 2
    assert "NAME" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_original_is_timed_after_its_warm_up_or_left_out(monkeypatch, capsys):
    def carry_out(task, arrays, folder):
        assert arrays["x"].shape == (10, 128, 500)
        if task == "2.0.8":
            return {"seconds": [9.0, 9.0, 0.1, 0.2, 0.3]}
        raise RunError("pip cannot install it.")

    monkeypatch.setattr(original, "carry_out", carry_out)
    for known, expected in (("2.0.8", [200.0]), ("2.1.6", [])):
        monkeypatch.setattr(original, "task_of", lambda name, protocol, seed, known=known: known)
        rows = original.original_metrics(CASES["imdb-lstm"], sample=True)
        assert [row.value for row in rows] == pytest.approx(expected)
    assert "imdb-lstm: left out: pip cannot install it." in capsys.readouterr().out
