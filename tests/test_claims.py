"""Claims: read whole or refused, judged by the mean of what was measured, and written out."""

import csv
import io
import math

import pytest
from records import fabricate, fabricate_study

from harness.claims import judge, load_claims
from harness.errors import RunError
from harness.exhibits import Lines, Series, Table
from harness.groups import Spread
from harness.ideas import claims_table, reasons
from harness.results import load_results
from harness.summary import Catalogue
from harness.tables import claims_csv

WORDS = {
    "id": "memory",
    "source": "a-document",
    "statement": "it will remember",
    "experiment": "recall",
    "quantity": "share that is kept",
    "why": "Below that it is chance.",
}
CELL = {"table": "Kept", "row": "LSTM", "column": "400 steps"}
STRADDLES = "; interval crosses a bound"
CLAIM = WORDS | CELL | {"at_least": 0.5}
OF_NETWORKS = WORDS | {"experiment": "imdb-net", "measure": "best_validation", "at_least": 0.5}


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
        return load_claims(path)

    return read


@pytest.fixture
def results(tmp_path):
    """Two seeds of a study and of a variant of it, and seeds of two networks, some in common."""
    path = tmp_path / "results"

    def kept(at_400):
        rows = {"LSTM": [1.0, at_400], "SimpleRNN": [0.5, None]}
        curve = Lines("Kept over time", "steps", "share", [Series("LSTM", [400], [0.125])])
        return [curve, Table("Kept", ["10 steps", "400 steps"], rows)]

    for seed, value in enumerate((0.5, 0.75)):
        fabricate_study(path, "recall", seed=seed, exhibits=kept(value))
        changed = {"variant": {"steps": 5}}
        fabricate_study(path, "recall", seed=seed, exhibits=kept(0.25), config=changed)
    for seed, best in {0: 0.5, 1: 0.75, 2: 1.0}.items():
        fabricate(path, "imdb-net", seed=seed, best=best)
    for seed, best in {1: 0.5, 2: 0.25, 3: 0.125}.items():
        fabricate(path, "imdb-base", seed=seed, best=best)
    fabricate(path, "imdb-late", seed=7, best=0.5)
    found, left_out = load_results(path, Catalogue({}, {}))
    assert left_out == []
    return found


def number(claims, results) -> Spread | None:
    (one,) = judge(claims, results)
    return one.measured


def verdict(claims, results) -> str:
    (one,) = judge(claims, results)
    return one.text


def test_a_claim_is_read_with_all_its_fields(read):
    first, second = read(CLAIM | {"at_most": 1}, OF_NETWORKS | {"minus": "imdb-base"})
    assert (first.id, first.source, first.why) == ("memory", "a-document", WORDS["why"])
    assert (first.table, first.row, first.column) == ("Kept", "LSTM", "400 steps")
    assert (first.at_least, first.at_most) == (0.5, 1)
    assert (second.measure, second.minus, second.at_most) == ("best_validation", "imdb-base", None)


def test_bounds_are_written_in_words(read):
    assert read(CLAIM)[0].bounds == "at least 0.5"
    assert read(CLAIM | {"at_least": None, "at_most": 1e-05})[0].bounds == "at most 1e-05"
    assert read(CLAIM | {"at_most": 2})[0].bounds == "at least 0.5, at most 2"
    assert read(CLAIM | {"at_least": 0})[0].bounds == "at least 0"  # zero is a bound


def test_several_numbers_may_decide_about_one_claim(read):
    assert [claim.id for claim in read(CLAIM, OF_NETWORKS)] == ["memory", "memory"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"atleast": 0.9}, r"claim 2 \(memory\) has no field 'atleast'; known: .*at_least"),
        ({"why": None}, r"claim 2 \(memory\) lacks why"),
        ({"why": None, "source": None}, r"lacks source, why"),
        ({"id": None}, r"claim 2 \(without id\) lacks id"),
        ({"statement": 3}, "statement has the wrong type: 3"),
        ({"row": ["LSTM"]}, "row has the wrong type"),
        ({"at_least": "0.9"}, "at_least has the wrong type: '0.9'"),
        ({"at_least": True}, "at_least"),
        ({"at_most": math.nan}, "at_most"),
        ({"measure": "best_validation"}, "needs either table, row and column, or measure"),
        ({"table": None, "row": None, "column": None}, "needs either table, row and column"),
        ({"column": None}, "needs either table, row and column"),
        ({"column": None, "measure": "best_validation"}, "needs either table, row and column"),
        ({"minus": "imdb-base"}, "minus"),  # it would be read and not subtracted
        ({"at_least": None}, "needs at_least or at_most"),
    ],
)
def test_a_claim_that_is_not_whole_is_refused_by_its_place(read, changes, message):
    with pytest.raises(RunError, match=message) as error:
        read(CLAIM, CLAIM | changes)
    assert "claims.toml" in str(error.value)


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


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"cannot read .*nowhere\.toml: No such file"):
        load_claims(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("bounds", "value", "expected"),
    [
        ({"at_least": 0.5}, 0.5, "holds"),
        ({"at_least": 0.5}, math.nextafter(0.5, 0), "does not hold"),
        ({"at_least": 0.5}, 1e9, "holds"),
        ({"at_most": 0.5}, 0.5, "holds"),
        ({"at_most": 0.5}, math.nextafter(0.5, 1), "does not hold"),
        ({"at_most": 0.5}, -1e9, "holds"),
        ({"at_least": 0.25, "at_most": 0.5}, 0.25, "holds"),
        ({"at_least": 0.25, "at_most": 0.5}, 0.5, "holds"),
        ({"at_least": 0.25, "at_most": 0.5}, 0.125, "does not hold"),
        ({"at_least": 0.25, "at_most": 0.5}, 0.75, "does not hold"),
        ({"at_least": 0}, -1e-9, "does not hold"),
        ({"at_most": 0}, 1e-9, "does not hold"),
    ],
)
def test_a_claim_holds_up_to_its_bounds_and_no_further(read, bounds, value, expected):
    (claim,) = read(CLAIM | {"at_least": None} | bounds)
    assert claim.verdict(Spread((value,))) == expected


