"""Writes the report: one HTML file that needs nothing else and loads nothing."""

import functools
import math
from dataclasses import dataclass, replace
from pathlib import Path

from harness.records.files import write_text
from harness.records.record import plain
from harness.records.study_outputs import Heatmap, Lines, Text
from harness.records.study_outputs import Table as StudyTable
from harness.reporting import tables
from harness.reporting.benchmark import NAME, benchmark_blocks, load_benchmark
from harness.reporting.claims import NOT_CHECKABLE, judge, load_claims
from harness.reporting.claims_tables import claims_blocks, claims_tables
from harness.reporting.conditions import conditions, value_text
from harness.reporting.factorial import factorial_designs
from harness.reporting.figures.charts import (
    NAMES,
    Chart,
    chart_of,
    colour_of,
    training_charts,
    update_rules_chart,
    validation_chart,
    with_most_rules,
)
from harness.reporting.figures.draw import compared_rows, overview_title, rules_title
from harness.reporting.figures.style import PUBLISHED_COLOUR, SAMPLE_SUFFIX
from harness.reporting.groups import (
    CLAIMS,
    ModelResults,
    PublishedResults,
    Results,
    SeedGroup,
    Study,
    load_published,
    load_results,
)
from harness.reporting.own_runs import beside_reference, own_data_blocks, own_table, worth_it
from harness.reporting.reproduction import Calibration, Reproduction, reproductions
from harness.reporting.table import FOUR, Blocks, Table, mean_and_sd

TEMPLATES = Path(__file__).parent / "templates"

# Vega-Lite draws the charts: axes, logarithmic scales, hovering, SVG. Its bundle, from vl-convert,
# is 0.9 MB and asks for nothing from the network; Bokeh's is 1.3 MB, Plotly's 4.8 MB.
BUNDLE = "window.vegaEmbed = vegaEmbed;"
YOURS, REFERENCE = "yours", "reference"
MEASURED = {
    "Best validation": "best_validation",
    "Last validation": "last_validation",
    "Test at best": "test_at_best",
}


def write_report(
    results_dir: Path, reference_dir: Path | None, output: Path
) -> tuple[list[Path], list[str]]:
    """Writes the page of a folder's records, beside those of the reference if one is given.

    With a reference, `results_dir` may be empty. Returns the file, and one sentence for each run
    that was left out.
    """
    numbers = load_published()
    statements = load_claims(CLAIMS, numbers.experiments)
    folders: dict[str, Results] = {}
    left_out: list[str] = []
    found = reference_dir is None or any(results_dir.glob("*/seed-*"))
    for origin, folder in [(YOURS, results_dir if found else None), (REFERENCE, reference_dir)]:
        alone = YOURS in folders and (folders[YOURS].sample or folders[YOURS].own_data)
        if folder and not alone:  # runs on sample data and on own data have no reference
            folders[origin] = load_results(folder, numbers)
            left_out += [f"{folder}/{sentence}" for sentence in folders[origin].left_out]

    main, own = folders.get(REFERENCE) or folders[YOURS], folders.get(YOURS)
    compared, calibration = reproductions(main.rows)
    verdicts = [] if main.sample or main.own_data else judge(statements.claims, main)
    beside, mine = [], []
    if own and own is not main:
        beside = [beside_reference(row, main.rows) for row in own.rows]
        judged = judge(statements.claims, own)
        mine = [verdict for verdict in judged if verdict.word != NOT_CHECKABLE]
    answers = {one.row.name: one.answers for one in compared}
    whose = {origin: f" ({origin})" if len(folders) > 1 else "" for origin in folders}
    speed = reference_dir or results_dir
    title = "### All numbers on {}" if main.own_data else "### {}"
    text = render(
        folders=folders,
        left_out=left_out,
        beside=[own_table(beside)] if beside else [],
        sample=main.sample,
        **_first_screen(main, numbers, compared, calibration),
        results=own_data_blocks(main.rows, "### {}")
        + tables.model_blocks(main.rows, numbers, title),
        claims=claims_blocks(verdicts, statements.left_out) if verdicts else [],
        own_claims=claims_tables(mine),
        networks=[
            _network(row, whose[origin], answers.get(row.name, {}) if results is main else {})
            for origin, results in folders.items()
            for row in results.rows
        ],
        studies=[
            _study(study, whose[origin])
            for origin, results in folders.items()
            for study in results.studies
        ],
        speed=benchmark_blocks(load_benchmark(speed)) if (speed / NAME).exists() else [],
    )
    write_text(output, text)
    return [output], left_out


