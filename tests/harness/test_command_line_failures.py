"""What ends a run before it can begin, or for want of memory: one sentence, and no traceback."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from commands import REPOSITORY, places

from experiments import imdb_majority, text_generation
from harness.command_line import main
from harness.errors import ran_out_of_memory

WITHOUT_TENSORFLOW = """
import sys
from experiments.{module} import EXPERIMENT
from harness.command_line import main
try:
    main(EXPERIMENT, sys.argv[1:])
finally:
    assert not {{"tensorflow", "keras"}} & set(sys.modules)
"""


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("imdb_gru", ["--data-dir", "/nowhere"]),
        ("jena_gru", ["--data-dir", __file__]),
        ("text_generation", ["--text", "/nowhere/book.txt"]),
        ("text_generation", ["--data-dir", "a" * 3000]),
    ],
)
def test_a_place_of_data_is_refused_before_tensorflow_loads(module, options, tmp_path):
    code = WITHOUT_TENSORFLOW.format(module=module)
    run = subprocess.run(
        [sys.executable, "-c", code, *options, *map(str, places(tmp_path))],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def too_large_for_numpy():
    np.empty(2**60)


def too_large_for_numbers():
    np.random.default_rng(0).normal(size=(10**9, 10**9, 10**9))


def too_large_for_the_backend():
    import keras

    keras.ops.zeros((10**7, 10**7))


@pytest.mark.parametrize(
    "fill", [too_large_for_numpy, too_large_for_numbers, too_large_for_the_backend]
)
def test_too_little_memory_is_said_in_one_sentence(fill, tmp_path):
    with pytest.raises(Exception) as raised:  # noqa: PT011
        fill()
    assert ran_out_of_memory(raised.value)
    experiment = dataclasses.replace(imdb_majority.EXPERIMENT, train=lambda protocol, run: fill())
    with pytest.raises(SystemExit, match="needs more memory than there is"):
        main(experiment, ["--sample", *map(str, places(tmp_path))])
    assert not list(tmp_path.iterdir())


def test_other_errors_keep_their_traceback(tmp_path):
    def train(protocol, run):
        raise ValueError("a fault of this program")

    experiment = dataclasses.replace(text_generation.EXPERIMENT, train=train)
    with pytest.raises(ValueError, match="a fault"):
        main(experiment, ["--sample", *map(str, places(tmp_path))])
