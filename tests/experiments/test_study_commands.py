"""Every study through its real command line, on the built-in sample data, as small as it can be."""

import itertools
import json
import math
import re
import shutil
from dataclasses import asdict

import pytest
from commands import places, run
from records import fabricate_study

from data.files import own_file
from experiments import gradient_flow, padding, parallel, recall, text_generation, update_rules
from experiments.__main__ import main
from experiments.common.parallel_child import milliseconds
from experiments.common.update_rules_child import measure_keras
from explore import generate
from harness.cli import say
from harness.errors import RunError
from harness.records.record import load_record
from harness.records.study_outputs import Heatmap, Lines, StudyFiles, Table, Text
from models.cells import COMPARED

SMALL = {
    "numpy_check": ["--shapes", 2],
    "definitions": [],
    "gradient_flow": ["--epochs", 1, "--maxlen", 12, "--units", 16, "--embedding", 16],
    "recall": ["--steps", 3, "--longest", 10, "--tested", 20, "--units", 16],
    "recall_training": ["--steps", 3, "--tested", 20, "--units", 16],
    "any_length": ["--epochs", 1, "--maxlen", 10],
    "negation": ["--epochs", 1, "--units", 16, "--embedding", 16],
    "next_letter": ["--steps", 5, "--deterministic"],
    "next_word": ["--epochs", 2, "--units", 16],
    "text_generation": ["--epochs", 2, "--units", 24, "--sample-length", 10],
    "update_rules": ["--epochs", 1, "--maxlen", 10, "--units", 16, "--embedding", 16, "--steps", 2],
    "padding": ["--maxlen", 12, "--units", 16, "--embedding", 16],
    "last_state": ["--maxlen", 10, "--units", 16, "--embedding", 16],
    "word_order": ["--maxlen", 28, "--units", 16, "--embedding", 16],
    "training_size": ["--maxlen", 10, "--shift-steps", 100],
    "parallel": ["--longest", 125, "--units", 16, "--features", 4],
}
# Which layers compute; without a C compiler, the latter.
LAYERS = {
    "numpy_check": {"keras"},
    "definitions": {"keras"},
    "gradient_flow": {"native", "fast"},
    "recall": {"native", "fast"},
    "recall_training": {"native", "fast"},
    "any_length": {"keras, native", "fast, keras"},
    "negation": {"native", "fast"},
    "next_letter": {"native", "fast"},
    "next_word": {"native", "fast"},
    "text_generation": {"native", "fast"},
    "update_rules": {"keras"},
    "padding": {"fast, native", "fast"},
    "last_state": {"fast, native", "fast"},
    "word_order": {"native", "fast"},
    "training_size": {"keras, native", "fast, keras"},
    "parallel": {"keras, native", "fast, keras"},
}
WITHOUT_FIGURE = {"any_length", "definitions", "negation", "next_word", "last_state"}


def measure_here(where, task, variables, measure=update_rules.measure):
    """What Keras on TensorFlow measures, in this process; `make test-faults` has one of its own."""
    return measure_keras(task, say) if where == "tensorflow" else measure(where, task, variables)


def record_below(folder):
    (path,) = (folder / "results").glob("*/seed-*")
    return load_record(path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, ask):
    """Runs a study once for all the tests that look at it."""
    outcomes = {}

    def outcome(module):
        if module not in outcomes:
            folder = tmp_path_factory.mktemp(module)
            command = ["--sample", *SMALL[module], *places(folder)]
            if "--deterministic" in command:  # which a process cannot take back
                done = run(f"experiments.{module}", *command)
            else:
                with pytest.MonkeyPatch.context() as patch:  # each takes seconds
                    patch.setattr(update_rules, "VERSIONS", [])
                    patch.setattr(update_rules, "measure", measure_here)
                    patch.setattr("os.getloadavg", lambda: (99, 0, 0))
                    patch.setattr(parallel, "answers", lambda *a: [milliseconds(a[2])])
                    for one in (recall, gradient_flow):
                        patch.setattr(one, "COMPARED", COMPARED[:2])
                    done = ask(main, module.replace("_", "-"), *command)
            outcomes[module] = done, folder
        return outcomes[module]

    return outcome


@pytest.fixture(scope="module")
def shown(finished):
    """What a study shows, by title."""

    def outputs(module, kind):
        _, folder = finished(module)
        return {one.title: one for one in record_below(folder).outputs if isinstance(one, kind)}

    return outputs


