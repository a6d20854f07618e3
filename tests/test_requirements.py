"""What is installed is what was pinned: every package has hashes, and pip compares them."""

import hashlib
import os
import re
import subprocess
import sys
import zipfile

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


@pytest.mark.parametrize("is_altered", [False, True])
def test_a_package_that_was_altered_is_not_installed(tmp_path, is_altered):
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
    kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny-1.0.dist-info/METADATA", metadata)
        archive.writestr("tiny-1.0.dist-info/WHEEL", kind)
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    published = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if is_altered:
        with zipfile.ZipFile(wheel, "a") as archive:
            archive.writestr("tiny.py", "altered = True\n")
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"tiny==1.0 --hash=sha256:{published}\n", "utf-8")
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--require-hashes"]
    places = ["--no-index", "--find-links", tmp_path, "--target", tmp_path / "installed"]
    done = subprocess.run([*pip, *places, "-r", lock], capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == is_altered, done.stderr
    assert ("DO NOT MATCH THE HASHES" in done.stderr) == is_altered
