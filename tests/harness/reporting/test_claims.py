"""Claims: read whole or refused, judged by four words, and written out with what was measured."""

import csv
import io
import math

import pytest
from records import fabricate, fabricate_study
from scipy import stats

from harness.errors import RunError
from harness.records.study_outputs import Table
from harness.reporting.claims import Claim, LeftOut, judge, load_claims
from harness.reporting.claims_tables import claims_blocks, claims_csv, reasons
from harness.reporting.conditions import equal_code
from harness.reporting.groups import PublishedResults, load_results
from harness.reporting.table import Table as ShownTable

WORDS = {
    "id": "memory",
    "source": "a-document",
    "statement": "it will remember",
    "quantity": "share that is kept",
    "why": "Below that it is chance.",
    "set": "2020-01-01",
    "runs_known": False,
}
CELL = {"table": "Kept", "row": "LSTM", "column": "far"}
OF_STUDY = WORDS | CELL | {"experiment": "recall"}
CLAIM = OF_STUDY | {"at_least": 0.5}
OF_NETWORK = WORDS | {"experiment": "imdb-net", "measure": "best_validation"}
DIFFERENCE = OF_NETWORK | {"minus": "imdb-base"}
ON_A_PAR = DIFFERENCE | {"test": "equivalence"}
BETTER = DIFFERENCE | {"test": "better"}
EXPERIMENTS = ("recall", "reading", "imdb-net", "imdb-base")
# mean 0.625, deviation 0.0884, t(4) = 2.776: 95 % interval 0.5153 to 0.7347
FIVE = (0.5, 0.625, 0.75, 0.625, 0.625)
NET = (0.80, 0.81, 0.82, 0.83, 0.84)
BASE = (0.78, 0.79, 0.80, 0.81, 0.82)
NEEDED = "of the 5 seeds that were fixed"


@pytest.fixture
def read(tmp_path):
    """Reads claims from text, or from the fields of each; a field that is None is left out."""

    def toml(claim) -> str:
        kept = {name: value for name, value in claim.items() if value is not None}
        texts = {n: str(v).lower() if isinstance(v, bool) else repr(v) for n, v in kept.items()}
        return "\n".join(["[[claim]]", *(f"{name} = {text}" for name, text in texts.items()), ""])

    def read(*claims):
        path = tmp_path / "claims.toml"
        texts = [claim if isinstance(claim, str) else toml(claim) for claim in claims]
        path.write_text("\n".join(texts), encoding="utf-8")
        return load_claims(path, EXPERIMENTS)

    return read


@pytest.fixture
def run(tmp_path):
    """Judges claims by made-up runs: the values of each experiment, one a seed."""

    def run(*claims, predictions=False, **values):
        for name, numbers in values.items():
            label = name.replace("_", "-")
            for seed, value in enumerate(numbers):
                if label == "recall":
                    table = Table("Kept", ["far"], {"LSTM": [value], "GRU": [None]})
                    fabricate_study(tmp_path, label, seed=seed, outputs=[table])
                else:
                    metric = "mae" if label.startswith("jena") else "accuracy"
                    about = {"best": value, "metric": metric, "predictions": predictions}
                    fabricate(tmp_path, label, seed=seed, **about)
        results = load_results(tmp_path, PublishedResults({}, {}))
        assert results.left_out == []
        return judge([Claim(**claim) for claim in claims], results)

    return run


def test_a_claim_is_read_with_all_its_fields(read):
    more = {"at_most": 1, "within": [0, math.inf], "row": ["LSTM", "GRU"], "statement": "{row}!"}
    left = '[[left_out]]\nsentence = "a"\nsource = "a-document"\nwhy = "theory"'
    (first, second, third), left_out = read(CLAIM | more, ON_A_PAR | {"margin": 0.05}, left)
    assert left_out == [LeftOut("a", "a-document", "theory")]
    assert (first.kind, first.seeds, first.ranks, first.by_design) == ("verdict", 5, False, {})
    assert (first.id, first.source, first.why) == ("memory", "a-document", WORDS["why"])
    assert (first.set, first.runs_known) == ("2020-01-01", False)
    # one for each of its rows
    cells = [(one.table, one.row, one.column, one.statement) for one in (first, second)]
    assert cells == [("Kept", "LSTM", "far", "LSTM!"), ("Kept", "GRU", "far", "GRU!")]
    assert (first.limits, first.within) == ((0.5, 1), (0, math.inf))
    assert (first.test, first.exact, first.primary) == ("bounds", False, False)
    assert (third.measure, third.minus, third.at_most) == ("best_validation", "imdb-base", None)
    assert (third.test, third.limits) == ("equivalence", (-0.05, 0.05))


