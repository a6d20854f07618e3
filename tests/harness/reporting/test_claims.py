"""Claims: read whole or refused, and written out with what was measured."""

import csv
import io
import math
from pathlib import Path

import pytest
from records import fabricate, fabricate_study

from harness.errors import RunError
from harness.records.study_outputs import Table
from harness.reporting.claim_tables import reasons
from harness.reporting.claims import judge, load_claims
from harness.reporting.groups import PublishedResults, load_published, load_results
from harness.reporting.results_page import claims_csv

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
NO_CELL = dict.fromkeys(CELL)
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


# a misspelt list would check nothing
@pytest.mark.parametrize("text", ["[[claim]", "claim = ['memory']", "[[claims]]\nid = 'memory'"])
def test_a_file_that_is_no_list_of_claims_is_refused(read, text):
    with pytest.raises(RunError, match=r"claims\.toml"):
        read(text)


def test_the_projects_claims_are_whole():
    experiments = Path(__file__).parents[3] / "experiments"
    published = load_published(experiments / "published.toml")
    claims = load_claims(experiments / "claims.toml", published.experiments)
    assert {claim.test for claim in claims if claim.primary} == {"bounds", "equivalence", "better"}


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"atleast": 0.9}, r"claim 2 \(memory\): field 'atleast' is unknown; known: .*at_least"),
        ({"why": None}, r"claim 2 \(memory\): field 'why' is missing"),
        ({"at_least": "0.9"}, "field 'at_least' must be a finite number"),
        ({"within": [1, 0]}, "field 'within' must be a lower and a higher number"),
        ({"set": "20261124"}, "'set' must be a day such as 2026-11-24, not '20261124'"),
        ({"experiment": "recal"}, "there is no experiment 'recal'; known: recall, reading"),
        ({"test": "t-test"}, "must be 'bounds', 'equivalence' or 'better', not 't-test'"),
        ({"measure": "best_validation"}, "needs either table, row and column, or measure"),
        ({"minus": "imdb-base"}, "minus is for a measure"),  # it would not be subtracted
        ({"at_least": None}, "needs at_least or at_most for the test 'bounds'"),
        ({"at_least": 2, "at_most": 1}, "at_least 2 is above at_most 1"),
        ({"margin": 0.1}, "needs a margin for the test 'equivalence', and for no other"),
        ({"exact": True, "primary": True}, "exact is for bounds, and not for a primary claim"),
        ({"test": "better", "at_least": None}, "'better' needs minus, and as measure best val"),
        (ON_A_PAR | NO_CELL | {"margin": 0}, "margin must be above 0, not 0"),
        (ON_A_PAR | NO_CELL | {"at_most": 0.01}, "needs at_least or at_most for the test"),
        (OF_NETWORKS | NO_CELL | {"within": [0, 1]}, "within is for a number of a table"),
    ],
)
def test_a_claim_that_is_not_whole_is_refused_by_its_place(read, changes, message):
    message = message.replace("best val", "best_val").replace("last val", "last_val")
    with pytest.raises(RunError, match=message) as error:
        read(CLAIM, CLAIM | changes)
    assert "claims.toml" in str(error.value)


def test_a_claim_of_several_rows_is_one_for_each(read):
    several = {"row": ["LSTM", "GRU"], "statement": "{row} remembers"}
    found = [(claim.row, claim.statement) for claim in read(CLAIM | several)]
    assert found == [("LSTM", "LSTM remembers"), ("GRU", "GRU remembers")]


def test_the_csv_file_has_every_claim_with_its_number(claims, results):
    text = claims_csv(judge(claims, results))
    lines = kept, networks, few, reading, on_a_par, better, exact = list(
        csv.DictReader(io.StringIO(text))
    )
    assert "\r" not in text
    assert [line["verdict"] for line in lines] == [
        *("holds", "does not hold", "not decided", "not checkable"),
        *("holds", "holds", "holds"),
    ]
    assert (kept["source"], kept["statement"]) == ("a-document, another", "it | will")
    # mean 0.625, deviation sqrt(2 / 64 / 4), t(4) = 2.7764: ± 0.10975
    assert (kept["measured"], kept["sd"], kept["n"]) == ("0.625", "0.0883883", "5")
    assert (kept["interval_low"], kept["interval_high"]) == ("0.515251", "0.734749")
    assert kept["samples_interval_low"] == kept["at_most"] == ""
    # deviations of 0.80 to 0.84, and of 0.78, 0.79, 0.80, 0.81, 0.81
    assert (networks["measured"], networks["n"]) == ("0.022", "5 5")
    assert (networks["sd"], networks["sd_minus"]) == ("0.0158114", "0.0130384")
    low, high = (float(networks[f"samples_interval_{end}"]) for end in ("low", "high"))
    assert low < 0.022 < high
    assert few["interval_low"] == few["p"] == few["effect"] == few["superiority"] == ""
    assert (reading["measured"], reading["n"], reading["reason"]) == ("", "0", "no run of reading")
    # of two, the smaller p-value is doubled and the larger one is not
    assert float(on_a_par["p_adjusted"]) == pytest.approx(2 * float(on_a_par["p"]), rel=1e-4)
    assert 0 < float(on_a_par["p"]) < float(better["p"]) == float(better["p_adjusted"])
    assert float(better["p_against"]) == pytest.approx(1 - float(better["p"]), abs=1e-5)
    # of the other's five, its runs are ahead of 2.5, 4, 5, 5 and 5, a tie counting half
    assert float(better["superiority"]) == pytest.approx(0.86)
    assert (exact["exact"], exact["measured"], exact["p"]) == ("true", "1234", "")


@pytest.mark.parametrize(
    ("changes", "history"),
    [
        ({}, "before the runs that it judges)"),
        ({"runs_known": True}, "when earlier ones like them were known)"),
        # made-up seed 0 began on the first day: whatever the claim says, that run was known
        ({"set": "2020-01-02"}, "when some of the runs that it judges were known)"),
    ],
)
def test_every_bound_has_its_reason_and_its_history(read, results, changes, history):
    line = reasons(judge(read(CLAIM | changes), results))
    assert line.startswith("- it will remember: at least 0.5 (Below that it is chance.; set 2020-")
    assert line.endswith(history)
