"""`make compare`: what differs between two results, by how much, and what cannot be compared."""

import shutil
import statistics

import pytest
from records import fabricate, fabricate_study
from scipy import stats

from harness.reporting.compare import main

A = (0.880, 0.882, 0.884, 0.886, 0.888)
B = (0.870, 0.871, 0.872, 0.873, 0.880)


def settings(variant=None, **values):
    return {"variant": variant or {}, "protocol": {"units": 32} | values}


@pytest.fixture
def folders(tmp_path):
    """Own runs of an LSTM, and a reference of an LSTM and a GRU."""
    for seed, (a, b) in enumerate(zip(A, B, strict=True)):
        fabricate(tmp_path / "own", "imdb-lstm", seed=seed, best=a, config=settings())
        changed = settings({"units": 64}, units=64, dropout=0.5)
        fabricate(tmp_path / "reference", "imdb-gru", seed=seed, best=b, config=changed)
        fabricate(tmp_path / "reference", "imdb-lstm", seed=seed, best=b, config=settings())
    return tmp_path


GRU = "imdb-gru+units-64"


@pytest.fixture
def compare(folders, ask):
    """What the command prints, as lines; or, with status 1, the one sentence of its refusal."""

    def call(*names, status=0):
        places = {"--results-dir": "own", "--reference": "reference", "--plot": "plots/pair.png"}
        options = [part for flag, place in places.items() for part in (flag, folders / place)]
        done = ask(main, *map(str, [*names, *options]))
        assert done.returncode == status
        if not status:
            return done.stdout.splitlines()
        assert done.stdout == ""
        assert not (folders / "plots").exists()
        (sentence,) = done.stderr.splitlines()
        return sentence.removeprefix("error: ")

    return call


def test_an_error_is_better_where_it_is_lower(folders, compare):
    for name, best in (("jena-gru", 0.26), ("jena-ridge", 0.27)):
        fabricate(folders / "own", name, metric="mae", best=best, epochs=3 * (name == "jena-gru"))
    lines = compare("jena-gru", "jena-ridge")
    assert "Mean absolute error (MAE); lower is better:" in lines
    assert next(line for line in lines if line.startswith("best")).endswith("100 % of 1 pair")
    assert not (folders / "plots").exists()  # a baseline has no epochs


def test_numbers_on_other_samples_are_not_subtracted(folders, compare):
    trivial = {"label": "majority class", "validation": 0.4938, "test": 0.5}
    fabricate(folders / "own", "imdb-conv", metrics={"reference": trivial})
    lines = compare("imdb-conv", GRU)
    best = next(line for line in lines if line.startswith("best validation"))
    assert best.split()[-4:] == ["–"] * 4
    assert next(line for line in lines if line.startswith("test at best")).endswith("pairs")
    assert (
        "best validation, last validation: other validation samples, on which majority class has "
        "0.4938 and 0.5000." in lines
    )


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["imdb-lsmt", GRU], "holds no finished run of imdb-lsmt; did you mean imdb-lstm?"),
        (["", GRU], "run it first, or name a folder."),
        (["nothing"], "run it first, or name a folder."),
        (["imdb-lstm", "{}/reference"], "holds the runs of several experiments (imdb-lstm, imdb-g"),
        (["imdb-lstm", "imdb-lstm"], "A and B are the same runs (imdb-lstm)."),
        (["recall", GRU], "recall is a study, which has no validation value."),
        (["jena-gru", GRU], "cannot be compared: jena-gru measures mae on jena, and imdb-gru"),
        (["imdb-sample", GRU], "cannot be compared: one ran on sample data and the other on real"),
        (
            ["imdb-other", GRU],
            "data: imdb-other/seed-0 on ffffffff and imdb-gru+units-64/seed-0 on",
        ),
    ],
)
def test_what_cannot_be_found_or_compared_is_refused(compare, folders, names, sentence):
    fabricate_study(folders / "own", "recall", outputs=[])
    fabricate(folders / "own", "jena-gru", metric="mae")
    fabricate(folders / "own", "imdb-sample", config={"sample": True})
    fabricate(folders / "own", "imdb-other", sha256="f" * 64)
    assert sentence in compare(*(name.format(folders) for name in names), status=1)


def test_what_differs_and_by_how_much(compare, folders):
    lines = compare("imdb-lstm", GRU)  # own runs come first, then the reference
    assert lines[0] == f"A: imdb-lstm (LSTM), 5 runs in {folders / 'own'}"
    assert lines[2] == f"B: {GRU} (GRU, units = 64), 5 runs in {folders / 'reference'}"
    start = next(i for i, line in enumerate(lines) if line.startswith("What differs"))
    table = [line.split() for line in lines[start + 1 : lines.index("", start)]]
    assert table == [
        ["settings", "experiment", "imdb-lstm", "imdb-gru"],
        ["settings", "network", "LSTM", "GRU"],
        ["settings", "units", "32", "64"],
        ["settings", "dropout", "not", "recorded", "0.5"],
    ]
    best = next(line for line in lines if line.startswith("best validation"))
    low, high = stats.ttest_ind(A, B, equal_var=False).confidence_interval()
    mean = statistics.fmean(A) - statistics.fmean(B)
    assert f"  {mean:+.4f}  {low:+.4f} to {high:+.4f}  " in best
    assert best.endswith("in 98 % of 25 pairs")  # 24 are better and one is a tie


def test_alone_and_from_folders(compare, folders):
    lines = compare("imdb-lstm")
    assert lines[2] == f"B: imdb-lstm (LSTM), 5 runs in {folders / 'reference'}"
    assert lines[5].split() == ["nothing", "–", "–", "–"]
    other = shutil.copytree(folders / "own", folders / "elsewhere")
    lines = compare(other / "imdb-lstm/seed-3", folders / "reference" / GRU)
    assert lines[0] == f"A: imdb-lstm (LSTM), 1 run in {other}"
