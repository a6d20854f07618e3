"""Claims: read whole or refused, and written out with what was measured."""

import csv
import io
import math
from pathlib import Path

import pytest
from records import fabricate, fabricate_study

from harness.errors import RunError
from harness.records.study_outputs import Table
from harness.reporting.claims import judge, load_claims
from harness.reporting.groups import PublishedResults, load_published, load_results
from harness.reporting.results_page import claims_csv
from harness.reporting.table import markdown
from harness.reporting.tables import claims_blocks, reasons

WORDS = {
    "id": "memory",
    "source": "a-document",
    "statement": "it will remember",
    "experiment": "recall",
    "quantity": "share that is kept",
    "why": "Below that it is chance.",
    "set": "2020-01-01",
    "runs_known": False,
}
CELL = {"table": "Kept", "row": "LSTM", "column": "400 steps"}
CLAIM = WORDS | CELL | {"at_least": 0.5}
OF_NETWORKS = WORDS | {"experiment": "imdb-net", "measure": "best_validation", "at_least": 0.5}
DIFFERENCE = OF_NETWORKS | {"minus": "imdb-base"}
ON_A_PAR = DIFFERENCE | {"at_least": None, "test": "equivalence", "margin": 0.05}
BETTER = DIFFERENCE | {"at_least": None, "test": "better"}
EXPERIMENTS = ("recall", "reading", "imdb-net", "imdb-base", "jena-net")


def toml(**fields) -> str:
    """One claim; a field that is None is left out."""
    kept = {name: value for name, value in fields.items() if value is not None}
    values = [
        f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for name, value in kept.items()
    ]
    return "\n".join(["[[claim]]", *values, ""])


@pytest.fixture
def read(tmp_path):
    """Reads claims from text, or from the fields of each."""

    def read(*claims):
        path = tmp_path / "claims.toml"
        texts = [claim if isinstance(claim, str) else toml(**claim) for claim in claims]
        path.write_text("\n".join(texts), encoding="utf-8")
        return load_claims(path, EXPERIMENTS)

    return read


def test_a_claim_is_read_with_all_its_fields(read):
    first, second, third = read(CLAIM | {"at_most": 1, "within": [0, math.inf]}, ON_A_PAR, BETTER)
    assert (first.id, first.source, first.why) == ("memory", "a-document", WORDS["why"])
    assert (first.set, first.runs_known) == ("2020-01-01", False)
    assert (first.table, first.row, first.column) == ("Kept", "LSTM", "400 steps")
    assert (first.limits, first.within) == ((0.5, 1), (0, math.inf))
    assert (first.test, first.exact, first.primary) == ("bounds", False, False)
    assert (second.measure, second.minus, second.at_most) == ("best_validation", "imdb-base", None)
    assert (second.test, second.limits) == ("equivalence", (-0.05, 0.05))
    assert third.test == "better"


def test_when_a_statement_holds_is_written_in_words(read):
    assert read(CLAIM)[0].criterion == "at least 0.5"
    assert read(CLAIM | {"at_least": None, "at_most": 1e-05})[0].criterion == "at most 1e-05"
    assert read(CLAIM | {"at_most": 2})[0].criterion == "at least 0.5, at most 2"
    assert read(CLAIM | {"at_least": 0})[0].criterion == "at least 0"  # zero is a bound
    assert read(ON_A_PAR)[0].criterion == "within ±0.05"
    assert read(BETTER)[0].criterion == "better than imdb-base"


def test_several_numbers_may_decide_about_one_claim(read):
    assert [claim.id for claim in read(CLAIM, OF_NETWORKS)] == ["memory", "memory"]


def test_a_claim_may_be_about_a_variant(read):
    assert read(CLAIM | {"experiment": "recall+steps-5"})[0].experiment == "recall+steps-5"


