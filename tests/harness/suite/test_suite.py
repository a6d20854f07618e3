"""Many runs: what is planned, what happens when one fails or the suite is interrupted."""

import argparse
import contextlib
import io
import signal

import pytest
from commands import places, run
from processes import EPOCHS, LONG, alive, descendants, started, wait_for
from records import fabricate
from rich.console import Console

from harness.errors import RunError
from harness.experiment import find_experiments
from harness.records.record import load_record
from harness.records.run import Run
from harness.suite import __main__ as suite
from harness.suite import runs as workers
from harness.suite.__main__ import parse_arguments
from harness.suite.plan import Suite, plan_suite, time_left
from harness.suite.progress import Display
from harness.suite.runs import Elsewhere, Ended, EpochDone, Started, log_of, reserve, run_locally
from harness.training.machine import span

QUICK = ["imdb-majority", "jena-persistence"]
FAILING = "jena-ridge --recent-hours 99"  # it finds out when it runs


def planned(tmp_path, commands, seeds=(0,), *flags) -> Suite:
    options = parse_arguments([*flags, *map(str, places(tmp_path))])
    return plan_suite(commands, list(seeds), options)


def names(runs) -> list[str]:
    return [one.name for one in runs]


# --- planning


@pytest.mark.parametrize(
    ("commands", "seeds", "expected"),
    [
        (["imdb-lstm --epochs 2", "imdb_lstm"], [3], ["imdb-lstm+epochs-2/3", "imdb-lstm/3"]),
        (["imdb-lstm", "imdb-lstm --epochs 10"], [0, 0], ["imdb-lstm/0"]),  # twice the same
        (None, [0, 1], [f"{name}/{seed}" for name in find_experiments() for seed in (0, 1)]),
    ],
)
def test_every_experiment_with_its_options_and_every_seed_is_planned_once(
    commands, seeds, expected, tmp_path
):
    found = names(planned(tmp_path, commands, seeds).runs)
    assert sorted(found) == sorted(name.replace("/", "/seed-") for name in expected)


def test_what_never_ran_is_first_and_then_the_longest(tmp_path):
    for name, seed, seconds in [("imdb-lstm", 7, 50.0), ("imdb-dense", 7, 90.0)]:
        fabricate(tmp_path / "results", name, seed=seed, metrics={"wall_seconds": seconds})
    plan = planned(tmp_path, ["imdb-lstm", "imdb-dense", "imdb-gru"])
    assert names(plan.runs) == ["imdb-gru/seed-0", "imdb-dense/seed-0", "imdb-lstm/seed-0"]


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


def test_finished_runs_are_skipped_unless_forced_and_other_records_are_not_replaced(tmp_path):
    for one in planned(tmp_path, ["imdb-gru", "imdb-dense"]).runs:  # records of these very runs
        fabricate(one.results_dir, one.experiment.name, config=one.config | {"schema": 1})
    fabricate(tmp_path / "results", "imdb-lstm")  # one of another configuration
    plan = planned(tmp_path, ["imdb-gru", "imdb-dense --force", "imdb-lstm"])
    assert names(plan.finished) == ["imdb-gru/seed-0"]
    assert names(plan.runs) == ["imdb-dense/seed-0"]
    assert names(plan.refused) == ["imdb-lstm/seed-0"]
    assert "another configuration" in next(iter(plan.refused.values()))
    assert len(planned(tmp_path, ["imdb-lstm"], (0, 1), "--force").runs) == 2
    with pytest.raises(RunError, match="would mix runs on sample data"):
        planned(tmp_path, ["imdb-simple-rnn"], (0,), "--sample")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such", "there is no experiment 'no-such'; there are "),
        ("", "there is no experiment ''"),
        ("imdb-lstm 'open", "--experiments 'imdb-lstm 'open': No closing quotation"),
        ("imdb-lstm --seed=7", "--seed is an option of the whole suite, not of one"),
        ("imdb-lstm --plots-dir X", "--plots-dir is an option of the whole suite"),
        ("imdb-lstm --sample", "--sample is an option of the whole suite"),
        ("imdb-lstm --epoch 3", "python -m experiments imdb-lstm: error: unrecognized arguments"),
        ("imdb-lstm --data-dir no/where", "error: data directory no/where (--data-dir) cannot"),
    ],
)
def test_what_cannot_run_is_one_message_before_anything_runs(command, message, tmp_path, capsys):
    arguments = ["--experiments", "imdb-majority", command, *map(str, places(tmp_path))]
    with contextlib.suppress(SystemExit):  # of wrong usage
        assert suite.main(arguments) == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_seeds():
    assert suite.seeds("0,2,7-9") == [0, 2, 7, 8, 9]


@pytest.mark.parametrize("text", ["", "a", "4-0", "1-", "0-4294967295", "0-1000"])
def test_wrong_seeds(text):
    with pytest.raises(argparse.ArgumentTypeError):
        suite.seeds(text)


@pytest.mark.parametrize(
    ("workers_asked", "runs", "each"), [(2, 9, 4), (3, 9, 2), (16, 99, 1), (4, 1, 8)]
)
def test_runs_share_the_threads(workers_asked, runs, each, monkeypatch):
    monkeypatch.setattr(workers, "threads", lambda: 8)
    assert workers.share(workers_asked, runs) == each


def test_time_left_is_that_of_the_last_run_to_end():
    assert time_left([], []) == 0
    assert time_left([10, 30], []) == 30
    assert time_left([10, 30], [15, 15]) == 40  # they start after 10 and 25
    assert time_left([], [5, 5]) == 10


