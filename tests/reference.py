"""The committed results, and what tests of the prose about them ask."""

import subprocess
from statistics import fmean

import pytest
from commands import REPOSITORY

from harness.reporting import groups
from harness.reporting.claims import load_claims

PUBLISHED = groups.load_published()
STATEMENTS = load_claims(groups.CLAIMS, PUBLISHED.experiments)
CLAIMS = STATEMENTS.claims
RULES, REPORT = "docs/rmsprop-through-the-versions.md", "docs/upstream-report.md"
COUNTS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def changed() -> str:
    """Changed paths of the reference and README, as git prints them; "no git" without it."""
    folders = ["results/reference", "plots/reference"]
    command = ["git", "status", "--porcelain", "--", *folders, "README.md"]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "no git"
    return done.stdout.strip()


unchanged = pytest.mark.skipif(
    bool(changed()), reason="the reference or README.md differ from the committed ones"
)


def said(judged, start: str) -> list[str]:
    """The verdicts of the claims whose statement begins so."""
    return [one.word for one in judged if one.claim.statement.startswith(start)]


def compared(judged, experiment: str, minus: str, word: str):
    """What is measured of two networks; the verdict on it must be this one."""
    (one,) = (
        one
        for one in judged
        if (one.claim.experiment, one.claim.minus) == (experiment, minus)
        and one.claim.measure.startswith("test_")
    )
    assert one.word == word
    return one.measured


def losses(row) -> list[float]:
    """Training loss of each epoch, mean over the seeds."""
    curves = [record.history["loss"] for record in row.records]
    return [fmean(values) for values in zip(*curves, strict=True)]
