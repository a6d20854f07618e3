"""The sentences of `benchmark.md`: on which machine, what was done, and what a number means."""

from benchmarks.goals import cell
from benchmarks.record import MACHINE, Benchmark

NOTES = {
    "ways": [
        "*Plain* is the documents' script: their network, `compile` and `fit` with default "
        "settings, their generator for Jena, TensorFlow backend, all cores. *Ours* is this "
        "project's command, alone on all cores. *Shared* is as many processes as there are cores "
        "(at most eight), one thread each, all training at the same time; its throughput is that "
        "of all together. *Plain shared* shows what running side by side gives by itself.",
        "Every process runs its script unchanged, with a callback that makes it stand still until "
        "its turn comes. A round is a turn of each way, with the same number of steps; a turn "
        "lasts until the slowest process is done. A cell is the median of the rounds, with the "
        "smallest and the largest in brackets; without brackets, it was measured once. A ratio is "
        "taken within a round.",
        "The scripts' Jena validation reads each window once. As printed they ask for 128 times as "
        "many, which would make them slower than they are here.",
        "At the end of an epoch, plain Keras also waits for TensorFlow's tuner, up to as long as "
        "the epoch took (`harness/training/tf_dataset.py`). The milliseconds a step are without "
        "that, the suite of the scripts is with it.",
    ],
    "Where the time goes": [
        "*Input pipeline* is the time of a step that computes nothing, in the same `fit` on the "
        "same data: Keras's own loop is in it, and what would overlap with computing; what is "
        "done once an epoch is not. *Validation* is the second one of a process, since the first "
        "one builds the graph. *Harness* is what this project's callbacks take after each step and "
        "after an epoch that is the best so far. An epoch is its steps at the median, and a "
        "validation."
    ],
    "Once a run": [
        "*Compilation* is the first step less a later one: of the training step alone. Peak "
        "memory is of the whole process (resident set), data and libraries included; the script's "
        "before it has validated more than one batch."
    ],
    "The floors on one thread": [
        "Operations are those of the matrix products of a training step, counted from the layers: "
        "twice the product of the three sizes, three times for training (forward and two "
        "gradients; two times where the input is data). *Arithmetic* is their time at the rate of "
        "large float32 products on one thread, the best of several measured between the "
        "experiments. *Update* is the time to read and write what the optimizer does (weights, "
        "averages, and gradients as if of all weights) at the best rate at which one thread adds "
        "large arrays. Activations and all else that passes through memory are in neither. "
        "Processes that share the machine share the way to its memory."
    ],
    "The same results": [
        "Largest difference over ten training steps of the published shapes, on made-up data "
        "without dropout; at each step, Keras's own layers and the faster ones start from the same "
        "weights. A gradient's difference is relative to its largest entry. XLA rounds otherwise "
        "than plain Keras, and over hundreds of timesteps that adds up. The gradients of "
        "Keras's own layers, compiled by XLA, show how much of it there is without the faster "
        "layers (`python -m benchmarks.equality NAME`). Where two phrases are equal but for "
        "rounding, pooling may pass the gradient of Conv1D + LSTM to one of them or to both."
    ],
    "suite": [
        "*Plain* are the scripts one after another, each in a process of its own on all cores. "
        "*Ours* is `python -m harness.suite` with as many runs at a time as there are cores. Both "
        "train one epoch and validate; ours also evaluates the test data, writes records and draws "
        "plots. Start-up and compilation weigh more in one epoch than in a whole run, so *all "
        "epochs* adds the remaining ones of the published protocols, at the seconds an epoch "
        "measured above (ours: side by side)."
    ],
}


def machine_lines(benchmark: Benchmark) -> list[str]:
    """The machine and the software as a list."""
    machine, protocol = benchmark.machine, benchmark.protocol
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    products = benchmark.find(MACHINE, "matrix products, one thread")
    memory = benchmark.find(MACHINE, "memory, one thread")
    changed = ", with uncommitted changes" if machine["dirty"] else ""
    return [
        f"- Processor: {machine['cpu']}, {machine['cores']} cores, {machine['threads']} used",
        f"- Large matrix products on one thread: {cell(products)} GFLOP/s",
        f"- Adding large arrays on one thread: {cell(memory)} GB/s",
        f"- Memory: {machine['memory'] / 2**30:.0f} GiB",
        f"- Load before the benchmark: {machine['load']:g}",
        f"- System: {machine['platform']}",
        f"- Software: Python {machine['python']}, {packages}",
        f"- Commit: {machine['commit'] or 'unknown'}{changed}",
        f"- Date: {machine['started']}",
        f"- Rounds: {protocol['rounds']}, of about {protocol['block_seconds']:g} s for the script, "
        "or ten steps; "
        f"{protocol['shared']} processes share the machine; "
        f"{protocol['seconds'] / 60:.0f} minutes in all",
    ]
