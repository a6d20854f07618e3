"""The IMDB loader: the same arrays as Keras's loader, and no code run from a bad file.

Reviews of one's own get the ids that the dataset gives its reviews.
"""

import hashlib
import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data import files, imdb
from data.errors import DataError
from data.imdb import encode_words, load_word_index, split_words, unknown_words, words
from data.imdb_rebuild import read_reviews
from data.sample_reviews import sample_reviews

REVIEWS = 1000  # of a split, in made-up files


def ragged(reviews: list) -> np.ndarray:
    array = np.empty(len(reviews), dtype=object)
    array[:] = reviews
    return array


def made_up_reviews(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    ends = rng.integers(1, 8, REVIEWS).cumsum()
    ranks = rng.integers(1, 90_000, ends[-1])
    ranks[:2] = 1, 88_584
    return ragged([part.tolist() for part in np.split(ranks, ends[:-1])])


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """Short reviews, fewer than IMDB has."""
    labels = np.arange(REVIEWS) % 2
    return {
        "x_train": made_up_reviews(0),
        "y_train": labels,
        "x_test": made_up_reviews(1),
        "y_test": labels[::-1],
    }


@pytest.fixture
def data_dir(tmp_path, monkeypatch) -> Path:
    """An empty data directory, with nothing to find elsewhere."""
    monkeypatch.delenv(files.DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(imdb, "REVIEWS_PER_SPLIT", REVIEWS)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def good_file(data_dir, arrays) -> Path:
    np.savez(data_dir / files.IMDB, **arrays)
    return data_dir / files.IMDB


def real_data_dir() -> Path:
    folder = Path(os.environ.get(files.DATA_DIR_VARIABLE) or "nowhere")
    if not (folder / files.IMDB).is_file():
        pytest.skip(f"no {files.IMDB} in ${files.DATA_DIR_VARIABLE}")
    return folder


def assert_same_as_keras(path: Path, ours: imdb.Imdb, num_words: int | None, monkeypatch) -> None:
    from keras.src.datasets import imdb as keras_imdb

    monkeypatch.setattr(keras_imdb, "get_file", lambda **arguments: str(path))
    (x_train, y_train), (x_test, y_test) = keras_imdb.load_data(num_words=num_words)
    for mine, theirs in ((ours.x_train, x_train), (ours.x_test, x_test)):
        assert [len(review) for review in mine] == [len(review) for review in theirs]
        np.testing.assert_array_equal(np.concatenate(mine), np.concatenate(list(theirs)))
    np.testing.assert_array_equal(ours.y_train, y_train)
    np.testing.assert_array_equal(ours.y_test, y_test)


@pytest.mark.parametrize("num_words", [10_000, 1, None])
def test_same_as_keras(good_file, num_words, monkeypatch):
    ours = imdb.load_imdb(good_file.parent, num_words=num_words)
    assert ours.x_train[0].dtype == ours.y_train.dtype == np.int32
    assert_same_as_keras(good_file, ours, num_words, monkeypatch)


def test_provenance_says_whether_the_content_is_the_published_one(good_file, monkeypatch):
    provenance = imdb.load_imdb(good_file.parent).provenance
    record = files.locate(files.IMDB, good_file.parent).record()
    assert record["published"] is False
    assert provenance["files"] == [record | {"published_content": False}]
    assert provenance["facts"]["train_reviews"] == provenance["facts"]["test_reviews"] == REVIEWS
    (note,) = provenance["notes"]
    assert "other content than the published file" in note
    assert "order of the reviews may differ" in note
    monkeypatch.setattr(imdb, "PUBLISHED_CONTENT", imdb.content_sha256(good_file))
    provenance = imdb.load_imdb(good_file.parent).provenance
    assert provenance["notes"] == []
    assert provenance["files"][0]["published_content"]


def test_content_hash_is_that_of_the_stored_arrays(good_file, arrays):
    digest = hashlib.sha256()
    for split in ("train", "test"):
        reviews = arrays[f"x_{split}"]
        words = [rank for review in reviews for rank in review]
        for numbers in (list(map(len, reviews)), words, arrays[f"y_{split}"].tolist()):
            digest.update(b"".join(number.to_bytes(4, "little") for number in numbers))
    assert imdb.content_sha256(good_file) == digest.hexdigest()
    facts = imdb.load_imdb(good_file.parent).provenance["facts"]
    assert facts["content_sha256"] == digest.hexdigest()


@pytest.mark.parametrize("protocol", [2, 3])
def test_pickles_of_old_numpy_and_python_can_be_read(data_dir, arrays, protocol):
    """The published file was written by an older NumPy, under its old module name."""
    with zipfile.ZipFile(data_dir / files.IMDB, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            if array.dtype == object:
                np.lib.format.write_array_header_1_0(
                    stream, {"descr": "|O", "fortran_order": False, "shape": array.shape}
                )
                pickled = pickle.dumps(array, protocol)
                assert b"numpy._core.multiarray" in pickled
                stream.write(pickled.replace(b"numpy._core", b"numpy.core"))
            else:
                np.save(stream, array)
            archive.writestr(f"{name}.npy", stream.getvalue())
    assert len(imdb.load_imdb(data_dir).x_train) == REVIEWS


class Attack:
    """Unpickled by plain NumPy, it would write a file."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return Path.write_text, (self.target, "run")


def test_pickled_code_is_not_run(data_dir, arrays, tmp_path):
    target = tmp_path / "was-run"
    np.savez(data_dir / files.IMDB, **arrays | {"x_train": ragged([Attack(target), [1]])})
    with pytest.raises(DataError, match=r"imdb\.npz.*x_train"):
        imdb.load_imdb(data_dir)
    assert not target.exists()
    np.load(data_dir / files.IMDB, allow_pickle=True)["x_train"]
    assert target.exists()  # the attack is a real one


DAMAGED = {
    "error page": lambda content: b"<h1>not found</h1>",
    "truncated": lambda content: content[: len(content) // 2],
    "bytes changed": lambda content: content[:5_000] + bytes(100) + content[5_100:],
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_file(good_file, damage):
    good_file.write_bytes(DAMAGED[damage](good_file.read_bytes()))
    with pytest.raises(DataError) as raised:
        imdb.load_imdb(good_file.parent)
    message = str(raised.value)
    assert str(good_file) in message
    assert "make data" in message
    assert "\n" not in message


def with_first(arrays, review) -> np.ndarray:
    return ragged([review, *arrays["x_train"][1:]])


WRONG_ARRAYS = {
    "padded reviews": ("x_train", lambda a: np.zeros((len(a["x_train"]), 3), int)),
    "empty review": ("x_train", lambda a: with_first(a, [])),
    "fractions": ("x_train", lambda a: with_first(a, [1.5, 2.0])),
    "rank 0": ("x_train", lambda a: with_first(a, [0, 5])),
    "rank too big": ("x_train", lambda a: with_first(a, [2**40])),
    "limited vocabulary": (
        "x_train",
        lambda a: ragged([[min(rank, 9_999) for rank in review] for review in a["x_train"]]),
    ),
    "fewer of both": ("y_test", lambda a: a["y_test"][:-2]),
    "label 2": ("y_train", lambda a: a["y_train"] + 1),
    "unbalanced": ("y_test", lambda a: np.zeros_like(a["y_test"])),
}


@pytest.mark.parametrize("fault", WRONG_ARRAYS)
def test_wrong_arrays(data_dir, arrays, fault):
    member, change = WRONG_ARRAYS[fault]
    changed = arrays | {member: change(arrays)}
    if fault == "limited vocabulary":
        changed["x_test"] = changed["x_train"]
    if fault == "fewer of both":
        changed["x_test"] = changed["x_test"][:-2]
    np.savez(data_dir / files.IMDB, **changed)
    with pytest.raises(DataError) as raised:
        imdb.load_imdb(data_dir)
    message = str(raised.value)
    assert str(data_dir / files.IMDB) in message
    assert member in message
    assert "make data" in message


def test_sample_goes_through_the_same_encoding():
    data = imdb.load_imdb(sample=True, num_words=50)
    assert all(review[0] == imdb.START_ID for review in data.x_train)
    ids = np.concatenate(data.x_test)
    assert ids.max() == 49
    assert (ids == imdb.OUT_OF_VOCABULARY_ID).any()
    assert data.provenance["sample"] is True
    assert data.provenance["files"] == []
    assert data.provenance["notes"][0].startswith("Built-in sample data, seed 0")


def test_real_file(monkeypatch):
    folder = real_data_dir()
    data = imdb.load_imdb(folder, num_words=10_000)
    facts = data.provenance["facts"]
    assert (facts["train_reviews"], facts["test_reviews"]) == (25_000, 25_000)
    assert (len(data.x_train), len(data.x_test)) == (25_000, 25_000)
    assert data.y_train.sum() == data.y_test.sum() == 12_500
    assert (facts["train_longest_words"], facts["test_longest_words"]) == (2_493, 2_314)
    assert facts["content_sha256"] == imdb.PUBLISHED_CONTENT
    assert data.provenance["notes"] == []
    assert_same_as_keras(folder / files.IMDB, data, 10_000, monkeypatch)


INDEX = {"the": 1, "film": 2, "don't": 3, "caf\u00c9": 4, "rare": 5}


def test_own_reviews_get_ids_by_keras_rules():
    assert list(words(b" It's <br />A--B\t\xc3\x89\x0cC\n ")) == [
        b"it's",
        b"br",
        b"a",
        b"b",
        b"\xc3\x89\x0cc",
    ]
    found = split_words("The FILM,<br />don't (miss) the CAF\u00c9: rare!")
    assert found == ["the", "film", "br", "don't", "miss", "the", "caf\u00c9", "rare"]
    assert encode_words(found, INDEX, 8).tolist() == [1, 4, 5, 6, 4, 7, 2]  # br, miss left out
    assert encode_words(found, INDEX, 7).tolist() == [1, 4, 5, 6, 4, 2, 2]
    assert unknown_words([*found, "br"], INDEX, 8) == ["br", "miss", "rare"]
    assert encode_words([], INDEX, 8).tolist() == [1]


def test_words_of_the_sample_have_the_ranks_of_its_reviews():
    index, review = load_word_index(sample=True), sample_reviews()["test"][0][0]
    word = {rank: word for word, rank in index.items()}
    text = " ".join(word[rank] for rank in review)
    assert "not" in text
    limit = len(index) + imdb.FIRST_WORD_OFFSET
    expected = [1, *(rank + 3 if rank + 3 < limit else 2 for rank in review)]
    assert encode_words(split_words(text), index, None).tolist() == expected


@pytest.mark.parametrize(
    "content", [b"\x89PNG", b"[" * 100_000, b"[1]", b'{"a": "b", "c": 2}', b'{"a": 1, "b": 1}']
)
def test_a_file_that_is_no_word_index_is_refused(data_dir, content):
    (data_dir / files.IMDB_WORD_INDEX).write_bytes(content)
    with pytest.raises(DataError, match=r"no JSON of words|not give each word a rank") as raised:
        load_word_index(data_dir)
    assert "make data" in str(raised.value)


def test_the_published_test_reviews_come_out_of_their_text():
    folder = real_data_dir()
    archive = files.find(files.OWN_REVIEWS, folder) or files.find(files.STANFORD_REVIEWS, folder)
    if archive is None:
        pytest.skip("the reviews as text are not in RNN_DATA_DIR")
    index, reviews = load_word_index(folder), read_reviews(archive.path, 12_500)
    texts = [*reviews["test/pos"], *reviews["test/neg"]]
    order = np.arange(len(texts))
    shuffler = np.random.RandomState(imdb.SHUFFLE_SEED)
    shuffler.shuffle(np.arange(len(texts)))  # the training reviews are drawn first
    shuffler.shuffle(order)
    expected = imdb.load_imdb(folder, num_words=10_000).x_test
    for place, ids in list(zip(order, expected, strict=True))[::50]:
        words = split_words(texts[place].decode())
        assert encode_words(words, index, 10_000).tolist() == ids.tolist()