# a misspelt list would check nothing
@pytest.mark.parametrize(
    "text",
    ["[[claim]", "claim = ['memory']", "[[claims]]\nid = 'memory'", "[[left_out]]\nwhy = 'x'"],
)
def test_a_file_that_is_no_list_of_claims_is_refused(read, text):
    with pytest.raises(RunError, match=r"claims\.toml"):
        read(text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"atleast": 0.9}, r"claim 2 \(memory\): field 'atleast' is unknown; known: .*at_least"),
        ({"why": None}, r"claim 2 \(memory\): field 'why' is missing"),
        ({"why": ""}, "field 'why' must be some words on one line, not ''"),
        ({"statement": " "}, "field 'statement' must be some words on one line"),
        ({"at_least": "0.9"}, "field 'at_least' must be a finite number"),
        ({"row": []}, "field 'row' must be a valid string"),  # no row would check nothing
        ({"within": [1, 0]}, "within must be a lower and a higher number"),
        ({"set": "20261124"}, "'set' must be a day such as 2026-11-24, not '20261124'"),
        ({"experiment": "recal"}, "there is no experiment 'recal'; known: recall, reading"),
        ({"test": "t-test"}, "must be 'bounds', 'equivalence', 'better' or 'share', not 't-"),
        ({"measure": "best_validation"}, "needs either table, row and column, or measure"),
        ({"minus": "imdb-base"}, "minus is for a measure"),  # it would not be subtracted
        ({"at_least": None}, "needs at_least or at_most for the test 'bounds'"),
        ({"seeds": 0}, "field 'seeds' must be greater than 0, not 0"),
        ({"kind": "fact"}, "must be 'verdict', 'definition' or 'illustration', not 'fact'"),
        ({"kind": "definition", "primary": True}, "primary is for a verdict, not for a definition"),
        ({"ranks": True}, "ranks and by_design are for the difference of two networks"),
        ({"test": "share", "primary": True}, "share is for the runs of one network, and not for a"),
        ({"test": "share"}, "share needs 6 seeds or more"),
        ({"at_least": 2, "at_most": 1}, "at_least 2 is above at_most 1"),
        ({"margin": 0.1}, "needs a margin for the test 'equivalence', and for no other"),
        ({"exact": True, "primary": True}, "exact is for bounds, and not for a primary claim"),
        ({"test": "better", "at_least": None}, "'better' needs minus, and as measure best_val"),
        (ON_A_PAR | dict.fromkeys(CELL) | {"at_least": None, "margin": 0}, "above 0, not 0"),
        (ON_A_PAR | dict.fromkeys(CELL) | {"margin": 1}, "needs at_least or at_most for the test"),
        (OF_NETWORK | dict.fromkeys(CELL) | {"within": [0, 1]}, "within is for a number of a"),
    ],
)
def test_a_claim_that_is_not_whole_is_refused_by_its_place(read, changes, message):
    with pytest.raises(RunError, match=message) as error:
        read(CLAIM, CLAIM | changes)
    assert "claims.toml" in str(error.value)


CROSSES = "not decided: the 95 % interval crosses a bound"
FEW = f"not decided: 4 {NEEDED}"
SHARE = CLAIM | {"test": "share", "seeds": 12}
BELOW, ABOVE = math.nextafter(0.5, 0), math.nextafter(0.5, 1)