def test_the_verdict_is_about_the_mean_over_the_seeds(read, results):
    # 0.5 and 0.75, of which one alone is above and one alone below
    claims = read(CLAIM | {"at_least": 0.6, "at_most": 0.65})
    assert number(claims, results).values == (0.5, 0.75)
    assert verdict(claims, results) == "holds" + STRADDLES
    assert verdict(read(CLAIM | {"at_least": 0.63}), results) == "does not hold" + STRADDLES
    at_most = {"at_least": None, "at_most": 0.62}
    assert verdict(read(CLAIM | at_most), results) == "does not hold" + STRADDLES


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"at_least": -0.5}, "holds"),
        ({"at_least": 0}, "holds" + STRADDLES),
        ({"at_least": 1}, "does not hold" + STRADDLES),
        ({"at_least": 2}, "does not hold"),
        ({"at_most": 2}, "holds"),
        ({"at_most": 1}, "holds" + STRADDLES),
        ({"at_most": 0}, "does not hold" + STRADDLES),
        ({"at_most": -0.5}, "does not hold"),
        ({"at_least": -0.5, "at_most": 2}, "holds"),
        ({"at_least": 0, "at_most": 2}, "holds" + STRADDLES),
        ({"at_least": 1, "at_most": 1.5}, "does not hold" + STRADDLES),  # the interval is wider
        ({"at_least": 2, "at_most": 3}, "does not hold"),
    ],
)
def test_a_verdict_says_where_its_interval_lies_on_both_sides_of_a_bound(read, bounds, expected):
    (claim,) = read(CLAIM | {"at_least": None} | bounds)
    # Student's t for three values is 4.303: 0.625 ± 4.303 * 0.375 / sqrt(3), or -0.31 to 1.56
    assert claim.verdict(Spread((0.25, 0.625, 1.0))) == expected


def test_seeds_that_agree_leave_a_verdict_as_it_is(read):
    (claim,) = read(CLAIM | {"at_most": 0.5})
    assert claim.verdict(Spread((0.5, 0.5, 0.5))) == "holds"


def test_a_run_of_another_protocol_decides_only_about_claims_that_name_it(read, results):
    # without its variant, the label is that of the protocol itself
    assert number(read(CLAIM), results).mean == 0.625
    assert number(read(CLAIM | {"experiment": "recall+steps-5"}), results).mean == 0.25


def test_a_number_of_a_network_is_read_from_its_metrics(read, results):
    assert number(read(OF_NETWORKS), results).values == (0.5, 0.75, 1.0)
    # fabricated records lose 0.005 from the best validation to the test at best
    at_best = number(read(OF_NETWORKS | {"measure": "test_at_best"}), results)
    assert at_best.values == pytest.approx((0.495, 0.745, 0.995))


def test_another_network_is_subtracted_seed_by_seed(read, results):
    claims = read(OF_NETWORKS | {"minus": "imdb-base"})
    # seeds 1 and 2 are of both: 0.75 - 0.5 and 1 - 0.25
    assert number(claims, results).values == (0.25, 0.75)
    assert verdict(claims, results) == "holds" + STRADDLES


@pytest.mark.parametrize(
    "claim",
    [
        CLAIM | {"experiment": "reading"},
        CLAIM | {"table": "Lost"},
        CLAIM | {"row": "GRU"},
        CLAIM | {"column": "800 steps"},
        CLAIM | {"row": "SimpleRNN"},  # there, but empty in every seed
        CLAIM | {"experiment": "imdb-net"},  # a network has no tables
        OF_NETWORKS | {"experiment": "imdb-lstm"},
        OF_NETWORKS | {"minus": "imdb-lstm"},
        OF_NETWORKS | {"minus": "imdb-late"},  # no seed in common
        OF_NETWORKS | {"experiment": "recall"},  # a study has no such measure
    ],
)
def test_what_no_run_measured_is_neither_true_nor_false(read, results, claim):
    claims = read(claim)
    assert number(claims, results) is None
    assert verdict(claims, results) == "not measured"


