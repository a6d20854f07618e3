"""The machine that a run uses: seeds, devices, threads, signals, and what its record says of them.

It loads no Keras before a function needs it, so that `--help` and a wrong flag answer at once.
Raises `RunError` where the backend or a setting of Keras cannot be used.
"""

import contextlib
import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from harness.errors import RunError
from harness.processes import silent_errors

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "pandas", "scikit-learn")
# Variables that can change numbers or speed; others may hold private paths.
FLAGS = re.compile(
    "(CUBLAS|DNNL|JAX|KMP|MKL|OMP|ONEDNN|OPENBLAS|XLA)_|GLIBC_TUNABLES|NVIDIA_TF32|"
    "TF_(CUDNN|DETERMINISTIC|DISABLE|ENABLE|NUM|USE|XLA)_"
)
CODE = ("experiments", "data", "models", "harness")  # the packages that a run consists of
TRAINING_CODE = ("data", "models", "harness/training")  # those that decide its numbers
REPOSITORY = Path(__file__).resolve().parents[2]
CODE_VERSION = "code-version.json"  # stands in for git in code that was sent to another machine

AGAIN = 1.0  # seconds after which a signal is sent again
SIGNALS = {signal.SIGINT: "interrupted.", signal.SIGTERM: "ended by SIGTERM."}

_plain_keras = False  # as Keras itself keeps what holds for a whole process


# --- before the training


def load_keras():
    """Imports Keras and starts its backend, without the lines that the backend prints then.

    TensorFlow 2.21 writes several lines to the error stream before any of its log levels apply
    (its issue 100442), among them an error for the mere absence of a GPU. They are shown only
    where the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # warnings and errors alone
    # Keras loads Matplotlib, which fails if this names a backend that is not installed, as in a
    # shell of a notebook; figures are drawn without one
    os.environ.pop("MPLBACKEND", None)
    try:
        with silent_errors():
            import keras

            accelerator()
    except Exception as error:
        remedy = "`.venv/bin/python -c 'import keras'` shows where it fails"
        if isinstance(error, ImportError) or "import backend" in str(error):
            remedy = (
                "install its backend into the virtual environment, or choose another by "
                "KERAS_BACKEND or in ~/.keras/keras.json"
            )
        raise RunError(f"Keras does not start ({error}); {remedy}.") from error
    return keras


def prepare(seed: int, deterministic: bool, plain_keras: bool = False) -> None:
    """Seeds Python, NumPy and the Keras backend, and readies the GPU when there is one.

    `deterministic` chooses kernels that give the same bits on every run, at some cost in speed.
    With `plain_keras`, training is as Keras alone does it; `computes_plainly` says so from then on.
    """
    global _plain_keras
    _plain_keras = plain_keras
    if deterministic:
        # PyTorch's matrix products and XLA (JAX's compiler) on a GPU read these when they start
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    keras = load_keras()
    _refuse_other_settings(keras)
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # It warns of retracing whenever inputs differ in shape, which is intended here.
        tf.get_logger().setLevel("ERROR")
        for gpu in tf.config.list_physical_devices("GPU"):
            # Memory is taken as it is needed, so that several runs can share one GPU.
            tf.config.experimental.set_memory_growth(gpu, True)
        if deterministic:
            tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch" and deterministic:
        import torch

        torch.use_deterministic_algorithms(True)


def computes_plainly() -> bool:
    """Whether this process trains without this project's faster layers and batches."""
    return _plain_keras


def _refuse_other_settings(keras) -> None:
    """Refuses settings of the user's that change what every experiment computes."""
    settings = {
        "floatx": (keras.config.floatx(), "float32"),
        "epsilon": (keras.config.epsilon(), 1e-7),
        "KERAS_MAX_EPOCHS": (keras.config.max_epochs(), None),
        "KERAS_MAX_STEPS_PER_EPOCH": (keras.config.max_steps_per_epoch(), None),
    }
    for name, (found, usual) in settings.items():
        if found != usual:
            raise RunError(
                f"Keras is set to {name} = {found}, which changes the numbers; remove it from "
                "~/.keras/keras.json or from the environment."
            )


# --- what the machine is