@pytest.mark.parametrize(
    ("claim", "runs", "text"),
    [
        (OF_STUDY | {"at_least": 0.5}, FIVE, "holds"),
        (OF_STUDY | {"at_least": 0.55}, FIVE, CROSSES),
        (OF_STUDY | {"at_least": 0.75}, FIVE, "does not hold"),
        (OF_STUDY | {"at_most": 0.75}, FIVE, "holds"),
        (OF_STUDY | {"at_most": 0.55}, FIVE, CROSSES),
        (OF_STUDY | {"at_most": 0.5}, FIVE, "does not hold"),
        (OF_STUDY | {"at_least": 0.6, "at_most": 0.65}, FIVE, CROSSES),  # the interval is wider
        # four seeds decide nothing, however far from the bound
        (CLAIM, (0.9, 0.91, 0.9, 0.9), FEW),
        (CLAIM | {"primary": True}, (0.1, 0.11, 0.1, 0.1), FEW),
        (
            DIFFERENCE | {"at_least": 0},
            (0.8,),
            f"not decided: 1 {NEEDED} (imdb-net); 1 {NEEDED} (imdb-base)",
        ),
        # as many seeds as were fixed judge, of more the first ones
        (CLAIM | {"seeds": 6}, FIVE, "not decided: 5 of the 6 seeds that were fixed"),
        (CLAIM, (*FIVE, 0.1, 0.1), "holds"),
        (CLAIM | {"seeds": 3}, FIVE, "not decided: 3 of the 5 seeds that the rule needs"),
        # 10 of 12: 0.516 to 0.979 (Clopper and Pearson); one half counts as within
        (SHARE, (*(0.5,) * 10, 0.1, 0.1), "holds"),
        (SHARE, (*(0.5,) * 9, 0.1, 0.1, 0.1), CROSSES),
        (SHARE, (*(0.1,) * 10, 0.9, 0.9), "does not hold"),
        (SHARE, FIVE, "not decided: 5 of the 12 seeds that were fixed"),
        # without a verdict, by the same rule
        (CLAIM | {"kind": "illustration"}, FIVE, "agrees"),
        (CLAIM | {"kind": "illustration"}, FIVE[:4], f"open: 4 {NEEDED}"),
        (CLAIM | {"kind": "definition", "exact": True}, (BELOW,), "differs"),
        (CLAIM | {"kind": "definition", "experiment": "reading"}, FIVE, "not checked: no run of"),
        # an exact claim needs one run, and all must confirm it
        (CLAIM | {"exact": True}, (0.5,), "holds"),
        (CLAIM | {"exact": True}, (BELOW,), "does not hold"),
        (OF_STUDY | {"exact": True, "at_most": 0.5}, (0.5,), "holds"),
        (OF_STUDY | {"exact": True, "at_most": 0.5}, (ABOVE,), "does not hold"),
        (CLAIM | {"exact": True}, (0.5, 0.75, 0.5, 0.25), "does not hold"),
        # what no run measured, or on other data or by other settings
        (OF_NETWORK | {"at_least": 0, "speaks_of": {"epochs": 3}}, NET, "holds"),
        (
            OF_NETWORK | {"at_least": 0, "speaks_of": {"epochs": 2, "rows": 9}},
            NET,
            "not checkable: epochs 3 instead of 2, rows unknown instead of 9",
        ),
        (CLAIM | {"experiment": "reading"}, FIVE, "not checkable: no run of reading"),
        (CLAIM | {"experiment": "imdb-net"}, FIVE, "not checkable: no run of imdb-net"),
        (OF_NETWORK | {"experiment": "recall"}, FIVE, "not checkable: no run of recall"),
        (DIFFERENCE | {"minus": "imdb-lstm"}, NET, "not checkable: no run of imdb-lstm"),
        *(
            (CLAIM | {name: value}, FIVE, "not checkable: recall has no number in table '")
            for name, value in (("table", "Lost"), ("row", "RNN"), ("row", "GRU"), ("column", "x"))
        ),
    ],
)
def test_four_words_and_their_reasons(run, claim, runs, text):
    (verdict,) = run(claim, recall=runs, imdb_net=runs, imdb_base=runs)
    assert verdict.text.startswith(text)
    assert (verdict.measured is None) is text.startswith("not check")
    assert not ("seeds" in text and verdict.p)
    if NEEDED in text:
        assert verdict.measured.interval is None