def test_a_measure_that_no_record_has_is_one_clear_error(read, results):
    with pytest.raises(RunError, match="best_validaton"):
        judge(read(OF_NETWORKS | {"measure": "best_validaton"}), results)


@pytest.fixture
def claims(read):
    """One that holds, one that does not, one that was not measured."""
    return read(
        CLAIM | {"source": "a-document, another", "statement": "it | will"},
        OF_NETWORKS | {"minus": "imdb-base", "at_least": 0.6, "at_most": 1},
        CLAIM | {"experiment": "reading", "why": 'A "word", and more.'},
    )


def test_the_csv_file_has_every_claim_with_its_number(claims, results):
    text = claims_csv(claims, results)
    kept, networks, reading = csv.DictReader(io.StringIO(text))
    assert "\r" not in text
    assert (kept["id"], kept["source"]) == ("memory", "a-document, another")
    assert (kept["statement"], kept["quantity"]) == ("it | will", "share that is kept")
    assert (kept["experiment"], kept["verdict"]) == ("recall", "holds" + STRADDLES)
    # 0.5 and 0.75: mean 0.625, deviation 0.25 / sqrt(2), interval ± 12.7062 * 0.25 / 2
    assert (kept["measured"], kept["sd"], kept["n"]) == ("0.625", "0.176777", "2")
    assert (kept["interval_low"], kept["interval_high"]) == ("-0.963276", "2.21328")
    assert (kept["at_least"], kept["at_most"]) == ("0.5", "")
    assert (networks["measured"], networks["n"]) == ("0.5", "2")
    assert (networks["at_least"], networks["at_most"]) == ("0.6", "1")
    assert networks["verdict"] == "does not hold" + STRADDLES
    assert (reading["measured"], reading["sd"], reading["n"]) == ("", "", "0")
    assert (reading["interval_low"], reading["interval_high"]) == ("", "")
    assert (reading["verdict"], reading["why"]) == ("not measured", 'A "word", and more.')


def test_one_seed_has_neither_deviation_nor_interval_in_the_csv_file(read, results):
    claims = read(OF_NETWORKS | {"experiment": "imdb-late"})
    (line,) = csv.DictReader(io.StringIO(claims_csv(claims, results)))
    assert (line["measured"], line["sd"], line["n"]) == ("0.5", "", "1")
    assert (line["interval_low"], line["interval_high"]) == ("", "")


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
    kept, networks, reading = rows(claims_table(claims, results))
    assert kept == {
        "The documents say": "it ¦ will (`a-document`, `another`)",
        "Measured": "share that is kept",
        "Value": "0.6250 ± 0.18",
        "n": "2",
        "95 % interval": "-0.9633 to 2.213",
        "Holds if": "at least 0.5",
        "Verdict": "holds" + STRADDLES,
        "Run": "recall",
        "Notes": "1",
    }
    assert networks["Run"] == "imdb-net − imdb-base"
    assert networks["Holds if"] == "at least 0.6, at most 1"
    assert networks["Verdict"] == "does not hold" + STRADDLES
    assert (reading["Value"], reading["n"], reading["Verdict"]) == ("–", "0", "not measured")
    assert reading["95 % interval"] == "–"


def test_the_notes_of_the_runs_stand_once_below_the_table(read, tmp_path):
    for name in ("imdb-net", "imdb-base"):
        fabricate(tmp_path, name, data_notes=("Rebuilt file.",))
    results, _ = load_results(tmp_path, Catalogue({}, {}))
    claims = read(OF_NETWORKS, OF_NETWORKS | {"experiment": "imdb-base"})
    table = claims_table(claims, results)
    assert [line["Notes"] for line in rows(table)] == ["1", "1"]
    assert table.endswith("\n\n1. Rebuilt file.")


def test_runs_on_different_data_are_not_checked_and_the_table_says_why(read, tmp_path):
    for seed, sha256 in enumerate(("a" * 64, "b" * 64)):
        fabricate(tmp_path, "imdb-net", seed=seed, sha256=sha256)
    results, _ = load_results(tmp_path, Catalogue({}, {}))
    table = claims_table(read(OF_NETWORKS), results)
    assert rows(table)[0]["Verdict"] == "not measured"
    assert "different copies of the data" in table


def test_every_bound_has_its_reason(claims):
    kept, networks, _ = reasons(claims).splitlines()
    assert kept == "- it | will: at least 0.5 (Below that it is chance.)"
    assert "at least 0.6, at most 1" in networks
