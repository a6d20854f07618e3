"""Verdicts: four words, each for its reason, and p-values where a test decides."""

import math

import pytest
from records import fabricate, fabricate_study
from scipy import stats

from harness.errors import RunError
from harness.records.study_outputs import Table
from harness.reporting.claims import Claim, judge
from harness.reporting.groups import PublishedResults, load_results

WORDS = {"id": "one", "source": "a-document", "statement": "it will", "quantity": "share"}
WORDS |= {"why": "Below that it is chance.", "set": "2020-01-01", "runs_known": True}
OF_STUDY = WORDS | {"experiment": "recall", "table": "Kept", "row": "LSTM", "column": "far"}
OF_NETWORK = WORDS | {"experiment": "imdb-net", "measure": "best_validation"}
DIFFERENCE = OF_NETWORK | {"minus": "imdb-base"}
ON_A_PAR = DIFFERENCE | {"test": "equivalence"}
BETTER = DIFFERENCE | {"test": "better"}
# mean 0.625, deviation 0.0884, t(4) = 2.776: 95 % interval 0.5153 to 0.7347
FIVE = (0.5, 0.625, 0.75, 0.625, 0.625)
NET = (0.80, 0.81, 0.82, 0.83, 0.84)


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
        results, left_out = load_results(tmp_path, PublishedResults({}, {}))
        assert left_out == []
        return judge([Claim(**claim) for claim in claims], results)

    return run


def word(verdicts) -> str:
    (one,) = verdicts
    return one.word


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"at_least": 0.5}, "holds"),
        ({"at_least": 0.55}, "not decided"),
        ({"at_least": 0.75}, "does not hold"),
        ({"at_most": 0.75}, "holds"),
        ({"at_most": 0.55}, "not decided"),
        ({"at_most": 0.5}, "does not hold"),
        ({"at_least": 0.5, "at_most": 0.75}, "holds"),
        ({"at_least": 0.6, "at_most": 0.65}, "not decided"),  # the interval is wider
    ],
)
def test_an_interval_across_a_bound_decides_nothing(run, bounds, expected):
    (verdict,) = run(OF_STUDY | bounds, recall=FIVE)
    assert verdict.word == expected
    crosses = "the 95 % interval crosses a bound" if expected == "not decided" else ""
    assert verdict.reason == crosses
    assert verdict.adjusted is None


@pytest.mark.parametrize("value", [0.9, 0.1])
def test_four_seeds_decide_nothing_however_far_from_the_bound(run, value):
    claims = [OF_STUDY | {"at_least": 0.5}, OF_STUDY | {"at_least": 0.5, "primary": True}]
    for verdict in run(*claims, recall=(value, value + 0.01, value, value)):
        assert verdict.text == "not decided: 4 seeds of the 5 that the rule needs"
        assert (verdict.p, verdict.adjusted) == (None, None)
        assert verdict.measured.interval is None


def test_both_networks_need_their_seeds(run):
    (verdict,) = run(DIFFERENCE | {"at_least": 0}, imdb_net=NET[:2], imdb_base=NET[:1])
    needed = "of the 5 that the rule needs"
    assert verdict.reason == f"2 seeds {needed} (imdb-net); 1 seed {needed} (imdb-base)"


@pytest.mark.parametrize(
    ("bounds", "value", "expected"),
    [
        ({"at_least": 0.5}, 0.5, "holds"),
        ({"at_least": 0.5}, math.nextafter(0.5, 0), "does not hold"),
        ({"at_most": 0.5}, 0.5, "holds"),
        ({"at_most": 0.5}, math.nextafter(0.5, 1), "does not hold"),
    ],
)
def test_an_exact_claim_needs_one_run_and_holds_up_to_its_bounds(run, bounds, value, expected):
    (verdict,) = run(OF_STUDY | {"exact": True} | bounds, recall=(value,))
    assert verdict.text == expected


def test_every_run_must_confirm_an_exact_claim(run):
    claim = OF_STUDY | {"exact": True, "at_least": 0.5}
    (verdict,) = run(claim, recall=(0.5, 0.75, 0.5, 0.25))
    assert verdict.word == "does not hold"
    assert verdict.measured.values == (0.5, 0.75, 0.25)


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ({"epochs": 3}, ""),
        ({"epochs": 2, "rows": 9}, "epochs 3 instead of 2, rows unknown instead of 9"),
    ],
)
def test_a_sentence_on_other_data_or_settings_is_not_checkable(run, conditions, reason):
    (verdict,) = run(OF_NETWORK | {"at_least": 0, "speaks_of": conditions}, imdb_net=NET)
    assert verdict.text == (f"not checkable: {reason}" if reason else "holds")