def test_runs_of_several_codes_or_layers_have_no_verdict(run, tmp_path, monkeypatch):
    equal = tmp_path / "equal-code.toml"
    old, new = "a" * 64, "b" * 64
    listed = f'[[equal]]\ndigests = ["{old}", "{new}"]\ncompared = "all"\n'
    equal.write_text(listed, encoding="utf-8")
    for seed, best in enumerate(NET):
        made = {"training_code": old, "layers": "native"}
        fabricate(tmp_path, "imdb-net", seed=seed, best=best, environment=made)
        made = {"training_code": new, "layers": "fast"}
        fabricate(tmp_path, "imdb-base", seed=seed, best=best - 0.1, environment=made)
    at_least = DIFFERENCE | {"at_least": 0}
    claims = [
        at_least,
        at_least | {"exact": True},
        at_least | {"by_design": {"layers": "No loop."}},
    ]
    texts = [verdict.text for verdict in run(*claims)]
    assert texts[0] == "not decided: the runs differ in training code and layers"
    assert texts[1:] == ["holds", "not decided: the runs differ in training code"]
    monkeypatch.setattr("harness.reporting.conditions.EQUAL_CODE", equal)
    texts = [verdict.text for verdict in run(*claims)]
    assert texts == ["not decided: the runs differ in layers", "holds", "holds"]
    assert "chance.; No loop.; set" in reasons(run(claims[2]))
    file = tmp_path / "imdb-net/seed-0/environment.json"
    file.write_text(file.read_text("utf-8").replace("native", "fast"), encoding="utf-8")
    assert run(claims[2])[0].text == "not decided: the runs differ in layers"  # within one side
    alone, nothing = listed.replace(f', "{new}"', ""), listed.replace('"all"', '""')
    for wrong in (listed.replace(old, "a"), "[[same]]\n", 2 * listed, alone, nothing):
        equal_code.cache_clear()
        equal.write_text(wrong, encoding="utf-8")
        with pytest.raises(RunError, match=r"equal-code\.toml"):
            run(claims[2])


@pytest.mark.parametrize(
    ("ours", "theirs", "shift", "words"),
    [
        # a run that fails counts as one: the mean is lower here
        (
            [*(0.8 + i / 1e3 for i in range(11)), 0.2],
            [0.8 - i / 1e3 for i in range(12)],
            0,
            "holds",
        ),
        (NET, NET, 0, "not decided"),
        (NET, [value + 0.1 for value in NET], 0, "does not hold"),  # no pair otherwise
        (NET, BASE, 0.05, "holds"),
        (NET, [value - 0.1 for value in NET], 0.05, "does not hold"),
    ],
)
def test_ranks_judge_by_the_pairs_of_runs(run, ours, theirs, shift, words):
    claim = (ON_A_PAR | {"margin": shift} if shift else BETTER) | {"ranks": True}
    (verdict,) = run(claim | {"seeds": len(ours)}, imdb_net=ours, imdb_base=theirs)
    assert verdict.word == words
    if len(ours) == 12:
        assert verdict.measured.estimate.value < 0
        theirs = stats.brunnermunzel(ours, theirs, alternative="greater")
        assert verdict.p.holds == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize(("margin", "word"), [(0.05, "holds"), (0.005, "not decided")])
def test_a_side_without_seeds_is_judged_over_test_samples_too(run, tmp_path, margin, word):
    fabricate(tmp_path, "jena-base", epochs=0, best=0.3, metric="mae", predictions=True)
    on_a_par = ON_A_PAR | {"experiment": "jena-base", "minus": "jena-net", "margin": margin}
    for primary in (False, True):
        values = {} if primary else {"jena_net": (0.3, 0.301, 0.302, 0.3, 0.299)}
        (verdict,) = run(on_a_par | {"primary": primary}, **values, predictions=True)
        assert verdict.p.holds < 0.001  # over seeds
        assert verdict.word == word
        assert verdict.text.endswith("crosses a bound") is (word == "not decided")


def test_no_interval_reaches_beyond_what_is_possible(run):
    nearly_all = (1.0, 1.0, 0.9, 1.0, 1.0)
    claims = [CLAIM | {"within": (0, 1)}, OF_NETWORK | {"at_least": 0.5}]
    for verdict in run(*claims, recall=nearly_all, imdb_net=nearly_all):
        assert verdict.measured.interval == pytest.approx((0.98 - 0.05553, 1), abs=1e-4)
    (verdict,) = run(DIFFERENCE | {"at_least": -1}, imdb_base=(0.0, 0.5, 0.0, 0.0, 0.0, 0.0))
    assert verdict.measured.estimate.interval()[1] > 1
    assert verdict.measured.interval[1] == 1


