"""Many runs: what is planned, what happens when one fails or the suite is interrupted."""

import argparse
import contextlib
import io
import os
import pty
import signal
import subprocess
import sys

import pytest
from commands import REPOSITORY, VARIABLES, places
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
from harness.suite.runs import log_of, reserve, run_locally
from harness.training.machine import span

QUICK = ["imdb-majority", "jena-persistence"]
FAILING = "jena-ridge --recent-hours 99"  # it finds out when it runs


def planned(tmp_path, commands, seeds=(0,), *flags) -> Suite:
    options = parse_arguments([*flags, *map(str, places(tmp_path))])
    return plan_suite(commands, list(seeds), options)


def names(plans) -> list[str]:
    return [plan.name for plan in plans]


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
    found = names(planned(tmp_path, commands, seeds).plans)
    assert sorted(found) == sorted(name.replace("/", "/seed-") for name in expected)


def test_what_never_ran_is_first_and_then_the_longest(tmp_path):
    for name, seed, seconds in [("imdb-lstm", 7, 50.0), ("imdb-dense", 7, 90.0)]:
        fabricate(tmp_path / "results", name, seed=seed, metrics={"wall_seconds": seconds})
    found = names(planned(tmp_path, ["imdb-lstm", "imdb-dense", "imdb-gru"]).plans)
    assert found == ["imdb-gru/seed-0", "imdb-dense/seed-0", "imdb-lstm/seed-0"]


@pytest.mark.parametrize(
    ("command", "flags", "words"),
    [
        ("text-generation --text F/mine.txt", ["--force"], "--text F/mine.txt --force"),
        (
            "jena-gru --no-straddle-gaps --data-dir F/own",
            ["--data-dir", "F/shared"],
            "--no-straddle-gaps --data-dir F/own",
        ),
    ],
)
def test_a_run_s_own_options_reach_its_process(command, flags, words, tmp_path):
    (tmp_path / "own").mkdir()
    command, words, *flags = (one.replace("F", str(tmp_path)) for one in (command, words, *flags))
    (plan,) = planned(tmp_path, [command], (3,), *flags).plans
    name = command.split()[0]
    expected = ["experiments", name, "--seed", "3", *words.split(), "--no-plots"]
    assert plan.process_arguments == expected


def test_finished_runs_are_skipped_unless_forced_and_other_records_are_not_replaced(tmp_path):
    for plan in planned(tmp_path, ["imdb-gru", "imdb-dense"]).plans:  # records of these very runs
        fabricate(plan.results_dir, plan.experiment.name, config=plan.config | {"schema": 1})
    fabricate(tmp_path / "results", "imdb-lstm")  # one of another configuration
    found = planned(tmp_path, ["imdb-gru", "imdb-dense --force", "imdb-lstm"])
    assert names(found.finished) == ["imdb-gru/seed-0"]
    assert names(found.plans) == ["imdb-dense/seed-0"]
    assert names(found.refused) == ["imdb-lstm/seed-0"]
    assert "another configuration" in next(iter(found.refused.values()))
    assert len(planned(tmp_path, ["imdb-lstm"], (0, 1), "--force").plans) == 2
    with pytest.raises(RunError, match="would mix runs on sample data"):
        planned(tmp_path, ["imdb-simple-rnn"], (0,), "--sample")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,2,7-9", [0, 2, 7, 8, 9]),
        *((wrong, None) for wrong in ("", "a", "4-0", "1-", "0-4294967295", "0-1000")),
    ],
)
def test_seeds(text, expected):
    refused = pytest.raises(argparse.ArgumentTypeError)
    with contextlib.nullcontext() if expected else refused:
        assert suite.seeds(text) == expected


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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.6, "10 s"), (75, "1 min 15 s"), (7380, "2 h 3 min"), (3599.8, "1 h 0 min")],
)
def test_spans_of_time(seconds, text):
    assert span(seconds) == text


# --- the display


@pytest.mark.parametrize("terminal", [False, True])
def test_the_display_is_a_line_an_event_and_a_table_in_a_terminal(terminal, tmp_path):
    asked = planned(tmp_path, ["imdb-lstm", "imdb-dense", "imdb-gru"])
    first, second, third = asked.plans
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100)
    with Display(asked, console) as display:
        display.started(first)
        display.epoch_done(first, 2, 0.51239)
        display.started(second, "tcp://far:1")
        display.elsewhere(third)
        if terminal:
            console.print(display)
        display.ended(first, 75.2, None)
        display.ended(second, 3.0, "exit code 1")
    assert (display.failures, display.others) == ({second: "exit code 1"}, 1)
    text = file.getvalue()
    if terminal:
        for shown in ("2/10", "0.5124", "0 of 2 ended, time left unknown"):
            assert shown in text
        return
    lines = text.splitlines()
    assert lines[0] == f"started   {first.name}: {first.experiment.title}"
    assert lines[1] == f"started   {second.name} on tcp://far:1: {second.experiment.title}"
    assert lines[2] == f"elsewhere {third.name}: another process does it or did it meanwhile"
    assert "/seed-0 in 1 min 15 s (1 of 2 ended, " in lines[3]
    assert lines[4].endswith("after 3 s: exit code 1 (2 of 2 ended, 1 failed)")