def accelerator() -> str | None:
    """The first GPU's name as the Keras backend sees it, or None where the CPU is used."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        if gpus:
            details = tf.config.experimental.get_device_details(gpus[0])
            return f"GPU: {details.get('device_name', 'unnamed')}"
    elif keras.backend.backend() == "jax":
        import jax

        device = jax.devices()[0]
        if device.platform != "cpu":
            return f"{device.platform.upper()}: {device.device_kind}"
    elif keras.backend.backend() == "torch":
        import torch

        if torch.cuda.is_available():
            return f"GPU: {torch.cuda.get_device_name()}"
    return None


def cpu_name() -> str:
    """The processor's model name, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def threads() -> int:
    """Processors that this process may use: its affinity, or fewer if TensorFlow was told so."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wanted = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return min(available, int(wanted)) if wanted.isdecimal() and int(wanted) else available


def memory() -> int:
    """Bytes of the machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


# --- what the record says


def describe_environment(command: str, uses_keras: bool) -> dict:
    """What the record says about the machine, the software and the code.

    The command repeats the run, without paths of this machine. Keras and its device are described
    only if the run trains with Keras.
    """
    commit, dirty = code_version()
    if uses_keras:
        import keras

        backend, device = keras.backend.backend(), accelerator() or f"CPU: {cpu_name()}"
        floatx = keras.config.floatx()
    else:
        backend, device, floatx = "none", f"CPU: {cpu_name()}", None
    return {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "cores": os.cpu_count() or 1,
        "threads": threads(),
        "packages": _versions(),
        "backend": backend,
        "device": device,
        "floatx": floatx,
        "flags": {name: os.environ[name] for name in sorted(os.environ) if FLAGS.match(name)},
        "commit": commit,
        "dirty": dirty,
        "code": code_digest(CODE),
        "training_code": code_digest(TRAINING_CODE),
    }


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # an optional backend
            versions[package] = importlib.metadata.version(package)
    return versions


def code_version() -> tuple[str | None, bool | None]:
    """The commit of the code and whether the code was changed since; (None, None) without git.

    Code that was sent to another machine knows its commit from the sender. The files that runs and
    tables write (`results/`, `plots/`, the README) are not code.
    """
    sent = REPOSITORY / CODE_VERSION
    if sent.exists():
        return tuple(json.loads(sent.read_text(encoding="utf-8")))
    outputs = [":!results", ":!plots", ":!README.md"]
    try:
        commit = _git("rev-parse", "HEAD").strip()
        dirty = bool(_git("status", "--porcelain", "--", ".", *outputs).strip())
    except (OSError, subprocess.CalledProcessError):
        return None, None
    return commit, dirty


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout


def code_files(packages: tuple[str, ...], kinds: tuple[str, ...]) -> Iterator[Path]:
    """The files of some packages that have one of these suffixes, in a stable order."""
    for package in packages:
        files = (REPOSITORY / package).rglob("*")
        yield from sorted(file for file in files if file.suffix in kinds)


def code_digest(packages: tuple[str, ...]) -> str:
    """SHA-256 of the code of some packages, as its files are now."""
    content = hashlib.sha256()
    for path in code_files(packages, (".py", ".c")):
        content.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return content.hexdigest()


def span(seconds: float) -> str:
    """A span of time in the two units that matter, such as `1 min 15 s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


# --- signals


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ends what is done inside with KeyboardInterrupt when Ctrl-C or SIGTERM arrives.

    Python raises that exception wherever the program is, and some are lost there: where Python
    calls a function because an object is no longer needed, and where TensorFlow turns Python into a
    graph and meets one. TensorFlow drops it, or raises a TypeError or the like in its place. So the
    signal is sent again each second until the exception arrives here, and any other error that
    arrives is replaced by it.

    Raises:
        KeyboardInterrupt: with a sentence that names what happened.
    """
    words, timers, main_thread = [], [], threading.main_thread().ident

    def interrupt(number: int, frame: object) -> None:
        words.append(SIGNALS[number])
        # to the main thread, which may be waiting for the system
        timer = threading.Timer(AGAIN, signal.pthread_kill, [main_thread, number])
        timer.daemon = True
        timer.start()
        timers.append(timer)
        raise KeyboardInterrupt(words[0])

    def report(unraisable: object) -> None:
        if unraisable.exc_type is not KeyboardInterrupt:  # one that Python dropped comes again
            hook(unraisable)

    hook, sys.unraisablehook = sys.unraisablehook, report
    # who ignores a signal, as `nohup` and shell scripts do in the background, goes on ignoring it
    heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heeded}
    try:
        yield
    except Exception as error:
        if words:
            raise KeyboardInterrupt(words[0]) from error
        raise
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook
