"""Many runs: what is planned, what happens when one fails or the suite is interrupted."""

import argparse
import io
import os
import signal
from pathlib import Path

import pytest
from commands import places, run
from processes import EPOCHS, LONG, children_of, mentioning, started, wait_for
from records import fabricate
from rich.console import Console

from harness.errors import RunError
from harness.experiment import find_experiments
from harness.records.record import find_records, load_record
from harness.records.run import Run
from harness.suite import __main__ as suite
from harness.suite import local_workers as workers
from harness.suite.__main__ import parse_arguments
from harness.suite.local_workers import Elsewhere, Ended, EpochDone, Started, run_locally, share
from harness.suite.plan import Durations, Suite, log_of, plan_suite, reserve, time_left
from harness.suite.progress import Display
from harness.training.machine import span

QUICK = ["imdb-majority", "jena-persistence"]
FAILING = "jena-ridge --recent-hours 99"  # it finds out when it runs


def planned(tmp_path, commands, seeds=(0,), *flags) -> Suite:
    options = parse_arguments([*flags, *map(str, places(tmp_path))])
    return plan_suite(commands, list(seeds), options)


def finished(one) -> None:
    """Makes up a record of a run, by its own configuration."""
    fabricate(one.results_dir, one.experiment.name, config=one.config | {"schema": 1})


def names(runs) -> list[str]:
    return [one.name for one in runs]


# --- planning


def test_all_experiments_with_every_seed_unless_told_otherwise(tmp_path):
    plan = planned(tmp_path, None, (0, 1))
    assert {one.experiment.name for one in plan.runs} == set(find_experiments())
    assert len(plan.runs) == 2 * len(find_experiments())


def test_what_never_ran_is_first_and_then_the_longest(tmp_path):
    for name, seed, seconds in [("imdb-lstm", 7, 50.0), ("imdb-dense", 7, 90.0)]:
        fabricate(tmp_path / "results", name, seed=seed, metrics={"wall_seconds": seconds})
    plan = planned(tmp_path, ["imdb-lstm", "imdb-dense", "imdb-gru"])
    assert names(plan.runs) == ["imdb-gru/seed-0", "imdb-dense/seed-0", "imdb-lstm/seed-0"]


def test_a_variant_is_expected_to_take_what_it_took_before_else_what_the_experiment_takes(tmp_path):
    plan = planned(tmp_path, ["imdb-lstm", "imdb-lstm --epochs 2"])
    plain, variant = sorted(plan.runs, key=lambda one: len(one.name))
    durations = Durations([])
    assert durations.expected(variant) is None
    durations.add(plain, 40)
    assert durations.expected(variant) == 40
    durations.add(variant, 10)
    assert durations.expected(variant) == 10


def test_an_experiment_can_be_given_options_of_its_own(tmp_path):
    plan = planned(tmp_path, ["imdb-lstm --epochs 2", "imdb_lstm"], (3,))
    assert sorted(names(plan.runs)) == ["imdb-lstm+epochs-2/seed-3", "imdb-lstm/seed-3"]
    assert {one.protocol.epochs for one in plan.runs} == {2, 10}


def test_a_run_s_own_options_reach_its_process(tmp_path):
    text = f"text-generation --text {tmp_path}/mine.txt"
    (one,) = planned(tmp_path, [text], (3,), "--force").runs
    expected = ["experiments", "text-generation", "--seed", "3", "--text", f"{tmp_path}/mine.txt"]
    assert one.process_arguments == [*expected, "--force"]
    own, shared = tmp_path / "own", tmp_path / "shared"
    own.mkdir()
    command = f"jena-gru --no-straddle-gaps --data-dir {own}"
    (one,) = planned(tmp_path, [command], (0,), "--data-dir", str(shared)).runs
    expected = ["experiments", "jena-gru", "--seed", "0", "--no-straddle-gaps"]
    assert one.process_arguments == [*expected, "--data-dir", str(own)]


def test_force_for_one_experiment_repeats_that_one(tmp_path):
    for name in ("imdb-lstm", "imdb-dense"):
        finished(planned(tmp_path, [name]).runs[0])
    plan = planned(tmp_path, ["imdb-lstm", "imdb-dense --force"])
    assert names(plan.finished) == ["imdb-lstm/seed-0"]
    assert names(plan.runs) == ["imdb-dense/seed-0"]


