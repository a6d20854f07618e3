"""What is installed is what was pinned: every package has hashes, and pip compares them."""

import os
import re
import subprocess

import pytest
from commands import REPOSITORY

LOCKS = ["requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_and_has_hashes(name):
    text = (REPOSITORY / name).read_text("utf-8").replace("\\\n", " ")
    packages = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert len(packages) > 5
    for package in packages:
        pinned = r"\S+==\S+( ; .+?)?( +--hash=sha256:[0-9a-f]{64})+ *"
        assert re.fullmatch(pinned, package), package


def test_make_installs_nothing_without_a_hash():
    done = subprocess.run(
        ["make", "--always-make", "--dry-run", ".venv/.development"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]},  # without what `make test` passes on
        capture_output=True,
        text=True,
        check=True,
    )
    commands = [line for line in done.stdout.splitlines() if "pip install" in line]
    assert len(commands) == 2
    assert all("--require-hashes" in command for command in commands)