def test_networks_are_not_paired_by_their_seeds(run):
    base = (0.79, 0.82, 0.80, 0.78, 0.81)  # another order
    (verdict,) = run(DIFFERENCE | {"at_least": 0}, imdb_net=NET, imdb_base=base)
    theirs = stats.ttest_ind(NET, base, equal_var=False)
    ends = theirs.confidence_interval(0.95)
    assert verdict.measured.interval == pytest.approx((ends.low, ends.high))
    assert verdict.p.holds == pytest.approx(theirs.pvalue / 2)
    assert verdict.word == ("holds" if ends.low >= 0 else "not decided")


@pytest.mark.parametrize(
    ("margin", "word"), [(0.05, "holds"), (0.02, "not decided"), (1e-6, "does not hold")]
)
def test_on_a_par_is_two_one_sided_tests(run, margin, word):
    base = (0.79, 0.82, 0.80, 0.78, 0.81) if margin > 1e-6 else [v - 0.1 for v in NET]
    (verdict,) = run(ON_A_PAR | {"margin": margin}, imdb_net=NET, imdb_base=base)
    higher, lower = ([v + shift for v in NET] for shift in (margin, -margin))
    above = stats.ttest_ind(higher, base, equal_var=False, alternative="greater")
    below = stats.ttest_ind(lower, base, equal_var=False, alternative="less")
    assert verdict.p.holds == pytest.approx(max(above.pvalue, below.pvalue))
    assert verdict.word == word


@pytest.mark.parametrize(
    ("base", "expected"), [(0.03, "holds"), (0.01, "not decided"), (-0.03, "does not hold")]
)
def test_better_is_higher_in_accuracy_and_lower_in_error(run, base, expected):
    ours = {"imdb_net": NET, "jena_net": [round(1 - value, 2) for value in NET]}
    theirs = {"imdb_base": [round(value - base, 2) for value in NET]}
    theirs["jena_base"] = [round(1 - value, 2) for value in theirs["imdb_base"]]
    of_jena = BETTER | {"experiment": "jena-net", "minus": "jena-base"}
    accuracy, error = run(BETTER, of_jena, **ours, **theirs)
    assert accuracy.word == error.word == expected
    side = stats.ttest_ind(NET, theirs["imdb_base"], equal_var=False, alternative="greater")
    for verdict in (accuracy, error):
        assert verdict.p == pytest.approx((side.pvalue, 1 - side.pvalue))
    assert accuracy.measured.superiority == pytest.approx(error.measured.superiority)
    assert accuracy.measured.effect == pytest.approx(-error.measured.effect)


def test_primary_claims_share_their_five_percent(run):
    p = stats.ttest_ind(NET, BASE, equal_var=False, alternative="greater").pvalue  # 0.040
    primary, missing = BETTER | {"primary": True}, BETTER | {"primary": True, "minus": "imdb-lstm"}
    alone, *_ = run(primary, BETTER, imdb_net=NET, imdb_base=BASE)
    assert alone.text == f"holds: adjusted p {p:.3g}"
    # one without runs makes the others no easier
    for other in (primary, missing):
        one, two = run(primary, other)
        assert (one.p.holds, one.adjusted.holds) == pytest.approx((p, 2 * p))
        assert one.text == f"not decided: adjusted p (holds) {2 * p:.3g}, adjusted p (fails) 1"
    assert two.text == "not checkable: no run of imdb-lstm"


def test_a_primary_bound_is_decided_by_its_one_sided_test(run):
    # mean 0.625: t = (0.625 - 0.54) / 0.03953 = 2.150, one-sided p 0.049; the interval crosses
    bound = OF_STUDY | {"at_least": 0.54}
    primary, other = run(bound | {"primary": True}, bound, recall=FIVE)
    assert primary.adjusted.holds == pytest.approx(stats.t.sf(2.150, 4), abs=1e-4)
    assert (primary.word, other.word) == ("holds", "not decided")
    (both,) = run(bound | {"primary": True, "at_most": 0.72})
    assert both.p.holds == pytest.approx(stats.t.sf(2.150, 4), abs=1e-4)  # the larger one


def test_a_baseline_without_epochs_needs_one_run(run, tmp_path):
    fabricate(tmp_path, "imdb-base", epochs=0, best=0.75)
    alone = stats.ttest_1samp(NET, 0.75, alternative="greater")
    difference, base = run(
        BETTER, OF_NETWORK | {"experiment": "imdb-base", "at_least": 0.5}, imdb_net=NET
    )
    assert (difference.word, base.text) == ("holds", "holds")
    assert difference.p.holds == pytest.approx(alone.pvalue)