def _first_screen(
    main: Results,
    numbers: PublishedResults,
    compared: list[Reproduction],
    calibration: Calibration,
) -> dict:
    """The sentence that was found with its charts, and the tables below it."""
    standard = [row for row in main.rows if not row.variant]
    expected = tables.expected_blocks(standard, numbers, compared, calibration)
    designs = factorial_designs(main, numbers)
    models = {numbers.datasets.get(name, name): rows for name, rows in compared_rows(main).items()}
    if rules := with_most_rules(designs):
        finding, charts = rules_title(rules), list(map(update_rules_chart, rules))
    else:
        finding, charts = _best_model(models)
    return {
        "by_rules": bool(rules),
        "finding": finding,
        "charts": charts,
        "published": bool(expected),
        "first": _first_tables(expected) if expected else _ranking(models),
        "factorial": tables.factorial_blocks(designs, calibration.level),
    }


def _best_model(compared: dict[str, list[ModelResults]]) -> tuple[str, list[Chart]]:
    """Which model of the first data set is best, and the validation of the best networks."""
    for title, models in compared.items():
        if networks := [row for row in models if row.first.history]:
            found = overview_title(models, title).removesuffix(SAMPLE_SUFFIX)
            sentence = worth_it(models) if models[0].first.own_data else ""
            return sentence or found, [validation_chart(networks)]
    return "", []


def _ranking(compared: dict[str, list[ModelResults]]) -> Blocks:
    """The models of each data set, the best on test first."""
    blocks: Blocks = []
    for title, rows in compared.items():
        ranked = sorted(
            rows,
            key=lambda row: row.spread("test_at_best").mean,
            reverse=not rows[0].lower_is_better,
        )
        cells = [
            {
                "Model": row.title,
                "Best validation": mean_and_sd(row.spread("best_validation"), FOUR),
                f"Test at best: {NAMES[row.metric]}": tables.with_degrees(row, "test_at_best"),
            }
            for row in ranked
        ]
        blocks.append(Table.of(cells, title=title))
    return blocks


def _first_tables(blocks: Blocks) -> Blocks:
    """The numbers to expect. Titles are captions; why a verdict is so stands with its network."""
    shown: Blocks = []
    for block in blocks:
        if isinstance(block, Table):
            rows = [[name, *(cell.partition(": ")[0] for cell in row)] for name, *row in block.rows]
            shown.append(replace(block, rows=rows))
        elif not block.startswith("**"):
            shown.append(block)
    return shown


def _network(row: ModelResults, whose: str, answers: dict[str, str]) -> dict:
    """A network or baseline as the page shows it: its curves, and how it agrees with the log."""
    parts = [  # the best epochs stand in the table of the runs
        replace(chart, curves=[curve for curve in chart.curves if curve.mark != "rings"])
        for chart in training_charts(row)
    ]
    return _sheet(row, whose) | {"colour": colour_of(row), "answers": answers, "parts": parts}


def _study(study: Study, whose: str) -> dict:
    """A study as the page shows it: its outputs in a form that the template knows."""
    parts: list = []
    for output in study.outputs:
        caption = study.caption(output)
        if isinstance(output, Lines):
            parts += chart_of(study, output).parts
        elif isinstance(output, StudyTable):
            parts.append(tables.study_table(study, output))
        elif isinstance(output, Heatmap):
            parts.append(Shades(caption, output))
        elif isinstance(output, Text):
            parts.append(replace(output, title=caption))
    return _sheet(study, whose) | {"colour": "", "answers": {}, "parts": parts}


def _sheet(group: SeedGroup, whose: str) -> dict:
    """How the runs of one experiment were made."""
    return {
        "title": group.title + whose,
        "name": group.name,
        "runs": _runs(group),
        "facts": _facts(group),
        "notes": group.notes,
    }