# Its networks are compared with their outputs in tests/models/test_networks.py.
SLOW = {"last_state": pytest.mark.faults}


@pytest.mark.parametrize("module", [pytest.param(m, marks=SLOW.get(m, ())) for m in SMALL])
def test_one_command_makes_a_whole_record_its_figure_and_prints_its_tables(module, finished):
    done, folder = finished(module)
    assert (done.returncode, done.stderr) == (0, "")
    record = record_below(folder)
    assert {file.stem for file in record.path.glob("*.json")} == set(StudyFiles.model_fields)
    assert record.experiment == module.replace("_", "-")
    assert all((record.sample, record.data["sample"], record.is_study))
    assert record.environment["layers"] in LAYERS[module]
    has_figure = any(isinstance(output, Lines | Heatmap) for output in record.outputs)
    assert has_figure == (module not in WITHOUT_FIGURE)
    plots = [plot.name for plot in folder.glob("plots/*")]
    assert plots == ([f"{record.label}.png"] if has_figure else [])
    printed = done.stdout.splitlines()
    for output in record.outputs:
        assert (output.title in printed) == isinstance(output, Table)


def test_times_of_a_busy_machine_have_a_note(finished):
    _, folder = finished("parallel")
    (note,) = record_below(folder).config["notes"]
    assert "busy before the timing (load 99)" in note


def test_loops_and_layers_agree_for_every_shape_and_other_formulas_do_not(shown):
    tables = shown("numpy_check", Table)
    loops = tables["NumPy loop and Keras layer"].rows
    example = loops.pop("The documents' example (100 steps)")
    assert {count for _, count in loops.values()} == {2}
    # float32 has seven digits, of which a sum in another order changes the last
    assert max(difference for difference, _ in [*loops.values(), example]) < 1e-5
    by_hand = tables["Back-propagation through time by hand"].rows
    assert max(difference for (difference,) in by_hand.values()) < 1e-4
    formulas = tables["Formulas that differ from Keras's LSTM, with the same weights"].rows
    assert min(mean for mean, _, _ in formulas.values()) > 1e-3
    # at the first step there is nothing to forget yet
    assert formulas["LSTM of 1997, no forget gate"][1] < 1e-6


def test_recall_is_also_tested_beyond_all_distances_of_the_training(shown):
    alone, mixed = shown("recall", Table).values()
    assert alone.columns == ["10 steps"]
    assert mixed.columns == [f"{steps} steps" for steps in (1, 2, 5, 10, 20, 40)]


def test_what_the_documents_define_follows(shown):
    tables = shown("definitions", Table)
    counts = {name: count for name, (count,) in tables["Counts"].rows.items()}
    assert counts["parameters of the word vectors and SimpleRNN"] == 250 * 32 + 2080
    assert counts["axes of the word vectors of (batch, words)"] == 3
    assert counts["iterations over the seven letters of namaska"] == 7
    assert counts["hours from the last input to the target"] == 25
    assert counts["val_steps"] == 98_559
    numbers = [number for (number,) in tables["What follows"].rows.values()]
    rounding, nothing = pytest.approx(0, abs=1e-9), 0
    some, below_one = pytest.approx(0.5, abs=0.499), pytest.approx(0.5, abs=0.5)
    assert numbers[:4] == [rounding, rounding, 1, nothing]
    assert 0 < numbers[4] < 1e-12  # the first of 100 inputs is nearly forgotten
    assert numbers[5] == pytest.approx(20)
    assert numbers[6] > 0.1
    assert numbers[7:] == [nothing, nothing, nothing, nothing, some, rounding, below_one]


def test_only_the_recurrent_network_reads_other_lengths(shown):
    (table,) = shown("any_length", Table).values()
    assert table.columns[:5] == ["own length", "2 words", "4 words", "10 words", "20 words"]
    recurrent, dense, convolution = table.rows.values()
    assert list(table.rows) == ["LSTM", "Dense on the padded review", "Conv1D + pooling"]
    assert None not in recurrent
    assert convolution[0] is not None
    assert [value is None for value in dense[:5]] == [True, True, True, False, True]


