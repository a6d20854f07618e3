"""Compiles `native_recurrence.c` for one network at its first use, and keeps the library.

A machine without a C compiler has no such library: whoever asks gets None, and computes otherwise.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.training.environment import REPOSITORY, cpu_name

SOURCE = Path(__file__).with_name("native_recurrence.c")
LIBRARIES = REPOSITORY / ".native"
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
CELLS = {"SimpleRNN": 0, "LSTM": 1, "GRU": 2}


@dataclass(frozen=True)
class Form:
    """What a library is compiled for.

    Attributes:
        cell: one of `CELLS`.
        layers: stacked layers.
        units: units of each, a multiple of 16.
        features: features of an input timestep; a multiple of 16 where `embedded`.
        embedded: whether inputs are word ids, whose vectors the library looks up.
        hard_sigmoid: whether gates open by the hard sigmoid of Keras before 2.3.
        dropout: whether inputs and states are multiplied by dropout masks.
    """

    cell: str
    layers: int
    units: int
    features: int
    embedded: bool
    hard_sigmoid: bool = False
    dropout: bool = False

    @property
    def definitions(self) -> list[str]:
        """The compiler's options that define it."""
        values = {**asdict(self), "cell": CELLS[self.cell]}
        return [f"-D{name.upper()}={int(value)}" for name, value in values.items()]


@functools.cache
def load(form: Form) -> ctypes.CDLL | None:
    """The library for a form; None where it cannot be compiled or loaded."""
    compiler = os.environ.get("CC") or next(filter(shutil.which, COMPILERS), None)
    if compiler is None:
        return None
    options = [*FLAGS, *form.definitions]
    # The same source makes another library on another processor or by another compiler.
    version = _output([compiler, "--version"])
    identity = "\n".join([SOURCE.read_text("utf-8"), *options, version, cpu_name()])
    name = f"recurrence-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.so"
    path = LIBRARIES / name
    try:
        if not path.exists():
            _compile([compiler, *options, str(SOURCE)], path)
        return ctypes.CDLL(str(path))
    except (OSError, subprocess.CalledProcessError):
        return None


def _compile(command: list[str], path: Path) -> None:
    """Compiles beside the final name, so that two runs that start together do no harm."""
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        subprocess.run([*command, "-o", str(made)], check=True, capture_output=True)
        os.replace(made, path)


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return platform.machine()
