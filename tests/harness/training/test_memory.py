"""Networks that are too large for the memory."""

import gc
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from commands import REPOSITORY, places, run

from harness.errors import RunError
from harness.training import environment, fit, memory
from harness.training.batches import DrawnBatches, RandomWindows, batch_shape
from models import networks


@pytest.fixture
def there_are(monkeypatch):
    """Sets how many bytes of memory there are."""
    memory.refuse_large_weights()
    return lambda count: monkeypatch.setattr(memory, "memory", lambda: count)


def test_weights_beyond_the_memory_are_refused_before_they_are_made(there_are):
    there_are(10**12)
    inputs = keras.Input((500_000,))
    refusal = r"^500,000 × 400,000 weights of a layer, .* need 1,600.0 GB .* are 1,000.0 GB\."
    with pytest.raises(RunError, match=refusal):
        keras.layers.Dense(400_000)(inputs)
    assert keras.layers.Dense(2)(inputs).shape == (None, 2)


def test_all_weights_of_a_process_count_until_they_are_gone(there_are):
    def layer():  # 4 MB, and 4 MB in training
        one = keras.layers.Dense(1000, use_bias=False)
        one(keras.Input((1000,)))
        return one

    gc.collect()
    there_are(2 * memory.NUMBER * memory._in_use() + 20_000_000)
    first, second = layer(), layer()
    with pytest.raises(RunError, match="1,000 × 1,000 weights of a layer, with all others, need"):
        layer()
    del first
    layer()
    del second


@pytest.mark.parametrize(
    ("model", "inputs", "numbers"),
    [
        (lambda: networks.recurrent_classifier("lstm", 100, 8, 16), (128, 500), 128 * 500 * 16),
        (
            lambda: networks.recurrent_classifier("simple-rnn", 100, 8, 16, depth=3),
            (2, 9),
            3 * 2 * 9 * 16,
        ),
        # 84 words make 80 windows of five, and 80 of them 20 pooled ones
        (lambda: networks.conv_lstm_classifier(100, 8, 16), (2, 84), 2 * 20 * 16),
        (lambda: networks.gru_forecaster(), (128, 240, 14), 128 * 240 * 32),
        (lambda: networks.dense_classifier(100, 8, 16, 50), (128, 50), 0),
    ],
)
def test_the_states_of_a_training_step_are_counted(model, inputs, numbers, there_are):
    model = model()
    there_are(4 * numbers)
    memory.refuse_large_steps(model, inputs)
    there_are(4 * numbers - 1)
    if numbers:
        with pytest.raises(RunError, match=f"states of a batch of {inputs[0]} × {inputs[1]}"):
            memory.refuse_large_steps(model, inputs)


def test_the_states_of_a_cell_without_units_are_counted(there_are):
    class Cell(keras.Layer):
        state_size = (16, 16)

        def call(self, inputs, states):
            return inputs, states

    rnn = keras.layers.RNN(Cell(), return_sequences=True)
    model = keras.Sequential([keras.Input((None, 16)), rnn])
    there_are(4 * 2 * 9 * 16 - 1)
    with pytest.raises(RunError, match="states of a batch of 2 × 9 × 16 inputs"):
        memory.refuse_large_steps(model, (2, 9, 16))


def test_a_model_of_several_or_unknown_inputs_is_let_pass(there_are):
    inputs = [keras.Input((None, 4)), keras.Input((None, 4))]
    model = keras.Model(inputs, keras.layers.GRU(16)(keras.layers.Add()(inputs)))
    there_are(1)
    memory.refuse_large_steps(model, (128, 500, 4))
    memory.refuse_large_steps(keras.Sequential([keras.layers.GRU(16)]), (128, 500, 4))