# --- real runs


def lines_of(asked: Suite) -> list[str]:
    """What a suite says of its runs: the first word of each line."""
    file = io.StringIO()
    run_locally(asked.plans, 1, Display(asked, Console(file=file, width=100)))
    return [line.split()[0] for line in file.getvalue().splitlines()]


def test_a_run_of_another_process_is_running_elsewhere_and_keeps_its_log(tmp_path):
    asked = planned(tmp_path, [QUICK[0]], (0,), "--sample")
    (plan,) = asked.plans
    lock = reserve(plan)
    log_of(plan).write_text("what the other suite's run has printed")
    assert lines_of(asked) == ["elsewhere"]
    assert log_of(plan).read_text() == "what the other suite's run has printed"
    lock.release()
    by_hand = Run(plan.directory, seed=0, data_dir=None, sample=True)
    by_hand.begin(plan.config)
    assert lines_of(asked) == ["started", "elsewhere"]
    by_hand.abandon()
    assert lines_of(asked) == ["started", "finished"]
    log = log_of(plan).read_text()
    assert "record: " in log
    assert lines_of(asked) == ["elsewhere"]  # planned by a suite, done by the other since
    assert log_of(plan).read_text() == log
    assert not list(tmp_path.rglob("*.lock"))


def test_a_failed_run_stops_no_other_and_a_second_start_does_what_is_left(tmp_path, ask):
    command = ["--sample", "--experiments", *QUICK, FAILING, "--workers", 2, *places(tmp_path)]
    done = ask(suite.main, *command)
    assert done.returncode == 1
    for name in QUICK:
        record = load_record(tmp_path / "results" / name / "seed-0")
        assert record.environment["threads"] == workers.share(2, 3)
    *_, counts, figures = done.stdout.splitlines()
    assert counts.startswith("2 finished, 0 finished earlier, 1 failed; ")
    assert figures.startswith("figures are drawn by: make plots ARGS=")
    assert not (tmp_path / "plots").exists()

    label = "jena-ridge+recent-hours-99"
    log = tmp_path / f"results/logs/{label}-seed-0.log"
    assert f"failed: {label}/seed-0: exit code 1\nlast lines of {log}:\n" in done.stderr
    assert "    error: --recent-hours 99 must be a whole" in done.stderr
    assert log.read_text().startswith("error: --recent-hours 99")
    assert len(list(log.parent.iterdir())) == 3

    again = ask(suite.main, *command)
    assert again.returncode == 1
    lines = again.stdout.splitlines()
    assert lines[0] == "already finished: 2"
    assert sum(line.startswith("started") for line in lines) == 1


def test_no_run_outlives_a_suite_and_the_next_start_goes_on(tmp_path, monkeypatch):
    """It is interrupted, started again, and killed."""
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")  # more only wait for each other here
    command = ["harness.suite", "--sample", "--experiments", LONG, *places(tmp_path)]
    record = tmp_path / f"results/imdb-dense+epochs-{EPOCHS}/seed-0"
    log = tmp_path / f"results/logs/imdb-dense+epochs-{EPOCHS}-seed-0.log"
    for number, has_begun in (
        (signal.SIGINT, record.with_name("seed-0.unfinished").joinpath("checkpoint").exists),
        (signal.SIGKILL, lambda: "resuming after epoch" in log.read_text()),
    ):
        with started(*command) as process:
            wait_for(has_begun)
            started_by_it = descendants(process.pid)
            assert len(started_by_it) > 1
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
            wait_for(lambda pids=started_by_it: not alive(pids), seconds=20)
        assert record.with_name("seed-0.unfinished").exists()
        assert not record.exists()
        if number == signal.SIGINT:
            assert process.returncode == 130
            assert errors.endswith("interrupted; the same command goes on with what is left.\n")


def test_a_suite_without_hang_up_goes_on_after_its_terminal_is_closed(tmp_path):
    terminal, its_end = pty.openpty()
    words = ["harness.suite", "--sample", "--experiments", *QUICK, *map(str, places(tmp_path))]
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=REPOSITORY,
        env=VARIABLES | {"KERAS_BACKEND": "none"},  # so that none is loaded: none is needed
        **dict.fromkeys(("stdin", "stdout", "stderr"), its_end),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),  # as `nohup` does
        start_new_session=True,
    )
    os.close(its_end)
    try:
        said = b""
        while b"started" not in said:
            said += os.read(terminal, 1000)
        os.close(terminal)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert all((tmp_path / f"results/{name}/seed-0").is_dir() for name in QUICK)