@pytest.mark.parametrize(
    "options", ["--seed 7", "--seed=7", "--results-dir X", "--plots-dir X", "--sample"]
)
def test_an_option_of_the_suite_is_not_taken_from_one_experiment(tmp_path, options):
    with pytest.raises(RunError, match=r"--\S+ is an option of the whole suite, not of one"):
        planned(tmp_path, [f"imdb-majority {options}"])


def test_a_bad_data_directory_is_found_before_the_first_run(tmp_path, capsys):
    bad = ["--data-dir", str(tmp_path / "nowhere"), *map(str, places(tmp_path))]
    assert suite.main(["--seeds", "0-4", "--experiments", QUICK[0], *bad]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: data directory {tmp_path}/nowhere (--data-dir) does not exist")
    assert list(tmp_path.iterdir()) == []


def test_what_is_asked_for_twice_is_done_once(tmp_path):
    assert len(planned(tmp_path, ["imdb-lstm", "imdb-lstm --epochs 10"], (0, 0)).runs) == 1


def test_a_record_of_another_configuration_is_not_replaced(tmp_path):
    fabricate(tmp_path / "results", "imdb-lstm")
    plan = planned(tmp_path, ["imdb-lstm"], (0, 1))
    assert names(plan.runs) == ["imdb-lstm/seed-1"]
    assert names(plan.refused) == ["imdb-lstm/seed-0"]
    assert "another configuration" in next(iter(plan.refused.values()))
    assert len(planned(tmp_path, ["imdb-lstm"], (0, 1), "--force").runs) == 2


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such", "there is no experiment 'no-such'; there are "),
        ("", "there is no experiment ''"),
        ("imdb-lstm 'open", "--experiments 'imdb-lstm 'open': No closing quotation"),
        ("imdb-lstm --sample", "--sample is an option of the whole suite"),
    ],
)
def test_a_wrong_experiment_is_one_message(command, message, tmp_path):
    with pytest.raises(RunError) as refusal:
        planned(tmp_path, [command])
    assert message in str(refusal.value)


def test_a_wrong_option_of_an_experiment_is_found_out_before_anything_runs(tmp_path, capsys):
    with pytest.raises(SystemExit):
        planned(tmp_path, ["imdb-majority", "imdb-lstm --epoch 3"])
    assert "python -m experiments imdb-lstm: error: unrecognized arguments: --epoch 3" in (
        capsys.readouterr().err
    )


def test_sample_and_real_data_are_not_mixed(tmp_path):
    fabricate(tmp_path / "results", "imdb-lstm")
    with pytest.raises(RunError, match="would mix runs on sample data"):
        planned(tmp_path, ["imdb-dense"], (0,), "--sample")


@pytest.mark.parametrize(
    ("text", "expected"), [("0-4", [0, 1, 2, 3, 4]), ("3", [3]), ("0,2,7-8", [0, 2, 7, 8])]
)
def test_seeds(text, expected):
    assert suite.seeds(text) == expected


@pytest.mark.parametrize("text", ["", "a", "4-0", "0--1", "-1", "1-", "0-4294967295", "0-1000"])
def test_wrong_seeds(text):
    with pytest.raises(argparse.ArgumentTypeError):
        suite.seeds(text)


@pytest.mark.parametrize(
    ("workers_asked", "runs", "each"), [(2, 9, 4), (3, 9, 2), (16, 99, 1), (4, 1, 8)]
)
def test_runs_share_the_threads(workers_asked, runs, each, monkeypatch):
    monkeypatch.setattr(workers, "threads", lambda: 8)
    assert share(workers_asked, runs) == each


def test_time_left_is_that_of_the_last_run_to_end():
    assert time_left([], []) == 0
    assert time_left([10, 30], []) == 30
    assert time_left([10, 30], [15, 15]) == 40  # they start after 10 and 25
    assert time_left([], [5, 5]) == 10


@pytest.mark.parametrize(
    "address", ["", "not an address", "scheduler", "http://scheduler:1", "tcp://a:b", "tcp://:1"]
)
def test_what_is_no_address_is_refused_at_once(address, capsys):
    with pytest.raises(SystemExit):
        parse_arguments(["--cluster", address])
    assert f"such as tcp://scheduler:8786, got '{address}'" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["scheduler:8786", "tcp://[::1]:8786", "tls://10.0.0.1:1"])
def test_addresses_that_dask_takes(address):
    assert parse_arguments(["--cluster", address]).cluster == address


def test_options_of_a_cluster_are_not_ignored_without_one(tmp_path, capsys):
    key = tmp_path / "key.pem"
    for options in (["--fetch-weights"], ["--tls-key", str(key)], ["--tls-key", str(tmp_path)]):
        with pytest.raises(SystemExit):
            parse_arguments(options)
    key.touch()
    with pytest.raises(SystemExit):
        parse_arguments(["--tls-key", str(key)])
    assert "are for --cluster; give its address, too" in capsys.readouterr().err