# --- several suites in one results directory


def events_of(one) -> list[type]:
    """What happens to a run in a suite of its own."""
    return [type(event) for event in run_locally([one], workers=1)]


def test_a_run_of_another_process_is_running_elsewhere_and_keeps_its_log(tmp_path):
    (one,) = planned(tmp_path, [QUICK[0]], (0,), "--sample").runs
    lock = reserve(one)
    log_of(one).write_text("what the other suite's run has printed")
    assert events_of(one) == [Elsewhere]
    assert log_of(one).read_text() == "what the other suite's run has printed"
    lock.release()
    by_hand = Run(one.directory, seed=0, data_dir=None, sample=True)
    by_hand.begin(one.config)
    assert events_of(one) == [Started, Elsewhere]
    by_hand.abandon()
    assert events_of(one) == [Started, Ended]
    log = log_of(one).read_text()
    assert "record: " in log
    assert events_of(one) == [Elsewhere]  # planned by a suite, done by the other since
    assert log_of(one).read_text() == log
    assert not list(tmp_path.rglob("*.lock"))


# --- the display


@pytest.mark.parametrize("terminal", [False, True])
def test_the_display_is_a_line_an_event_and_a_table_in_a_terminal(terminal, tmp_path):
    plan = planned(tmp_path, ["imdb-lstm", "imdb-dense", "imdb-gru"])
    first, second, third = plan.runs
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100)
    with Display(plan, console) as display:
        display.show(Started(first))
        display.show(EpochDone(first, 2, 0.51239))
        display.show(Started(second, "tcp://far:1"))
        display.show(Elsewhere(third))
        if terminal:
            console.print(display)
        display.show(Ended(first, 75.2, None))
        display.show(Ended(second, 3.0, "exit code 1"))
    text = file.getvalue()
    if terminal:
        assert "2/10" in text
        assert "0.5124" in text
        assert "0 of 2 ended, time left unknown" in text
        return
    lines = text.splitlines()
    assert lines[0] == f"started   {first.name}: {first.experiment.title}"
    assert lines[1] == f"started   {second.name} on tcp://far:1: {second.experiment.title}"
    assert lines[2] == f"elsewhere {third.name}: another process does it or did it meanwhile"
    assert "/seed-0 in 1 min 15 s (1 of 2 ended, " in lines[3]
    assert lines[4].endswith("after 3 s: exit code 1 (2 of 2 ended, 1 failed)")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.6, "10 s"), (75, "1 min 15 s"), (7380, "2 h 3 min"), (3599.8, "1 h 0 min")],
)
def test_spans_of_time(seconds, text):
    assert span(seconds) == text


# --- real runs


def start(tmp_path, *arguments):
    return run("harness.suite", "--sample", *arguments, *places(tmp_path))


def test_a_failed_run_stops_no_other_and_a_second_start_does_what_is_left(tmp_path):
    command = ["--experiments", *QUICK, FAILING, "--workers", 2]
    done = start(tmp_path, *command)
    assert done.returncode == 1
    for name in QUICK:
        record = load_record(tmp_path / "results" / name / "seed-0")
        assert record.environment["threads"] == workers.share(2, 3)
    assert done.stdout.splitlines()[-1].startswith("2 finished, 0 finished earlier, 1 failed; ")

    label = "jena-ridge+recent-hours-99"
    log = tmp_path / f"results/logs/{label}-seed-0.log"
    assert f"failed: {label}/seed-0: exit code 1\nlast lines of {log}:\n" in done.stderr
    assert "    error: --recent-hours 99 must be a whole" in done.stderr
    assert log.read_text().startswith("error: --recent-hours 99")
    assert len(list(log.parent.iterdir())) == 3

    again = start(tmp_path, *command)
    assert again.returncode == 1
    lines = again.stdout.splitlines()
    assert lines[0] == "already finished: 2"
    assert sum(line.startswith("started") for line in lines) == 1


def test_an_interrupted_suite_ends_its_runs_and_the_next_start_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")  # more only wait for each other here
    command = ["harness.suite", "--sample", "--experiments", LONG, *places(tmp_path)]
    record = tmp_path / f"results/imdb-dense+epochs-{EPOCHS}/seed-0"
    unfinished = record.with_name("seed-0.unfinished")
    with started(*command) as process:
        wait_for((unfinished / "checkpoint").exists)
        started_by_it = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.endswith("interrupted; the same command goes on with what is left.\n")
    wait_for(lambda: not alive(started_by_it), seconds=5)
    assert unfinished.exists()
    assert not record.exists()
    assert start(tmp_path, "--experiments", LONG).returncode == 0
    assert len(load_record(record).history["loss"]) == EPOCHS
    assert load_record(record).environment["resumed_after"]
    assert not unfinished.exists()


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, marks=pytest.mark.faults), signal.SIGKILL]
)
def test_no_run_outlives_the_suite(number, tmp_path):
    command = ["harness.suite", "--sample", "--experiments", LONG, *places(tmp_path)]
    with started(*command) as process:
        wait_for(lambda: list((tmp_path / "results").glob("*/*.unfinished/config.json")))
        started_by_it = descendants(process.pid)
        assert len(started_by_it) > 1
        process.send_signal(number)
        process.communicate(timeout=30)
        wait_for(lambda: not alive(started_by_it), seconds=20)
    assert not list((tmp_path / "results").glob("*/seed-0"))