def test_a_bag_of_words_is_blind_to_order(shown):
    moves, _ = shown("negation", Table).values()
    assert moves.columns == ["sample reviews, another order (4)", "all (4)"]
    assert list(moves.rows) == [
        "SimpleRNN",
        "LSTM",
        "GRU",
        "Bag of words",
        "Bag of words and bigrams",
    ]
    assert moves.rows["Bag of words"] == [0, 0]


def test_a_masked_network_does_not_see_where_the_zeros_stand(shown):
    tables = shown("padding", Table)
    assert tables["Masked: zeros in front or behind"].rows["SimpleRNN"] < [1e-5]
    accuracies = tables["Accuracy by the place of the zeros"].rows
    assert list(accuracies) == [f"SimpleRNN, {way}" for way in padding.WAYS]


def test_a_shuffled_bag_of_words_is_the_same_bag(shown):
    table = shown("word_order", Table)["Test accuracy by what is read of a review"]
    lost = dict(zip(table.columns, table.rows["Bag of words"], strict=True))
    assert lost["as written less shuffled"] == lost["as written less reversed"] == 0
    assert lost["as written less last 10"] == lost["as written"] - lost["last 10"]


def test_shared_weights_alone_know_a_symbol_where_they_never_met_it(shown):
    tables = shown("training_size", Table)
    found = tables["Symbols named, trained on those in the first half of a sequence"].rows
    assert min(found["Conv1D + pooling"]) > 0.9
    assert found["Dense"][1] < 0.3 < found["Dense"][0]


# which rule by hand each version follows, and each of our optimizers on TensorFlow
OLD_KERAS = {"2.0.8": "1e-8, added", "2.1.6": "1e-7, added", "2.2.4": "1e-7, added"}
OURS = {
    "RMSprop": [
        "inside 1e-7, singly",
        "outside 1e-8, added",
        "outside 1e-7, added",
        "inside 1e-7, added",
        "outside 1e-8, singly",
        "outside 1e-7, singly",
    ],
    "Adam": ["1e-7, singly", "1e-8, added", "1e-7, added"],
}
DIFFERENCE = "largest difference from each rule by hand, relative"


def assert_follows(table, row, rule):
    """Within rounding of one rule; the nearest other one has epsilon ten times as large."""
    differences = dict(zip(table.columns, table.rows[row], strict=True))
    assert differences.pop(rule) < 1e-4
    assert min(differences.values()) > 5e-3


def assert_versions_follow_their_rules(record, versions):
    """Each old Keras, unless there is a reason why it has no row, and today's."""
    notes = " ".join(record.config["notes"])
    tables = {one.title: one for one in record.outputs if isinstance(one, Table)}
    for kind, place in (("RMSprop", "outside "), ("Adam", "")):
        table = tables[f"{kind} through the versions: {DIFFERENCE}"]
        for version in versions:
            if f"Keras {version} has no row here" not in notes:
                assert_follows(table, f"Keras {version}", place + OLD_KERAS[version])
        (row,) = (row for row in table.rows if row.endswith(", tensorflow"))
        assert_follows(table, row, OURS[kind][0])


def test_todays_keras_has_the_rule_that_its_source_says(finished):
    """Step for step, test_originals compares one of old Keras's, too."""
    _, folder = finished("update_rules")
    assert_versions_follow_their_rules(record_below(folder), [])


@pytest.mark.faults
def test_every_old_keras_has_the_rule_that_its_source_says(tmp_path):
    done = run("experiments.update_rules", "--sample", *SMALL["update_rules"], *places(tmp_path))
    assert done.returncode == 0, done.stderr
    assert_versions_follow_their_rules(record_below(tmp_path), OLD_KERAS)


@pytest.mark.skipif(not update_rules.is_installed("tf_keras"), reason="tf_keras is not installed")
def test_tf_keras_has_the_rules_of_2_10_and_2_11(shown):
    tables = shown("update_rules", Table)
    found = {
        "RMSprop": ("outside 1e-7, added", "inside 1e-7, added"),
        "Adam": ("1e-7, added", "1e-7, added"),
    }
    for kind, rules in found.items():
        table = tables[f"{kind} through the versions: {DIFFERENCE}"]
        rows = [row for row in table.rows if row.startswith("tf_keras")]
        for row, rule in zip(rows, rules, strict=True):  # legacy, new
            assert_follows(table, row, rule)