def test_a_verdict_on_runs_of_several_commits_says_so(run, tmp_path):
    fabricate(tmp_path, "imdb-net", seed=9, best=0.82, environment={"commit": "d" * 40})
    claims = [OF_NETWORK | {"at_least": 0}, OF_NETWORK | {"at_least": 0, "exact": True}]
    mixed, exact = run(*claims, imdb_net=NET)
    assert (mixed.text, exact.text) == ("holds; the runs differ in commit", "holds")


def test_no_interval_reaches_beyond_what_is_possible(run):
    nearly_all = (1.0, 1.0, 0.9, 1.0, 1.0)
    claims = [OF_STUDY | {"at_least": 0.5, "within": (0, 1)}, OF_NETWORK | {"at_least": 0.5}]
    for verdict in run(*claims, recall=nearly_all, imdb_net=nearly_all):
        assert verdict.measured.interval == pytest.approx((0.98 - 0.05553, 1), abs=1e-4)
    difference = DIFFERENCE | {"at_least": -1}
    (verdict,) = run(difference, imdb_base=(0.0, 0.5, 0.0, 0.0, 0.0, 0.0))
    assert verdict.measured.estimate.interval()[1] > 1
    assert verdict.measured.interval[1] == 1


def test_networks_are_not_paired_by_their_seeds(run):
    base = (0.79, 0.82, 0.80, 0.78, 0.81, 0.80)  # another order and another number of seeds
    (verdict,) = run(DIFFERENCE | {"at_least": 0}, imdb_net=NET, imdb_base=base)
    theirs = stats.ttest_ind(NET, base, equal_var=False)
    ends = theirs.confidence_interval(0.95)
    assert verdict.measured.estimate.value == pytest.approx(0.02)
    assert verdict.measured.interval == pytest.approx((ends.low, ends.high))
    assert verdict.p.holds == pytest.approx(theirs.pvalue / 2)
    assert verdict.word == ("holds" if ends.low >= 0 else "not decided")


@pytest.mark.parametrize(
    ("margin", "word"), [(0.05, "holds"), (0.02, "not decided"), (1e-6, "does not hold")]
)
def test_on_a_par_is_two_one_sided_tests(run, margin, word):
    base = (0.79, 0.82, 0.80, 0.78, 0.81, 0.80) if margin > 1e-6 else [v - 0.1 for v in NET]
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
        assert verdict.p.holds == pytest.approx(side.pvalue)
        assert verdict.p.fails == pytest.approx(1 - side.pvalue)
    assert accuracy.measured.superiority == pytest.approx(error.measured.superiority)
    assert accuracy.measured.effect == pytest.approx(-error.measured.effect)


def test_primary_claims_share_their_five_percent(run):
    base = [round(value - 0.02, 2) for value in NET]
    runs = {"imdb_net": NET, "imdb_base": base}
    p = stats.ttest_ind(NET, base, equal_var=False, alternative="greater").pvalue  # 0.040
    alone, *_ = run(BETTER | {"primary": True}, BETTER, **runs)
    assert alone.text == f"holds: adjusted p {p:.3g}"
    for one in run(*[BETTER | {"primary": True}] * 2):
        assert one.p.holds == pytest.approx(p)
        assert one.adjusted.holds == pytest.approx(2 * p)
        assert one.text == f"not decided: adjusted p (holds) {2 * p:.3g}, adjusted p (fails) 1"


def test_a_primary_claim_without_runs_makes_the_others_no_easier(run):
    base = [round(value - 0.02, 2) for value in NET]
    missing = BETTER | {"primary": True, "minus": "imdb-lstm"}
    primary, none = run(BETTER | {"primary": True}, missing, imdb_net=NET, imdb_base=base)
    assert primary.adjusted.holds == pytest.approx(2 * primary.p.holds)
    assert none.text == "not checkable: no run of imdb-lstm"


def test_a_primary_bound_is_decided_by_its_one_sided_test(run):
    # mean 0.625: t = (0.625 - 0.54) / 0.03953 = 2.150, one-sided p 0.049; the interval crosses
    bound = OF_STUDY | {"at_least": 0.54}
    primary, other = run(bound | {"primary": True}, bound, recall=FIVE)
    assert primary.adjusted.holds == pytest.approx(stats.t.sf(2.150, 4), abs=1e-4)
    assert (primary.word, other.word) == ("holds", "not decided")
    both = bound | {"primary": True, "at_most": 0.72}
    (verdict,) = run(both)
    assert verdict.p.holds == pytest.approx(stats.t.sf(2.150, 4), abs=1e-4)  # the larger one


