"""Installs an old Keras into a folder of its own, which no other program imports."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.errors import RunError

VERSIONS = ("2.0.8", "2.1.6", "2.2.4")
WHEELS = "wheels.json"  # SHA-256 of each wheel by its name, in the folder


def requirements(version: str) -> Path:
    """The file that pins an old Keras and what it imports, with their hashes."""
    return Path(__file__).with_name(f"requirements-{version}.txt")


def place_of(version: str) -> Path:
    """The folder of an old Keras, whether it is there or not."""
    return Path(sys.prefix) / f"keras-{version}"


def installed(version: str) -> Path:
    """The folder with an old Keras, which is installed there first if it is not."""
    folder = place_of(version)
    if not folder.exists():
        print(f"installing Keras {version} into {folder}", flush=True)
        install(requirements(version), folder)
    return folder


def wheels(version: str) -> dict[str, str]:
    """SHA-256 of the wheels of an installed Keras, by their names."""
    return json.loads((installed(version) / WHEELS).read_text())


def install(pinned: Path, folder: Path) -> None:
    """Installs the wheels of a requirements file with hashes, all of them or none.

    The folder receives the packages, and the hashes of the wheels in `WHEELS`.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
            new, report = Path(place, "packages"), Path(place, "report")
            run_pip("--target", new, "--report", report, "-r", pinned)
            files = [one["download_info"] for one in json.loads(report.read_text())["install"]]
            hashes = {one["url"].rpartition("/")[2]: one["archive_info"]["hashes"] for one in files}
            sums = {name: found["sha256"] for name, found in sorted(hashes.items())}
            (new / WHEELS).write_text(json.dumps(sums, indent=1))
            new.rename(folder)
    except OSError as error:
        if not folder.exists():  # else another run was faster
            raise RunError(f"cannot write {folder}: {error.strerror}.") from error


def run_pip(*options: str | Path) -> None:
    """Installs wheels with hashes by pip; a RunError says why it cannot."""
    hashed = "--no-deps", "--require-hashes", "--only-binary", ":all:"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *hashed, *options], capture_output=True, text=True)
    name = Path(options[-1]).name
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise RunError(
            f"a package for {name} has another hash than the file; pip was given another wheel "
            "than the published one, and nothing was installed."
        )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = said[-1].removeprefix("ERROR: ") if said else f"exit code {done.returncode}"
        raise RunError(
            f"pip cannot install {name} ({reason.rstrip('. ')}); a package index is needed the "
            "first time, and nothing was installed."
        )
