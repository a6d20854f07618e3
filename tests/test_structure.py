"""The layout: which folder may import which, and documents whose links lead somewhere."""

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import REPOSITORY

BACKENDS = {"keras", "tensorflow", "jax", "torch"}
# By folder: what none of its modules may import, be it at the top or inside a function.
FORBIDDEN = {
    "data": {"models", "harness", "experiments", "benchmarks", "explore"},
    "models": {"data", "harness", "experiments", "benchmarks", "explore"}
    | {"tensorflow", "jax", "torch"},
    "harness/records": BACKENDS
    | {"data", "models", "experiments", "benchmarks"}
    | {"harness.training", "harness.reporting", "harness.suite", "harness.experiment"},
    "harness/reporting": BACKENDS
    | {"data", "models", "experiments", "benchmarks"}
    | {"harness.training", "harness.suite", "harness.experiment"},
    "harness/training": {"experiments", "benchmarks", "harness.reporting", "harness.suite"},
    "harness/suite": BACKENDS | {"benchmarks", "models"},
    "harness": {"benchmarks", "explore"},
    "experiments": {"benchmarks", "harness.suite", "explore"},
    "explore": {"experiments", "benchmarks", "harness.suite"},
}
DOCUMENTS = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *REPOSITORY.glob("docs/*.md"),
]


def modules(folder: str) -> list[Path]:
    return sorted((REPOSITORY / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports, but for those needed by type hints alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_a_folder_imports_only_what_lies_below_it(folder):
    assert modules(folder)
    wrong = [
        f"{path.relative_to(REPOSITORY)} imports {name}"
        for path in modules(folder)
        for name in sorted(imported(path))
        for forbidden in FORBIDDEN[folder]
        if name == forbidden or name.startswith(f"{forbidden}.")
    ]
    assert wrong == []


def test_harness_has_at_most_nine_rooms():
    rooms = {
        entry.name
        for entry in (REPOSITORY / "harness").iterdir()
        if not entry.name.startswith("__")
    }
    assert len(rooms) <= 9, sorted(rooms)


def test_no_modules_import_each_other_in_a_circle():
    """Imports within functions count, too: a reader walks in circles all the same."""
    paths = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"): path
        for folder in ("data", "models", "harness", "experiments", "explore", "benchmarks")
        for path in modules(folder)
    }
    known = {
        name: {
            module
            for one in imported(path)
            for module in (one, one.rpartition(".")[0])
            if module in paths and module != name
        }
        for name, path in paths.items()
    }
    graphlib.TopologicalSorter(known).prepare()  # raises an error that names the circle


def test_only_training_touches_private_attributes_of_keras():
    wrong = [
        f"{path.relative_to(REPOSITORY)}: {ast.unparse(node)}"
        for folder in ("data", "models", "experiments", "benchmarks", "harness", "explore")
        for path in modules(folder)
        if not path.is_relative_to(REPOSITORY / "harness/training")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr)
        if ast.unparse(node.value) not in ("self", "cls", "os", "sys")
    ]
    assert wrong == []


def anchors(document: Path) -> set[str]:
    """Those that GitHub makes of a page's headings."""
    headings = re.findall("^#+ (.*)", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", text):
        if not target.startswith(("http://", "https://")):
            path = document.parent / target if target else document
            assert path.exists(), target
            assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


COMMANDS = [
    "data.__main__",
    "experiments.__main__",
    "harness.suite.__main__",
    "harness.suite.own_data",
    *(f"harness.reporting.{name}" for name in ("compare", "verify", "pages")),
    *(f"harness.reporting.{name}.__main__" for name in ("figures", "report")),
    *(f"explore.{name}" for name in ("predict", "inspect", "generate", "forecast")),
]
HELP = f"""
import contextlib, io, sys
from importlib import import_module
slow = {{"keras", "tensorflow", "pandas", "matplotlib", "scipy", "pooch"}}
for name in {COMMANDS}:
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as printed:
        import_module(name).main(["--help"])
    print(name, bool(printed.getvalue()), slow & set(sys.modules))
"""


def test_help_answers_at_once_because_it_loads_nothing_slow():
    done = subprocess.run(
        [sys.executable, "-c", HELP], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [f"{name} True set()" for name in COMMANDS]


def test_readme_is_short():
    assert (REPOSITORY / "README.md").stat().st_size <= 9_000
