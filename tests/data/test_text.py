"""Texts, the counting baselines, and the drawing of characters."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import files
from data.errors import DataError
from data.text import load_text, normalise, tail_begin, windows
from models.baselines import CharacterNgrams
from models.cells import CELLS
from models.networks import character_model, continue_text, sample_character

ALICE = "CHAPTER I.\r\n  Down the Rabbit-Hole \r\n\r\n\tALICE was “beginning”\r\n"
LICENCE = (
    "\ufeffThe Project Gutenberg eBook\r\n\r\n"
    "*** START OF THE PROJECT GUTENBERG EBOOK 11 ***\r\n"
    f"{ALICE}*** END OF THE PROJECT GUTENBERG EBOOK 11 ***\r\nUse it as you like.\r\n"
)
LINE = "chapter i. down the rabbit-hole alice was “beginning”"


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_text_becomes_one_line_in_lower_case():
    assert normalise(" One\n\n \n\tTWO words \r\nthree") == "one two words three"
    assert normalise(" \n\t\r\n") == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path, encoding):
    path = write(tmp_path, "mine.txt", LICENCE.removeprefix("\ufeff").encode(encoding))
    assert load_text(None, str(path)).text == LINE


@pytest.mark.parametrize("content", [ALICE, LICENCE, "\ufeff" + ALICE])
def test_a_corpus_is_read_without_licence_and_byte_order_mark(tmp_path, content):
    write(tmp_path, files.ALICE, content)
    corpus = load_text(tmp_path, "alice")
    assert corpus.text == LINE
    assert corpus.characters == sorted(set(LINE))
    assert "".join(corpus.characters[i] for i in corpus.ids()) == LINE
    notes = " ".join(corpus.provenance["notes"])
    assert ("licence" in notes) == (content is LICENCE)
    assert "2 of 53 characters are beyond ASCII (above all “ ”)" in notes


def test_provenance_names_the_file_and_holds_no_excerpt(tmp_path):
    path = write(tmp_path, "mine.txt", "abba baab")
    provenance = load_text(None, str(path)).provenance
    assert (provenance["dataset"], provenance["sample"]) == ("text", False)
    assert provenance["files"] == [files.own_file(path).record()]
    assert provenance["facts"] == {"characters": " ab", "length": 9}
    assert str(tmp_path) not in str(provenance)
    assert "abba" not in str(provenance)


def test_one_mark_of_a_licence_alone_is_text(tmp_path):
    path = write(tmp_path, "mine.txt", "*** START OF IT ***\nmore")
    assert load_text(None, str(path)).text == "*** start of it *** more"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no text"),
        (b" \r\n\t\n", "no text"),
        (b"\xef\xbb\xbf", "no text"),
        (b"na\xc3\xafve\ncaf\xe9 au lait", r"byte 10 \(from 0, in line 2\) is 0xe9"),
        ("text".encode("utf-16")[:-1], r"is not UTF-16: byte 8 .*truncated data.*iconv -f "),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, message):
    path = write(tmp_path, "mine.txt", content)
    with pytest.raises(DataError, match=message) as raised:
        load_text(None, str(path))
    assert str(path) in str(raised.value)


def test_a_corpus_that_is_another_text_is_refused(tmp_path):
    write(tmp_path, files.NIETZSCHE, ALICE)
    with pytest.raises(DataError, match="does not hold") as raised:
        load_text(tmp_path, "nietzsche")
    assert str(tmp_path) in str(raised.value)
    assert "make data" in str(raised.value)


@pytest.mark.parametrize("name", ["alice", "nietzsche"])
def test_a_file_that_is_named_like_a_corpus_is_refused(tmp_path, name):
    """A record keeps the name alone, which would be that of the corpus."""
    path = write(tmp_path, name, ALICE)
    with pytest.raises(DataError, match=f"'--text {name}' stands for.*[Rr]ename") as raised:
        load_text(None, str(path))
    assert str(path) in str(raised.value)
    assert load_text(None, str(path.rename(tmp_path / f"my-{name}.txt"))).text == LINE


def test_the_built_in_text_is_long_enough_and_in_one_style():
    corpus = load_text(None, "sample", sample=True)
    assert corpus.provenance["sample"]
    assert corpus.provenance["files"] == []
    assert 3_000 < len(corpus.text) < 5_000
    assert corpus.text.isascii()
    begin = tail_begin(len(corpus.text), 0.1, 10)
    assert set(corpus.text[begin:]) <= set(corpus.text[:begin])
    # what makes a demonstration worth looking at: two characters tell much of the third
    ids, known = corpus.ids(), len(corpus.characters)
    bits = [CharacterNgrams(ids[:begin], known, n).evaluate(ids, begin)[0] for n in (1, 2, 3)]
    assert bits[0] > bits[1] + 1 > bits[2] + 1.5


def test_the_built_in_text_and_another_are_not_asked_for_together():
    with pytest.raises(DataError, match="--text names another"):
        load_text(None, "alice", sample=True)


def test_windows_hold_what_comes_before_each_character():
    ids = np.arange(10)
    x, y = windows(ids, begin=3, end=8, window=3)
    assert x.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]]
    assert y.tolist() == [3, 4, 5, 6, 7]
    x, y = windows(ids, begin=3, end=8, window=3, stride=2)
    assert x.tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert y.tolist() == [3, 5, 7]
    x, y = windows(ids, begin=8, end=10, window=3)
    assert (x.tolist(), y.tolist()) == ([[5, 6, 7], [6, 7, 8]], [8, 9])


def test_the_tail_is_the_last_share():
    assert tail_begin(100, 0.1, 10) == 90
    assert tail_begin(12, 0.01, 10) == 11
    for length, tail, window in ((11, 0.01, 10), (100, 0.95, 10), (3, 0.3, 1)):
        with pytest.raises(DataError, match=f"the text has {length} characters"):
            tail_begin(length, tail, window)


def brute_force(text, context, character, characters, smoothing):
    """The formula of the baselines, by searching the text for every count."""
    after = [
        text[i + len(context)]
        for i in range(len(text) - len(context))
        if text[i : i + len(context)] == context
    ]
    shorter = (
        brute_force(text, context[1:], character, characters, smoothing)
        if context
        else 1 / characters
    )
    return (after.count(character) + smoothing * shorter) / (len(after) + smoothing)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("smoothing", [0.5, 5.0])
def test_ngrams_are_what_the_formula_says(n, smoothing):
    text = [0, 1, 2, 0, 1, 3, 0, 1, 2, 2, 0, 0, 1]
    tail = [2, 0, 3, 1]
    model = CharacterNgrams(np.array(text), 4, n, smoothing)
    everything, bits, hits = text + tail, 0, 0
    for position in range(len(text), len(everything)):
        context = everything[position - n + 1 : position]
        expected = [brute_force(text, context, c, 4, smoothing) for c in range(4)]
        np.testing.assert_allclose(model.probabilities(tuple(context)), expected)
        bits -= np.log2(expected[everything[position]])
        hits += int(np.argmax(expected)) == everything[position]
    measured = model.evaluate(np.array(everything), len(text))
    assert measured == pytest.approx((bits / len(tail), hits / len(tail)))


def test_ngrams_know_a_text_that_repeats_itself():
    ids = np.array([0, 1, 0, 2] * 200)
    bits, accuracy = zip(
        *(CharacterNgrams(ids[:600], 3, n).evaluate(ids, 600) for n in (1, 2, 3)), strict=True
    )
    assert bits[0] == pytest.approx(1.5, abs=0.01)  # half the time 0, a quarter each 1 and 2
    assert bits[1] == pytest.approx(0.5, abs=0.03)  # after 0 either, else 0
    assert bits[2] < 0.05  # after two characters there is no doubt
    assert accuracy[::2] == (0.5, 1.0)


@given(
    text=st.lists(st.integers(0, 4), min_size=3, max_size=40),
    context=st.lists(st.integers(0, 4), max_size=3),
    n=st.integers(1, 3),
)
def test_probabilities_of_ngrams_sum_to_one_and_none_is_zero(text, context, n):
    probabilities = CharacterNgrams(np.array(text), 5, n).probabilities(tuple(context))
    assert probabilities.sum() == pytest.approx(1)
    assert (probabilities > 0).all()


PROBABILITIES = np.array([0.5, 0.3, 0.2, 0.0])


def shares(temperature, draws=4000):
    rng = np.random.default_rng(1)
    drawn = [sample_character(PROBABILITIES, temperature, rng) for _ in range(draws)]
    return np.bincount(drawn, minlength=4) / draws


@pytest.mark.parametrize("temperature", [0.5, 1, 2])
def test_temperature_raises_probabilities_to_its_inverse(temperature):
    expected = PROBABILITIES ** (1 / temperature)
    np.testing.assert_allclose(shares(temperature), expected / expected.sum(), atol=0.03)


@pytest.mark.parametrize("temperature", [0, 1e-3, 1e-320])
def test_the_likeliest_character_wins_at_low_temperatures(temperature):
    assert shares(temperature, draws=50).tolist() == [1, 0, 0, 0]


def test_high_temperatures_make_all_possible_characters_alike():
    np.testing.assert_allclose(shares(1e6), [1 / 3, 1 / 3, 1 / 3, 0], atol=0.03)


@pytest.mark.parametrize("temperature", [-1, -1e-9, float("nan")])
def test_a_negative_temperature_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature must be 0 or more"):
        sample_character(PROBABILITIES, temperature, np.random.default_rng(0))


class Successor:
    """Stands in for a network: the next character of the alphabet, and a note of what it read."""

    def __init__(self):
        self.read = []

    def predict_on_batch(self, numbers):
        self.read.append(numbers[0].tolist())
        return np.eye(4)[(numbers[:, -1] + 1) % 4]


def test_what_was_added_is_read_again_up_to_the_window():
    network = Successor()
    added = continue_text(network, "abcd", "ab", 4, 0, np.random.default_rng(0), window=3)
    assert added == "cdab"
    assert network.read == [[0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 0]]


@pytest.mark.parametrize(
    ("prompt", "temperature", "message"),
    [("", 1, "empty"), ("abe", 1, r"\['e'\]"), ("ab", -1, "0 or more")],
)
def test_a_prompt_that_cannot_be_read_is_refused(prompt, temperature, message):
    with pytest.raises(ValueError, match=message):
        continue_text(Successor(), "abcd", prompt, 4, temperature, np.random.default_rng(0), 3)


@pytest.mark.parametrize(("cell", "gates"), [("simple-rnn", 1), ("lstm", 4), ("gru", 3)])
def test_networks_have_the_documented_parameters_and_a_fixed_one_hot_layer(cell, gates):
    model = character_model(cell, characters=50, units=128)
    biases = 2 if cell == "gru" else 1  # Keras 3's reset gate after the matrix product
    recurrent = gates * 128 * (50 + 128 + biases)
    trained = sum(np.prod(w.shape) for w in model.trainable_weights)
    assert trained == recurrent + (128 + 1) * 50
    one_hot = model.get_layer("one_hot")(np.array([[3, 0]]))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(one_hot), np.eye(50)[[[3, 0]]])


@pytest.mark.parametrize("cell", CELLS)
def test_networks_read_any_length_and_survive_saving(cell, tmp_path):
    model = character_model(cell, characters=5, units=4)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for length in (1, 7):
        numbers = np.arange(3 * length).reshape(3, length) % 5  # (batch, timesteps)
        probabilities = model.predict_on_batch(numbers)
        assert probabilities.shape == (3, 5)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_allclose(again.predict_on_batch(numbers), probabilities, rtol=1e-6)


def test_the_same_seed_writes_the_same_text():
    keras.utils.set_random_seed(0)
    model = character_model("gru", characters=4, units=4)
    first, second, other = (
        continue_text(model, "abcd", "ab", 30, 1, np.random.default_rng(seed), 5)
        for seed in (1, 1, 2)
    )
    assert first == second != other
    assert len(first) == 30