def test_an_old_keras_that_cannot_be_had_has_no_row_and_a_reason(monkeypatch):
    def refuse(version):
        raise RunError(f"no index has {version}.")

    monkeypatch.setattr(update_rules, "installed", refuse)
    monkeypatch.setattr(update_rules, "TF_KERAS", "no_such_package")
    measured, absent = update_rules.measure_versions(0.001, install=True)
    assert measured == {}
    assert absent[0] == "Keras 2.0.8 has no row here: no index has 2.0.8."
    assert len(absent) == len(OLD_KERAS)


def test_each_optimizer_follows_one_rule_by_hand(shown):
    tables = shown("update_rules", Table)
    for kind, rules in OURS.items():
        table = tables[f"{kind} of this project: {DIFFERENCE}"]
        rows = [row for row in table.rows if row.startswith("tensorflow, ")]
        for row, rule in zip(rows, rules, strict=True):
            assert_follows(table, row, rule)


def test_the_old_rules_make_longer_first_steps_and_learn_sooner(shown):
    tables, panels = shown("update_rules", Table), shown("update_rules", Lines)
    ratios = tables["The embedding's step as a multiple of that by 3.x's rule"].rows
    assert all(min(ratios[f"tensorflow, rmsprop-keras-{v}"]) > 1.5 for v in ("2.0", "2.10"))
    sizes = tables["Mean size of a step, on tensorflow"].rows
    assert len(sizes) == 5 * 2
    for of_2_0, of_2_10, today, *multiples in sizes.values():
        assert multiples == [of_2_0 / today, of_2_10 / today]
    of_2_0, of_2_10, *_ = sizes["embedding, step 1"]
    assert of_2_0 > of_2_10  # the same gradients, and a tenth of the epsilon
    moved = tables["How far the first step moves a word by each rule, in learning rates"].rows
    # v is a tenth of the first g², whatever its size, if epsilon is small beside it
    assert moved["RMSprop, outside 1e-8, added"] == pytest.approx([0.1**-0.5] * 4, rel=1e-3)
    losses = tables["Training loss of each epoch"].rows
    assert losses["tensorflow, rmsprop-keras-2.0"] < losses["tensorflow, rmsprop"]
    _, curves = panels.values()
    # nothing was published for the sample data
    assert [series.label for series in curves.series] == list(losses)


def test_the_figure_of_a_word_shows_each_letter_and_the_one_after_it(shown):
    tables = shown("next_letter", Table)
    probabilities = tables["Probability of the letter that follows"].rows
    assert list(probabilities)[-1] == "namaska → r"
    assert len(probabilities) == 7
    p, h, x = shown("next_letter", Heatmap).values()
    assert p.columns == h.columns == x.columns == list("namaska")
    assert p.marks == list("amaskar")
    assert list(p.rows) == list(x.rows) == list("namskr")
    for place, (letter, after) in enumerate(zip(x.columns, p.marks, strict=True)):
        assert [name for name, values in x.rows.items() if values[place] == 1] == [letter]
        assert sum(values[place] for values in p.rows.values()) == pytest.approx(1, abs=1e-5)
        row = next(name for name in probabilities if name.startswith("namaska"[: place + 1] + " "))
        assert probabilities[row] == [p.rows[after][place]]
    assert max(tables["The same computation three times"].rows.values()) < [1e-5]


@pytest.mark.faults
def test_any_word_makes_a_record_and_a_finished_study_is_shown_again(tmp_path, ask):
    word = "grüße,hello you,a/b"
    command = ["next-letter", "--word", word, "--steps", 1, *places(tmp_path)]
    done = ask(main, *command)
    assert (done.returncode, done.stderr) == (0, "")
    record = record_below(tmp_path)
    assert record.config["protocol"]["word"] == word
    assert [path.name for path in tmp_path.glob("plots/*")] == [f"{record.label}.png"]
    again = ask(main, *command).stdout
    assert "already finished at" in again
    assert again.endswith(done.stdout.partition("Next letters that are right\n")[2])


@pytest.mark.faults
def test_the_same_seed_gives_the_same_study_when_asked_for(finished, tmp_path):
    _, folder = finished("next_letter")
    command = ["experiments.next_letter", "--sample", *SMALL["next_letter"], *places(tmp_path)]
    # it starts anew: forked commands have one hash seed; a notebook sets the other variable
    notebook = "module://matplotlib_inline.backend_inline"
    again = run(*command, PYTHONHASHSEED="7", MPLBACKEND=notebook)
    assert again.returncode == 0, again.stderr
    records = record_below(folder), record_below(tmp_path)
    assert records[0].config["deterministic"]
    assert records[0].outputs == records[1].outputs


