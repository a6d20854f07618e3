"""Runs a training script that keeps step with others: `python -m benchmarks.paced FD MODULE ...`.

The script itself is not changed. `keras.Model.fit` gets the callbacks of `benchmarks.pacing`. When
the training has ended, the same call is repeated twice: for a second validation, since the first
one also builds its graph, and with a model whose steps compute nothing, so that the input pipeline
and Keras's own loop are left.
"""

import resource
import runpy
import sys

from harness.training.environment import load_keras

IDLE_STEPS = 120


def main() -> None:
    """Command line: the descriptor of the reports, then the script and its arguments."""
    keras = load_keras()
    from benchmarks.pacing import Before, Link, Pacer, Stopwatch

    link = Link(int(sys.argv[1]))
    fit = keras.Model.fit

    def paced_fit(model, *data, callbacks=(), **options):
        before = Before()
        pacer = Pacer(link, before)
        # One batch builds the graph. Callbacks look at the validation, and get it whole.
        part = {} if callbacks else {"validation_steps": 1}
        fit(model, *data, callbacks=[before, *callbacks, pacer], **{**options, **part})
        memory = peak_memory()
        validation, idle = Stopwatch(1), Stopwatch(IDLE_STEPS)
        fit(model, *data, callbacks=[validation], **options)
        model.train_step = lambda batch: {"loss": 0.0}
        model.jit_compile = False
        model.train_function = None  # or the one that computes would be kept
        # every second epoch is validated: not the first and only one
        fit(model, *data, callbacks=[idle], **{**options, "validation_freq": 2})
        link.report(
            validation=validation.validation,
            step_callbacks=sum(pacer.step_callbacks) / len(pacer.step_callbacks),
            epoch_callbacks=pacer.epoch_callbacks[0],  # in which a checkpoint is always written
            idle=idle.step(),
            memory=memory,
        )
        sys.exit()  # what the script does afterwards is of no interest

    keras.Model.fit = paced_fit
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def peak_memory() -> int:
    """Most bytes that this process has had in memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