def test_a_baseline_without_epochs_needs_one_run(run, tmp_path):
    fabricate(tmp_path, "imdb-base", epochs=0, best=0.75)
    (verdict,) = run(BETTER, imdb_net=NET)
    alone = stats.ttest_1samp(NET, 0.75, alternative="greater")
    assert verdict.word == "holds"
    assert verdict.p.holds == pytest.approx(alone.pvalue)
    (verdict,) = run(OF_NETWORK | {"experiment": "imdb-base", "at_least": 0.5})
    assert verdict.text == "holds"


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (OF_STUDY | {"experiment": "reading"}, "no run of reading"),
        (OF_STUDY | {"experiment": "imdb-net"}, "no run of imdb-net"),  # it has no tables
        (OF_NETWORK | {"experiment": "recall"}, "no run of recall"),
        (DIFFERENCE | {"minus": "imdb-lstm"}, "no run of imdb-lstm"),
        (OF_STUDY | {"table": "Lost"}, "recall has no number in table 'Lost', row 'LSTM'"),
        (OF_STUDY | {"row": "RNN"}, "recall has no number in table 'Kept', row 'RNN'"),
        (OF_STUDY | {"row": "GRU"}, "recall has no number in"),  # empty in every seed
        (OF_STUDY | {"column": "near"}, "row 'LSTM', column 'near'"),
    ],
)
def test_what_no_run_measured_is_not_checkable(run, claim, reason):
    (verdict,) = run(claim | {"at_least": 0.5}, recall=FIVE, imdb_net=NET)
    assert verdict.word == "not checkable"
    assert reason in verdict.reason
    assert verdict.measured is None


def test_a_run_of_another_protocol_decides_only_about_claims_that_name_it(run, tmp_path):
    changed = {"variant": {"steps": 5}}
    table = Table("Kept", ["far"], {"LSTM": [0.25]})
    fabricate_study(tmp_path, "recall", outputs=[table], config=changed)
    claims = [OF_STUDY, OF_STUDY | {"experiment": "recall+steps-5"}]
    standard, variant = run(*[claim | {"at_least": 0.5} for claim in claims], recall=FIVE)
    assert standard.measured.estimate.value == 0.625
    assert variant.measured.estimate.value == 0.25


def test_a_measure_that_no_record_has_is_one_clear_error(run):
    with pytest.raises(RunError, match="a claim asks for 'best_validaton', which is no number of"):
        run(OF_NETWORK | {"measure": "best_validaton", "at_least": 0.5}, imdb_net=NET)


def move(path, sha256):
    """Lets a record be of another copy of the data."""
    file = path / "data.json"
    file.write_text(file.read_text("utf-8").replace("0" * 64, sha256 * 64), "utf-8")


def test_networks_and_seeds_on_different_copies_of_the_data_are_not_compared(run, tmp_path):
    for seed in range(5):
        path = fabricate(tmp_path, "imdb-other", seed=seed, predictions=True)
        move(path, "a")
    claims = [DIFFERENCE | {"minus": "imdb-other"}, OF_NETWORK]
    other, alone = run(*[one | {"at_least": 0} for one in claims], imdb_net=NET)
    assert other.word == "not checkable"
    for copy in ("imdb-net/seed-0 on 00000000", "imdb-other/seed-0 on aaaaaaaa"):
        assert copy in other.reason
    assert alone.word == "holds"
    move(tmp_path / "imdb-net/seed-4", "b")
    (mixed,) = run(OF_NETWORK | {"at_least": 0})
    assert "imdb-net/seed-0 on 00000000 and imdb-net/seed-4 on bbbbbbbb" in mixed.reason


def test_networks_tested_on_other_samples_are_not_subtracted(run, tmp_path):
    for name in ("jena-net", "jena-base"):
        file = fabricate(tmp_path, name, metric="mae", predictions=True) / "predictions.json"
    file.write_text(file.read_text("utf-8").replace("2015-W02", "2015-W03"), "utf-8")
    (verdict,) = run(DIFFERENCE | {"experiment": "jena-net", "minus": "jena-base", "at_least": 0})
    assert verdict.reason == "the runs were not tested on the same samples: jena-net, jena-base"