def test_a_run_of_another_protocol_decides_only_about_claims_that_name_it(run, tmp_path):
    changed = {"variant": {"steps": 5}}
    table = Table("Kept", ["far"], {"LSTM": [0.25]})
    fabricate_study(tmp_path, "recall", outputs=[table], config=changed)
    standard, variant = run(CLAIM, CLAIM | {"experiment": "recall+steps-5"}, recall=FIVE)
    assert (standard.measured.estimate.value, variant.measured.estimate.value) == (0.625, 0.25)


def test_a_measure_that_no_record_has_is_one_clear_error(run):
    with pytest.raises(RunError, match=r"imdb-net/seed-0/metrics.json has no number 'best_vali'"):
        run(OF_NETWORK | {"measure": "best_vali", "at_least": 0.5}, imdb_net=NET)


def test_networks_and_seeds_on_different_copies_of_the_data_are_not_compared(run, tmp_path):
    for seed in range(5):
        fabricate(tmp_path, "imdb-other", seed=seed, sha256="a" * 64)
    claims = [DIFFERENCE | {"minus": "imdb-other"}, OF_NETWORK]
    other, alone = run(*[one | {"at_least": 0} for one in claims], imdb_net=NET)
    assert other.word == "not checkable"
    assert "imdb-net/seed-0 on 00000000 and imdb-other/seed-0 on aaaaaaaa" in other.reason
    assert alone.word == "holds"
    fabricate(tmp_path, "imdb-net", seed=5, sha256="b" * 64)
    (mixed,) = run(OF_NETWORK | {"at_least": 0})
    assert mixed.reason.endswith("folders: imdb-net+data-00000000 and imdb-net+data-bbbbbbbb")


def test_networks_tested_on_other_samples_are_not_subtracted(run, tmp_path):
    for name in ("jena-net", "jena-base"):
        file = fabricate(tmp_path, name, metric="mae", predictions=True) / "predictions.json"
    file.write_text(file.read_text("utf-8").replace("2015-W02", "2015-W03"), "utf-8")
    (verdict,) = run(DIFFERENCE | {"experiment": "jena-net", "minus": "jena-base", "at_least": 0})
    assert verdict.reason == "the runs were not tested on the same samples: jena-net, jena-base"


def test_the_csv_file_has_every_claim_with_its_number(run):
    base = [*BASE[:4], 0.81]
    verdicts = run(
        CLAIM | {"source": "a-document, another", "statement": "it | will"},
        DIFFERENCE | {"at_least": 0.5, "at_most": 1},
        OF_NETWORK | {"experiment": "imdb-few", "at_least": 0.25},
        CLAIM | {"experiment": "reading", "why": 'A "word", and more.'},
        ON_A_PAR | {"primary": True, "margin": 0.05},
        BETTER | {"primary": True},
        OF_NETWORK | {"measure": "parameters", "at_least": 1234, "exact": True},
        **{"recall": FIVE, "imdb_net": NET, "imdb_base": base, "imdb_few": NET[:2]},
        predictions=True,
    )
    text = claims_csv(verdicts)
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
def test_every_bound_has_its_reason_and_its_history(run, changes, history):
    line = reasons(run(CLAIM | changes, recall=FIVE))
    assert line.startswith("- it will remember: at least 0.5 (Below that it is chance.; set 2020-")
    assert line.endswith(history)


def test_the_rows_are_counted_by_kind_and_result(run):
    checked = CLAIM | {"kind": "definition", "exact": True}
    changed = CLAIM | {"at_least": 0.75, "runs_known": True}
    verdicts = run(CLAIM, CLAIM, changed, checked, recall=FIVE)
    blocks = claims_blocks(verdicts, [LeftOut("a sentence", "a-document, another", "theory")])
    count, judged, definitions, left_out = (one for one in blocks if isinstance(one, ShownTable))
    assert count.rows == [
        ["Verdicts", "3", "1", "holds 2, does not hold 1"],
        ["Definitions", "1", "0", "agrees 1"],
        ["Illustrations", "0", "0", ""],
        ["Left out", "1", "", ""],
    ]
    assert [len(one.rows) for one in (judged, definitions)] == [3, 1]
    assert dict(zip(judged.columns, judged.rows[0], strict=True))["Seeds fixed"] == "5"
    assert left_out.rows == [["a sentence (`a-document`, `another`)", "theory"]]
