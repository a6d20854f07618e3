"""The tour's stored outputs, which a reader sees before anything runs; pytest runs it by nbmake."""

import json
import re
from pathlib import Path

CELLS = json.loads(Path("notebooks/tour.ipynb").read_text("utf-8"))["cells"]
OUTPUTS = [one for cell in CELLS for one in cell.get("outputs", [])]


def test_every_step_is_there_with_its_output():
    assert len([cell for cell in CELLS if cell["cell_type"] == "code" and cell["outputs"]]) >= 12
    assert any("image/png" in one.get("data", {}) for one in OUTPUTS)
    numbers = [c["execution_count"] for c in CELLS if c["cell_type"] == "code"]
    assert numbers == list(range(1, len(numbers) + 1))  # run once, from top to bottom


def test_outputs_show_no_error_and_no_place_of_the_machine_that_made_them():
    assert not [one for one in OUTPUTS if one["output_type"] == "error"]
    said = json.dumps(OUTPUTS)
    assert not re.search(r"/home/|/root/|/tmp/|/Users/|Traceback|WARNING", said)