def test_a_claim_of_several_rows_is_one_for_each(read):
    several = {"row": ["LSTM", "GRU"], "statement": "{row} remembers"}
    found = [(claim.row, claim.statement) for claim in read(CLAIM | several)]
    assert found == [("LSTM", "LSTM remembers"), ("GRU", "GRU remembers")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"atleast": 0.9}, r"claim 2 \(memory\): field 'atleast' is unknown; known: .*at_least"),
        ({"why": None}, r"claim 2 \(memory\): field 'why' is missing"),
        ({"why": None, "source": None}, "field 'source' is missing"),
        ({"runs_known": None}, "field 'runs_known' is missing"),
        ({"id": None}, r"claim 2 \(without id\): field 'id' is missing"),
        ({"statement": 3}, "field 'statement' must be text, not 3"),
        ({"row": [3]}, "field 'row' must be text"),
        ({"at_least": "0.9"}, "field 'at_least' must be a finite number, not '0.9'"),
        ({"at_least": True}, "field 'at_least' must be a finite number, not True"),
        ({"at_least": 10**400}, "field 'at_least' must be a finite number, not 1000"),
        ({"at_most": math.nan}, "field 'at_most' must be a finite number, not nan"),
        ({"at_most": math.inf}, "field 'at_most' must be a finite number, not inf"),
        ({"primary": "yes"}, "field 'primary' must be true or false, not 'yes'"),
        ({"runs_known": 0}, "field 'runs_known' must be true or false, not 0"),
        ({"within": [0]}, "field 'within' must be a lower and a higher number"),
        ({"within": [1, 0]}, "field 'within' must be a lower and a higher number"),
        ({"within": ["0", 1]}, "field 'within' must be a lower and a higher number"),
        ({"within": [math.nan, 1]}, "field 'within' must be a lower and a higher number"),
        ({"set": "24 November"}, "'set' must be a day such as 2026-11-24, not '24 November'"),
        ({"set": "20261124"}, "field 'set' must be a day"),
        ({"experiment": "recal"}, "there is no experiment 'recal'; known: recall, reading"),
        (DIFFERENCE | CELL | {"minus": "imdb"}, "there is no experiment 'imdb'"),
        ({"test": "t-test"}, "must be 'bounds', 'equivalence' or 'better', not 't-test'"),
        ({"measure": "best_validation"}, "needs either table, row and column, or measure"),
        ({"table": None, "row": None, "column": None}, "needs either table, row and column"),
        ({"column": None}, "needs either table, row and column"),
        ({"column": None, "measure": "best_validation"}, "needs either table, row and column"),
        ({"minus": "imdb-base"}, "minus is for a measure"),  # it would not be subtracted
        ({"at_least": None}, "needs at_least or at_most for the test 'bounds'"),
        ({"at_least": 2, "at_most": 1}, "at_least 2 is above at_most 1"),
        ({"margin": 0.1}, "needs a margin for the test 'equivalence', and for no other"),
        ({"exact": True, "primary": True}, "exact is for bounds, and not for a primary claim"),
        ({"test": "better", "at_least": None}, "'better' needs minus, and as measure best_val"),
    ],
)
def test_a_claim_that_is_not_whole_is_refused_by_its_place(read, changes, message):
    with pytest.raises(RunError, match=message) as error:
        read(CLAIM, CLAIM | changes)
    assert "claims.toml" in str(error.value)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (ON_A_PAR | {"margin": None}, "needs a margin for the test 'equivalence'"),
        (ON_A_PAR | {"margin": 0}, "margin must be above 0, not 0"),
        (ON_A_PAR | {"at_most": 0.01}, "needs at_least or at_most for the test 'bounds', and"),
        (ON_A_PAR | {"minus": None}, "'equivalence' needs minus"),
        (ON_A_PAR | {"exact": True}, "exact is for bounds"),
        (BETTER | {"measure": "parameters"}, "as measure best_validation, last_validation, test"),
        (OF_NETWORKS | {"within": [0, 1]}, "within is for a number of a table"),
    ],
)
def test_a_test_that_cannot_be_made_is_refused(read, claim, message):
    with pytest.raises(RunError, match=message):
        read(claim)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[claim]", "not valid TOML"),
        ("[claim]\nid = 'memory'", r"\[\[claim\]\]"),
        ("claim = 3", r"\[\[claim\]\]"),
        ("claim = ['memory']", r"\[\[claim\]\]"),
        ("[[claims]]\nid = 'memory'", "claims"),  # a misspelt list would check nothing
    ],
)
def test_a_file_that_is_no_list_of_claims_is_refused(read, text, message):
    with pytest.raises(RunError, match=r"claims\.toml.*" + message):
        read(text)


def test_the_projects_claims_are_whole():
    experiments = Path(__file__).parents[3] / "experiments"
    published = load_published(experiments / "published.toml")
    claims = load_claims(experiments / "claims.toml", published.experiments)
    assert {claim.test for claim in claims if claim.primary} == {"bounds", "equivalence", "better"}


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"cannot read .*nowhere\.toml: No such file"):
        load_claims(tmp_path / "nowhere.toml", EXPERIMENTS)