# --- several suites in one results directory


def events_of(one, tmp_path) -> list[type]:
    """What happens to a run in a suite of its own."""
    where = list(map(str, places(tmp_path)))
    return [type(event) for event in run_locally([one], workers=1, places=where)]


def test_a_run_of_another_suite_is_running_elsewhere_and_keeps_its_log(tmp_path):
    (one,) = planned(tmp_path, [QUICK[0]], (0,), "--sample").runs
    lock = reserve(one)
    log_of(one).write_text("what the other suite's run has printed")
    assert events_of(one, tmp_path) == [Elsewhere]
    assert log_of(one).read_text() == "what the other suite's run has printed"
    lock.release()
    assert events_of(one, tmp_path) == [Started, Ended]
    log = log_of(one).read_text()
    assert "record: " in log
    assert events_of(one, tmp_path) == [Elsewhere]  # planned by a suite, done by the other since
    assert log_of(one).read_text() == log
    assert not list(tmp_path.rglob("*.lock"))


def test_a_run_that_was_started_by_hand_is_running_elsewhere(tmp_path):
    (one,) = planned(tmp_path, [QUICK[0]], (0,), "--sample").runs
    by_hand = Run(one.directory, seed=0, data_dir=None, sample=True)
    by_hand.begin(one.config)
    assert events_of(one, tmp_path) == [Started, Elsewhere]
    by_hand.abandon()


def test_two_suites_share_the_runs(tmp_path):
    command = ["harness.suite", "--sample", "--experiments", *QUICK, *places(tmp_path)]
    with started(*command) as first, started(*command) as second:
        outputs = [process.communicate(timeout=120)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    for name in QUICK:
        assert load_record(tmp_path / "results" / name / "seed-0").sample
        assert "record: " in (tmp_path / f"results/logs/{name}-seed-0.log").read_text()
    assert "failed  " not in "".join(outputs)


# --- a run that the system ends


@pytest.fixture
def little_memory():
    """A control group of 300 MB, below what TensorFlow takes; a folder of it."""
    group = Path("/sys/fs/cgroup/memory/test-of-a-suite")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text("300000000")
    except OSError:
        pytest.skip("needs to be root, with the memory controller of cgroups version 1")
    yield group
    group.rmdir()


@pytest.mark.faults
def test_a_run_that_is_killed_for_memory_is_called_that(tmp_path, little_memory):
    command = ["harness.suite", "--sample", "--experiments", LONG, *places(tmp_path)]
    with started(*command) as process:
        (child,) = wait_for(lambda: children_of(process.pid))
        (little_memory / "cgroup.procs").write_text(str(child))
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "killed for memory: the system had no more; let fewer runs go at a time" in output
    assert "killed for memory" in errors


def test_a_run_that_somebody_kills_is_not_said_to_lack_memory(tmp_path):
    with started("harness.suite", "--sample", "--experiments", LONG, *places(tmp_path)) as process:
        (child,) = wait_for(lambda: children_of(process.pid))
        os.kill(child, signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
    assert "ended by SIGKILL" in output


@pytest.mark.faults
def test_more_workers_than_cores(tmp_path):
    count = 4 * (os.cpu_count() or 1)
    seeds = ("--experiments", QUICK[0], "--seeds", f"0-{count - 1}", "--workers", count)
    done = start(tmp_path, *seeds)
    assert done.returncode == 0, done.stderr
    records, left_out = find_records(tmp_path / "results")
    assert (len(records), left_out) == (count, [])
    assert {record.environment["threads"] for record in records} == {1}


# --- the display


def shown(tmp_path, terminal: bool) -> str:
    plan = planned(tmp_path, ["imdb-lstm", "imdb-dense"])
    first, second = plan.runs
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100)
    with Display(plan, console) as display:
        display.show(Started(first))
        display.show(EpochDone(first, 2, 0.51239))
        display.show(Started(second, "tcp://far:1"))
        if terminal:
            console.print(display)
        display.show(Ended(first, 75.2, None))
        display.show(Ended(second, 3.0, "exit code 1"))
    return file.getvalue()


def test_plain_lines_where_there_is_no_terminal(tmp_path):
    text = shown(tmp_path, terminal=False)
    assert "\x1b" not in text
    first, second, third, fourth = text.splitlines()
    assert first.startswith("started   imdb-")
    assert second.endswith("/seed-0 on tcp://far:1")
    assert "/seed-0 in 1 min 15 s (1 of 2 ended, " in third
    assert fourth.endswith("after 3 s: exit code 1 (2 of 2 ended, 1 failed)")


def test_a_run_elsewhere_is_neither_finished_nor_failed(tmp_path):
    plan, file = planned(tmp_path, ["imdb-lstm", "imdb-dense"]), io.StringIO()
    first, second = plan.runs
    with Display(plan, Console(file=file, width=100)) as display:
        display.show(Elsewhere(first))
        display.show(Started(second))
        display.show(Ended(second, 3.0, None))
    lines = file.getvalue().splitlines()
    assert lines[0] == f"elsewhere {first.name}: another process does it or did it meanwhile"
    assert lines[2].endswith("in 3 s (1 of 1 ended)")


def test_a_table_in_a_terminal(tmp_path):
    text = shown(tmp_path, terminal=True)
    assert "2/10" in text
    assert "0.5124" in text
    assert "0 of 2 ended, time left unknown" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.6, "10 s"), (75, "1 min 15 s"), (7380, "2 h 3 min"), (3599.8, "1 h 0 min")],
)
def test_spans_of_time(seconds, text):
    assert span(seconds) == text


