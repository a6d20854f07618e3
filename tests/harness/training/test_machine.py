"""What is refused and recorded of the machine; signals end a training, even where one is lost."""

import contextlib
import dataclasses
import os
import random
import signal
import sys
import threading
import time

import keras
import pytest
from commands import places

from harness.errors import RunError
from harness.experiment import carry_out, find_experiments, read_plan
from harness.training import machine
from harness.training.machine import describe_environment, interruptible


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("floatx", "float64", "floatx = float64"),
        ("epsilon", 0.1, "epsilon = 0.1"),
        ("max_epochs", 1, "KERAS_MAX_EPOCHS = 1"),
    ],
)
def test_settings_of_keras_that_change_numbers_are_refused(name, value, message, monkeypatch):
    monkeypatch.setattr(keras.config, name, lambda: value)
    with pytest.raises(RunError, match=f"Keras is set to {message}, which changes the numbers"):
        machine.prepare(seed=0, deterministic=False)


def test_the_record_keeps_the_variables_that_change_numbers(monkeypatch):
    flags = {"TF_ENABLE_ONEDNN_OPTS": "0", "ONEDNN_MAX_CPU_ISA": "SSE41", "XLA_FLAGS": "--some"}
    for name, value in {**flags, "MY_PASSWORD": "secret"}.items():
        monkeypatch.setenv(name, value)
    environment = describe_environment("command", uses_keras=True)
    assert flags.items() <= environment["flags"].items()
    assert "MY_PASSWORD" not in environment["flags"]
    assert (environment["floatx"], len(environment["code"])) == ("float32", 64)


# --- signals


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(machine, "AGAIN", 0.1)
    # pytest itself may have been started where Ctrl-C is ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Last:
    """What Python removes at the end; it drops an exception that arrives meanwhile."""

    def __del__(self):
        signal.raise_signal(signal.SIGTERM)


def dropped_by_a_library(number):
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(number)
    time.sleep(60)


def dropped_by_python(number):
    Last()
    time.sleep(60)


def became_an_error(number):
    try:
        signal.raise_signal(number)
    except KeyboardInterrupt:
        raise TypeError("cannot be converted to a tensor") from None


@pytest.mark.parametrize(
    ("lose", "number", "words"),
    [
        (dropped_by_a_library, signal.SIGTERM, "ended by SIGTERM."),
        (dropped_by_a_library, signal.SIGINT, "interrupted."),
        (dropped_by_python, signal.SIGTERM, "ended by SIGTERM."),
        (became_an_error, signal.SIGTERM, "ended by SIGTERM."),
    ],
)
def test_an_interruption_that_is_lost_comes_again(lose, number, words, capsys):
    before = signal.getsignal(number), sys.unraisablehook
    with pytest.raises(KeyboardInterrupt) as caught, interruptible():
        lose(number)
    assert str(caught.value) == words
    assert (signal.getsignal(number), sys.unraisablehook) == before
    time.sleep(0.3)  # nothing comes any more
    assert capsys.readouterr().err == ""


def test_other_errors_stay_what_they_are():
    with pytest.raises(TypeError, match="as it is"), interruptible():
        raise TypeError("as it is")


def test_who_ignores_a_signal_goes_on_ignoring_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.faults
def test_a_training_ends_whenever_the_signal_comes(tmp_path):
    """At 25 moments: while TensorFlow turns Python into graphs, and while it trains."""
    moments, dense = random.Random(0), find_experiments()["imdb-dense"]

    def interrupt_later():
        time.sleep(moments.uniform(0, 2.5))
        os.kill(os.getpid(), signal.SIGTERM)

    def train(protocol, run):
        threading.Thread(target=interrupt_later).start()
        dense.train(protocol, run)

    for number in range(25):
        sizes = ["--maxlen", 24, "--units", 4, "--epochs", 2000]
        arguments = ["--sample", *sizes, *places(tmp_path / str(number))]
        with pytest.raises(KeyboardInterrupt, match=r"^ended by SIGTERM\."):
            carry_out(read_plan(dataclasses.replace(dense, train=train), list(map(str, arguments))))