@pytest.fixture
def results(tmp_path):
    """Five seeds of a study and of two networks, and two of another."""
    path = tmp_path / "results"
    for seed, kept in enumerate((0.5, 0.625, 0.75, 0.625, 0.625)):
        rows = {"LSTM": [1.0, kept]}
        fabricate_study(
            path, "recall", seed=seed, outputs=[Table("Kept", ["1", "400 steps"], rows)]
        )
    for seed, best in enumerate((0.80, 0.81, 0.82, 0.83, 0.84)):
        fabricate(path, "imdb-net", seed=seed, best=best, predictions=True)
        base = round(best - 0.02 - 0.01 * (seed == 4), 3)
        fabricate(path, "imdb-base", seed=seed, best=base, predictions=True)
    for seed in range(2):
        fabricate(path, "jena-net", seed=seed, metric="mae", best=0.25 + seed / 8)
    found, left_out = load_results(path, PublishedResults({}, {}))
    assert left_out == []
    return found


@pytest.fixture
def claims(read):
    """One for each verdict, and one for each test."""
    return read(
        CLAIM | {"source": "a-document, another", "statement": "it | will"},
        DIFFERENCE | {"at_least": 0.5, "at_most": 1},
        OF_NETWORKS | {"experiment": "jena-net", "at_least": 0.25},
        CLAIM | {"experiment": "reading", "why": 'A "word", and more.'},
        ON_A_PAR | {"primary": True},
        BETTER | {"primary": True},
        OF_NETWORKS | {"measure": "parameters", "at_least": 1234, "exact": True},
    )


def test_the_csv_file_has_every_claim_with_its_number(claims, results):
    text = claims_csv(judge(claims, results))
    kept, networks, few, reading, on_a_par, better, exact = csv.DictReader(io.StringIO(text))
    assert "\r" not in text
    assert (kept["id"], kept["source"]) == ("memory", "a-document, another")
    assert (kept["statement"], kept["quantity"]) == ("it | will", "share that is kept")
    assert (kept["experiment"], kept["verdict"], kept["reason"]) == ("recall", "holds", "")
    # mean 0.625, deviation sqrt(2 / 64 / 4), t(4) = 2.7764: ± 0.10975
    assert (kept["measured"], kept["sd"], kept["n"]) == ("0.625", "0.0883883", "5")
    assert (kept["interval_low"], kept["interval_high"]) == ("0.515251", "0.734749")
    assert (kept["samples_interval_low"], kept["samples_interval_high"]) == ("", "")
    assert (kept["at_least"], kept["at_most"]) == ("0.5", "")
    assert (kept["set"], kept["runs_known"]) == ("2020-01-01", "false")
    assert (networks["measured"], networks["n"], networks["verdict"]) == (
        "0.022",
        "5 5",
        "does not hold",
    )
    # deviations of 0.80 to 0.84, and of 0.78, 0.79, 0.80, 0.81, 0.81
    assert (networks["sd"], networks["sd_minus"]) == ("0.0158114", "0.0130384")
    assert float(networks["samples_interval_low"]) < 0.022
    assert float(networks["samples_interval_high"]) > 0.022
    assert (few["measured"], few["n"], few["verdict"]) == ("0.3125", "2", "not decided")
    assert few["reason"] == "2 seeds of the 5 that the rule needs"
    assert few["interval_low"] == few["p"] == few["effect"] == ""
    assert (reading["measured"], reading["sd"], reading["n"]) == ("", "", "0")
    assert (reading["verdict"], reading["why"]) == ("not checkable", 'A "word", and more.')
    assert reading["reason"] == "no run of reading"
    assert (on_a_par["test"], on_a_par["margin"], on_a_par["primary"]) == (
        "equivalence",
        "0.05",
        "true",
    )
    # of two, the smaller p-value is doubled and the larger one is not
    assert float(on_a_par["p_adjusted"]) == pytest.approx(2 * float(on_a_par["p"]), rel=1e-4)
    assert 0 < float(on_a_par["p"]) < float(better["p"]) == float(better["p_adjusted"])
    assert float(better["p_against"]) == pytest.approx(1 - float(better["p"]), abs=1e-5)
    # of the other's five, its runs are ahead of 2.5, 4, 5, 5 and 5, a tie counting half
    assert float(better["superiority"]) == pytest.approx(0.86)
    assert float(better["effect"]) > 1
    assert (exact["exact"], exact["measured"], exact["verdict"]) == ("true", "1234", "holds")
    assert exact["p"] == exact["interval_low"] == ""