# --- real runs


def start(tmp_path, *arguments):
    return run("harness.suite", "--sample", *arguments, *places(tmp_path))


@pytest.fixture(scope="module")
def with_a_failure(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("suite")
    return start(tmp_path, "--experiments", *QUICK, FAILING, "--workers", 2), tmp_path


def test_a_failed_run_does_not_stop_the_others(with_a_failure):
    done, tmp_path = with_a_failure
    assert done.returncode == 1
    for name in QUICK:
        assert load_record(tmp_path / "results" / name / "seed-0").sample
    assert done.stdout.splitlines()[-1].startswith("2 finished, 0 finished earlier, 1 failed; ")


def test_a_failed_run_is_listed_with_the_end_of_its_log(with_a_failure):
    done, tmp_path = with_a_failure
    label = "jena-ridge+recent-hours-99"
    log = tmp_path / f"results/logs/{label}-seed-0.log"
    assert f"failed: {label}/seed-0: exit code 1\nlast lines of {log}:\n" in done.stderr
    assert "    error: --recent-hours 99 must be a whole" in done.stderr
    assert log.read_text().startswith("error: --recent-hours 99")
    assert len(list(log.parent.iterdir())) == 3


def test_each_run_gets_its_share_of_the_threads(with_a_failure):
    _, tmp_path = with_a_failure
    record = load_record(tmp_path / "results/imdb-majority/seed-0")
    assert record.environment["threads"] == share(2, 3)


def test_a_second_start_does_only_what_is_left(with_a_failure):
    _, tmp_path = with_a_failure
    again = start(tmp_path, "--experiments", *QUICK, FAILING, "--workers", 2)
    assert again.returncode == 1
    lines = again.stdout.splitlines()
    assert lines[0] == "already finished: 2"
    assert sum(line.startswith("started") for line in lines) == 1
    nothing = start(tmp_path, "--experiments", *QUICK)
    assert nothing.returncode == 0
    assert "started" not in nothing.stdout


def test_an_interrupted_suite_ends_its_runs_and_the_next_start_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")  # more only wait for each other here
    command = ["harness.suite", "--sample", "--experiments", LONG, *places(tmp_path)]
    record = tmp_path / f"results/imdb-dense+epochs-{EPOCHS}/seed-0"
    unfinished = record.with_name("seed-0.unfinished")
    with started(*command) as process:
        wait_for((unfinished / "checkpoint").exists)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "interrupted; the same command goes on with what is left.\n"
    assert mentioning(tmp_path) == []
    assert unfinished.exists()
    assert not record.exists()
    assert start(tmp_path, "--experiments", LONG).returncode == 0
    assert len(load_record(record).history["loss"]) == EPOCHS
    assert load_record(record).environment["resumed_after"]
    assert not unfinished.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_run_outlives_the_suite(number, tmp_path):
    command = ["harness.suite", "--sample", "--experiments", LONG, *places(tmp_path)]
    with started(*command) as process:
        wait_for(lambda: list((tmp_path / "results").glob("*/*.unfinished/config.json")))
        process.send_signal(number)
        process.communicate(timeout=30)
        wait_for(lambda: not mentioning(tmp_path), seconds=20)
    assert not list((tmp_path / "results").glob("*/seed-0"))
