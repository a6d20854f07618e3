"""Files that a fuzzer makes from what they reach in the parsers: read, or refused in words."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from commands import REPOSITORY

SECONDS = 60


@pytest.mark.faults
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris exists for Linux on x86-64 only")
@pytest.mark.parametrize("kind", ["arrays", "text", "reviews", "record"])
def test_a_fuzzer_that_sees_the_code_finds_nothing(kind, tmp_path):
    program = [sys.executable, "tests/coverage_fuzz.py", kind, tmp_path]
    done = subprocess.run(
        [*program, f"-max_total_time={SECONDS}"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'tests'}"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    print(done.stderr.splitlines()[-1])  # such as "Done 118768 runs in 61 second(s)"
    assert "INITED" in done.stderr  # it ran and saw code
    assert "ERROR: no interesting inputs" not in done.stderr