def test_nothing_is_refused_on_a_gpu_which_has_a_memory_of_its_own(monkeypatch):
    refusals = []
    for module, check in [(environment, "refuse_large_weights"), (fit, "refuse_large_steps")]:
        monkeypatch.setattr(module, "accelerator", lambda: "GPU: made up")
        monkeypatch.setattr(module, check, refusals.append)
    environment.prepare(seed=0, deterministic=False)
    model = keras.Sequential([keras.layers.SimpleRNN(2), keras.layers.Dense(1)])
    x, y = np.zeros((4, 3, 2), np.float32), np.zeros((4, 1), np.float32)
    training = fit.Training("sgd", 0.1, "mse", "mae", batch_size=2)
    assert fit.train_model(model, training, train=(x, y)) == "keras"
    assert refusals == []


def test_the_shape_of_a_batch_is_known_without_making_it():
    x, y = np.zeros((30, 7), np.int32), np.zeros(30)
    assert batch_shape((x, y), 8) == (8, 7)
    assert batch_shape((x, y), 64) == (30, 7)
    assert batch_shape(DrawnBatches(lambda rng: (x, y), 2, seed=0), None) == (30, 7)
    windows = type("Windows", (), {"offsets": np.arange(-9, 1), "series": np.zeros((99, 14))})
    assert batch_shape(RandomWindows(windows, 128, 2, seed=0), None) == (128, 10, 14)


@pytest.mark.parametrize(
    ("sizes", "refusal"),
    [
        (["--units", 99_999], "error: 99,999 × "),
        (["--batch-size", 8000, "--maxlen", 9999, "--units", 1000], "error: the recurrent states"),
        pytest.param(
            ["--num-words", 99_999, "--embedding", 99_999],
            "error: 99,999 × ",
            marks=pytest.mark.faults,
        ),
    ],
)
def test_a_run_beyond_the_memory_is_one_sentence(sizes, refusal, tmp_path):
    done = run("experiments", "imdb-lstm", "--sample", *sizes, *places(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(refusal)
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


LIMIT = "2000000000\n"


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("0::/job/step\n", {"job/step/memory.max": "max\n", "job/memory.max": LIMIT}),
        ("0::/\n", {"memory.max": LIMIT}),  # as a container sees its own group
        ("0::/job\n", {"memory.max": LIMIT}),  # the folder of its name is outside the container
        ("0::/a\n", {"a/memory.max": LIMIT, "memory.max": "3000000000\n"}),
        ("4:cpu,memory:/job\n", {"memory/job/memory.limit_in_bytes": LIMIT}),
        # of both versions at once, and a group whose name has colons
        ("9:memory:/a:b\n0::/c\n", {"memory/a:b/memory.limit_in_bytes": LIMIT}),
    ],
)
def test_the_limits_of_both_versions_of_control_groups_are_read(
    membership, files, tmp_path, monkeypatch
):
    monkeypatch.setattr(memory, "MEMBERSHIP", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "CONTROL_GROUPS", tmp_path)
    whole = memory.memory()  # there is no list of groups, as outside Linux
    assert whole > 2_000_000_000
    (tmp_path / "cgroup").write_text(membership)
    assert memory.memory() == whole
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert memory.memory() == 2_000_000_000


@pytest.fixture
def container():
    """A control group of 2 GB with another in it, to which no limit is given; the inner folder."""
    inner = Path("/sys/fs/cgroup/memory/test-of-memory/inner")
    try:
        inner.mkdir(parents=True, exist_ok=True)
        (inner.parent / "memory.limit_in_bytes").write_text("2000000000")
    except OSError:
        pytest.skip("needs to be root, with the memory controller of cgroups version 1")
    yield inner
    inner.rmdir()
    inner.parent.rmdir()


def test_the_memory_of_a_container_is_its_limit(container):
    assert memory.memory() > 2_000_000_000
    join = f"open('{container}/cgroup.procs', 'w').write('0')"  # 0 is the process that writes it
    code = f"{join}; from harness.training.memory import memory; print(memory())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == pytest.approx(2_000_000_000, abs=4096)
