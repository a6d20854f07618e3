"""Signals end a training, even where a library takes their exception for an error of its own."""

import dataclasses
import os
import random
import signal
import sys
import threading
import time

import pytest
from commands import places

from harness.experiment import carry_out, find_experiments, read_plan
from harness.training import machine
from harness.training.machine import interruptible


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(machine, "AGAIN", 0.1)
    # pytest itself may have been started where Ctrl-C is ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGTERM, "ended by SIGTERM."), (signal.SIGINT, "interrupted.")],
)
def test_an_interruption_that_is_dropped_comes_again(number, words):
    dropped = 0

    def drops_the_first():
        nonlocal dropped
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            dropped += 1
        time.sleep(60)

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt, match=words), interruptible():
        drops_the_first()
    assert dropped == 1
    assert signal.getsignal(number) == before
    time.sleep(0.3)  # nothing comes any more


def test_an_interruption_that_python_drops_comes_again_without_a_word(capsys):
    class Last:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    hook = sys.unraisablehook

    def goes_on():
        Last()
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt, match=r"^ended by SIGTERM\.$"), interruptible():
        goes_on()
    assert sys.unraisablehook is hook
    assert capsys.readouterr().err == ""


def test_an_interruption_that_became_another_error_is_one_all_the_same():
    def takes_it_for_an_error():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise TypeError("cannot be converted to a tensor") from None

    with pytest.raises(KeyboardInterrupt, match=r"^ended by SIGTERM\.$"), interruptible():
        takes_it_for_an_error()


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
