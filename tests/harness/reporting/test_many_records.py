"""What tables and plots of very many records cost: 2,000 of them, made of the reference's."""

import itertools
import json
import resource
import shutil
import time

import pytest
from commands import REPOSITORY, run

from harness.records.files import write_checksums
from harness.records.record import SCHEMA

RECORDS = 2000
SEEDS = 1000  # more than an experiment of the reference has

# Seconds of processor time, with room for slower processors
LIMITS = {"harness.reporting.pages": 12, "harness.reporting.figures": 60}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Records of the reference, without weights, each under several seeds and with checksums."""
    results_dir = tmp_path_factory.mktemp("many") / "results"
    originals = sorted((REPOSITORY / "results/reference").glob("*/seed-*"))
    copies = ((copy, path) for copy in itertools.count() for path in originals)
    for copy, original in itertools.islice(copies, RECORDS):
        config = json.loads((original / "config.json").read_text("utf-8"))
        config |= {"schema": SCHEMA, "seed": config["seed"] + copy * SEEDS}
        path = results_dir / original.parent.name / f"seed-{config['seed']}"
        path.mkdir(parents=True)
        for file in original.glob("*.json"):
            shutil.copy(file, path)
        (path / "config.json").write_text(json.dumps(config), "utf-8")
        write_checksums(path)
    return results_dir


@pytest.mark.faults
@pytest.mark.parametrize("module", LIMITS)
def test_two_thousand_records(module, results):
    plots = ["--plots-dir", results.parent / "plots"] if "figures" in module else []
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = run(module, "--results-dir", results, *plots, OPENBLAS_NUM_THREADS="1")
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    assert (done.returncode, done.stderr) == (0, "")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{module}: {seconds:.1f} s of processor time, {wall:.1f} s, for {RECORDS} records")
    assert seconds < LIMITS[module]