def _runs(group: SeedGroup) -> Table:
    """What each run measured, how long it took, and the command and the code that made it."""
    rows = []
    for record in group.records:
        made, cells = record.environment, {"Seed": str(record.seed)}
        if not record.is_study:
            cells["Best epoch"] = plain(record.metrics["best_epoch"] or "")
            cells |= {name: FOUR(record.metrics[field]) for name, field in MEASURED.items()}
        cells["Minutes"] = f"{record.metrics['wall_seconds'] / 60:.1f}"
        cells["Started"] = made["started"]
        cells["Commit"] = (made["commit"] or "unknown")[:12]
        cells["Commit"] += ", changed since" if made["dirty"] else ""
        cells["Command"] = made["command"]
        rows.append(cells)
    return Table.of(rows, {"Commit", "Command"}, "Runs")


def _facts(group: SeedGroup) -> dict[str, list[tuple[str, str]]]:
    """Settings, data and environment that a run has; where runs differ, each value's seeds."""
    of_runs = [(record.seed, conditions(record)) for record in group.records]
    kinds: dict[str, list[tuple[str, str]]] = {}
    for kind in ("settings", "data", "versions", "environment"):
        kinds[kind.capitalize()] = lines = []
        known = [fact for _, facts in of_runs for fact in facts[kind].items()]
        for name in dict.fromkeys(name for name, value in known if value is not None):
            seeds: dict[str, list[str]] = {}
            for seed, facts in of_runs:
                seeds.setdefault(_fact(facts[kind].get(name)), []).append(str(seed))
            several = (f"{value} (seeds {', '.join(which)})" for value, which in seeds.items())
            lines.append((name.replace("_", " "), "; ".join(seeds if len(seeds) == 1 else several)))
    return kinds


def _fact(value: object) -> str:
    """One of them as text, without a table of lists, such as means and deviations."""
    if isinstance(value, dict) and any(isinstance(one, list) for one in value.values()):
        return f"{len(value)} entries, in data.json"
    return "none" if value in ([], {}) else value_text(value)


# --- the page in HTML --------------------------------------------------------------------------


@dataclass(frozen=True)
class Shades:
    """A heatmap as a table whose cells are shaded."""

    title: str
    grid: Heatmap

    @property
    def rows(self) -> list[tuple[str, list[tuple[float, float, bool]]]]:
        """Each row's name and its cells: the number, its share of the largest, whether framed."""
        rows = self.grid.rows
        limit = max(abs(value) for values in rows.values() for value in values) or 1.0
        marks = self.grid.marks or [None] * len(self.grid.columns)
        return [
            (name, [(v, v / limit, mark == name) for v, mark in zip(values, marks, strict=True)])
            for name, values in rows.items()
        ]


def render(**values: object) -> str:
    """What `report.html` shows of these values; the same values give the same text."""
    # loaded here, because `--help` renders nothing
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"markdown": _markdown, "number": number, "curves": _curves}
    environment.filters |= {"html": lambda table: Markup(table.html())}
    kinds = {"table": Table, "chart": Chart, "shades": Shades, "text": Text}
    environment.tests |= {
        name: lambda value, kind=kind: isinstance(value, kind) for name, kind in kinds.items()
    }
    return environment.get_template("report.html").render(
        **values,
        style=Markup(_template("style.css")),
        scripts=[Markup(_charts_library()), Markup(_template("report.js"))],
    )


@functools.cache
def _charts_library() -> str:
    import vl_convert

    return vl_convert.javascript_bundle(BUNDLE)  # takes seconds


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _markdown(text: str):
    """Paragraphs, lists and tables of this project's own Markdown; HTML in it is only text."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    rules = ["heading", "table", "list", "backticks", "emphasis", "balance_pairs"]
    return Markup(MarkdownIt("zero").enable(rules).render(text))


def _curves(chart: Chart) -> list[dict]:
    """What the page needs to know of each curve beside its numbers, which are in a table."""
    return [
        {
            "label": curve.label,
            # black on white paper, white on a dark screen
            "colour": "var(--ink)" if curve.colour == PUBLISHED_COLOUR else curve.colour,
            "mark": curve.mark,
            "dashed": curve.dashed,
            "seeds": [*curve.columns],
        }
        for curve in chart.curves
    ]


def number(value: float) -> str:
    """A number of a chart's table: four significant digits, and all digits of an integer."""
    if math.isnan(value):
        return ""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4g}".replace("e-0", "e-")  # there are many of them