def test_the_tail_is_measured_against_counting(shown, finished):
    tables = shown("text_generation", Table)
    history = record_below(finished("text_generation")[1]).history
    rows = tables["Held-out tail"].rows
    bits, accuracy = rows["SimpleRNN"]
    assert bits == pytest.approx(history["val_loss"][-1] / math.log(2))
    assert accuracy == history["val_accuracy"][-1]
    counted = [rows[name] for name in ("5-gram", "trigram", "bigram", "unigram")]
    assert sorted(counted) == counted
    saved = tables["Bits a character saved beside counting"].rows
    assert saved["trigram"] == [rows["trigram"][0] - bits]


def test_every_round_leaves_what_it_wrote_and_nothing_of_the_text(shown, finished):
    (samples,) = shown("text_generation", Text).values()
    names = "\n".join(samples.lines)
    found = re.findall(r"^round (\d), from ([\d,]+), temperature (0|0.5|1)$", names, re.MULTILINE)
    rounds = [(epoch, temperature) for epoch, _, temperature in found]
    assert rounds == list(itertools.product("12", ("0", "0.5", "1")))
    assert len({place for _, place, _ in found}) == 2  # another window each round
    assert {len(written) for written in samples.lines.values()} == {10}
    path = record_below(finished("text_generation")[1]).path
    everything = "".join(file.read_text("utf-8") for file in path.glob("*.json"))
    assert "ferry on the slow river" not in everything.lower()


def test_a_network_on_an_own_text_is_the_one_that_writes_next(tmp_path, ask):
    text = tmp_path / "mine.txt"
    text.write_text("Round and round it goes.\n" * 40, encoding="utf-8")
    arguments = ["--text", text, "--cell", "gru", "--epochs", 1, "--units", 8, "--sample-length", 5]
    done = ask(main, "text-generation", *arguments, *places(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'try next: make generate PROMPT="the "'
    record = record_below(tmp_path)
    assert record.data["files"][0]["name"] == record.config["protocol"]["text"] == "mine.txt"
    everything = "".join(file.read_text("utf-8") for file in record.path.glob("*.json"))
    assert str(tmp_path) not in everything
    assert "GRU" in record.outputs[0].rows
    place = ["--results-dir", tmp_path / "results"]
    written = ask(generate.main, *place, "--prompt", "ROUND", "--length", 7)
    assert written.returncode == 0, written.stderr
    assert re.fullmatch(r"round[ .a-z]{7}\n", written.stdout)
    assert "which read mine.txt" in written.stderr


def test_a_record_is_shown_again_for_the_very_file_and_no_other_of_its_name(
    tmp_path, ask, monkeypatch
):
    read, other, moved = (tmp_path / name / "book.txt" for name in ("a", "b", "elsewhere"))
    for path, words in ((read, "one"), (other, "another"), (moved, "one")):
        path.parent.mkdir()
        path.write_text(f"This is {words} book.\n" * 40, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = {
        "dataset": "text",
        "variant": {"text": "book.txt"},
        "protocol": asdict(text_generation.EXPERIMENT.protocol) | {"text": "book.txt"},
    }
    shown = [Table("Held-out tail", ["accuracy"], {"SimpleRNN": [0.5]})]
    record = fabricate_study(tmp_path / "results", "text-generation", outputs=shown, config=config)
    known = {"dataset": "text", "files": [own_file(read).record()]}
    data = json.loads((record / "data.json").read_text()) | known
    (record / "data.json").write_text(json.dumps(data))

    def train(text):
        return ask(main, "text-generation", "--text", text, *places(tmp_path))

    for text in (read, "a/book.txt", moved, tmp_path / "gone" / "book.txt"):
        done = train(text)
        assert done.returncode == 0, done.stderr
        assert "already finished at" in done.stdout
        assert re.search(r"Held-out tail\n.*\n.*SimpleRNN +0\.5", done.stdout)
    shutil.copy(other, "book.txt")  # a bare name is a file too
    for text in (other, "book.txt"):
        done = train(text)
        assert done.returncode == 1
        assert f"another book.txt than {text}" in done.stderr
        assert "--force" in done.stderr