def rows(table: str) -> list[dict[str, str]]:
    """The lines of a Markdown table by the names of its columns."""
    head, rule, *lines = table.partition("\n\n")[0].replace(r"\|", "¦").splitlines()
    names = [name.strip() for name in head.strip("|").split("|")]
    assert rule.count("|") == len(names) + 1
    return [
        dict(zip(names, (cell.strip() for cell in line[1:-1].split("|")), strict=True))
        for line in lines
    ]


def test_the_table_says_what_was_measured_beside_what_is_claimed(claims, results):
    table = markdown(claims_blocks(judge(claims, results)))
    kept, networks, few, reading, _, better, exact = rows(table)
    assert kept == {
        "The documents say": "it ¦ will (`a-document`, `another`)",
        "Measured": "share that is kept",
        "Value": "0.6250 ± 0.088",
        "n": "5",
        "95 % interval over seeds": "0.5153 to 0.7347",
        "95 % interval over test samples": "–",
        "Holds if": "at least 0.5",
        "Verdict": "holds",
        "Run": "recall",
        "Notes": "1",
    }
    assert (networks["Run"], networks["n"]) == ("imdb-net − imdb-base", "5, 5")
    assert networks["Holds if"] == "at least 0.5, at most 1"
    assert (networks["Value"], networks["Verdict"]) == ("0.02200", "does not hold")
    assert " to " in networks["95 % interval over test samples"]
    # few seeds are values, without an interval
    assert (few["Value"], few["n"]) == ("0.2500, 0.3750", "2")
    assert few["95 % interval over seeds"] == "–"
    assert few["Verdict"] == "not decided: 2 seeds of the 5 that the rule needs"
    assert (reading["Value"], reading["n"]) == ("–", "0")
    assert reading["Verdict"] == "not checkable: no run of reading"
    assert reading["95 % interval over seeds"] == "–"
    assert "; Hedges' g 1.4; better in 86 % of the pairs of runs" in better["Verdict"]
    assert (exact["Value"], exact["Verdict"]) == ("1,234", "holds")


def test_a_difference_of_few_seeds_shows_the_values_of_both(read, tmp_path):
    for seed in range(5):
        fabricate(tmp_path, "imdb-net", seed=seed, best=0.80 + seed / 100)
    for seed in range(2):
        fabricate(tmp_path, "imdb-base", seed=seed, best=0.78 + seed / 100)
    results, _ = load_results(tmp_path, PublishedResults({}, {}))
    (line,) = rows(markdown(claims_blocks(judge(read(DIFFERENCE), results))))
    assert line["Value"] == "0.8200 ± 0.016 less 0.7800, 0.7900"
    assert line["Verdict"] == "not decided: 2 seeds of the 5 that the rule needs (imdb-base)"


def test_the_notes_of_the_runs_stand_once_below_the_table(read, tmp_path):
    for name in ("imdb-net", "imdb-base"):
        fabricate(tmp_path, name, data_notes=("Rebuilt file.",))
    results, _ = load_results(tmp_path, PublishedResults({}, {}))
    claims = read(OF_NETWORKS, OF_NETWORKS | {"experiment": "imdb-base"})
    table = markdown(claims_blocks(judge(claims, results)))
    assert [line["Notes"] for line in rows(table)] == ["1", "1"]
    assert table.endswith("\n\n1. Rebuilt file.")


def test_every_bound_has_its_reason_and_its_history(read, results):
    def history(**changes):
        return reasons(judge(read(CLAIM | {"statement": "it | will"} | changes), results))

    words = "- it | will: at least 0.5 (Below that it is chance.; set "
    before = "before the runs that it judges)"
    assert history() == f"{words}2020-01-01, {before}"
    known = "before the runs that it judges, when earlier ones like them were known)"
    assert history(runs_known=True) == f"{words}2020-01-01, {known}"
    known = "when some of the runs that it judges were known)"
    # made-up seed 0 began on the first day: whatever the claim says, that run was known
    assert history(set="2020-01-02") == f"{words}2020-01-02, {known}"
    assert history(set="2020-01-02", experiment="reading") == f"{words}2020-01-02, {before}"
