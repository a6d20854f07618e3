"""Networks that are too large for the machine."""

import keras
import pytest
from commands import places, run

from harness.errors import RunError
from harness.training import memory


def test_weights_beyond_the_memory_are_refused_before_they_are_made(monkeypatch):
    memory.refuse_large_weights()
    monkeypatch.setattr(memory, "memory", lambda: 10**12)
    inputs = keras.Input((500_000,))
    with pytest.raises(RunError, match=r"500,000 × 400,000 weights, which need 1,600 GB in train"):
        keras.layers.Dense(400_000)(inputs)
    assert keras.layers.Dense(2)(inputs).shape == (None, 2)


@pytest.mark.parametrize(
    "sizes",
    [
        ["--units", 99_999],
        pytest.param(["--num-words", 99_999, "--embedding", 99_999], marks=pytest.mark.faults),
    ],
)
def test_a_run_that_cannot_have_its_weights_is_one_sentence(sizes, tmp_path):
    done = run("experiments", "imdb-lstm", "--sample", *sizes, *places(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: a layer would have 99,999 × ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
