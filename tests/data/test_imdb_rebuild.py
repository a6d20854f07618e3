"""Rebuilding the IMDB files from the reviews: made-up ones, and the real ones where they are."""

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from data import __main__ as command
from data import files, imdb, imdb_rebuild
from data.imdb_rebuild import iteration_order, string_hash

# Two reviews a folder, in the order of their names: "_" comes after the digits.
REVIEWS = {
    "train/pos/10_9.txt": "A good film, a GOOD cast!<br /><br />Don't miss it.",
    "train/pos/1_10.txt": "Café CAFÉ café: the best\x0cfilm\xa0ever – 10/10\r\n",
    "train/neg/0_1.txt": "the worst film; 'the' cast is \U0001f600 bad\\awful, bad. \"Don't\" go",
    "train/neg/2_4.txt": "  I didn't   like it... 0/10\tThe   end\n",
    "test/pos/0_10.txt": "unheard-of: the FILM",
    "test/pos/1_7.txt": "bad bad cast nobody",
    "test/neg/0_2.txt": "so it goes",
    "test/neg/1_1.txt": "end\x0c end",
}
# What a Python 2.7.18 program, with the steps of Keras's tokeniser, made of them.
WORD_INDEX = (
    r'{"best\ffilm\u00a0ever": 12, "don' + "'" + r't": 2, "is": 13, "didn' + "'" + r't": 14, '
    r'"it": 3, "' + "'the'" + r'": 15, "go": 16, "miss": 17, "film": 4, "end": 18, "0": 19, '
    r'"good": 5, "caf\u00e9": 6, "worst": 20, "br": 7, "awful": 21, "\ud83d\ude00": 22, "a": 8, '
    r'"10": 9, "\u2013": 23, "like": 24, "10\r": 25, "i": 26, "caf\u00c9": 27, "cast": 10, '
    r'"bad": 11, "the": 1}'
)
TRAIN = [
    [8, 5, 4, 8, 5, 10, 7, 7, 2, 17, 3],
    [6, 27, 6, 1, 12, 23, 9, 25],
    [1, 20, 4, 15, 10, 13, 22, 11, 21, 11, 2, 16],
    [26, 14, 24, 3, 19, 9, 1, 18],
]
TEST = [[1, 4], [11, 11, 10], [3], [18]]
MAKE = ["--from-reviews", "--data-dir"]


@pytest.fixture(autouse=True)
def nothing_elsewhere(monkeypatch, tmp_path):
    """No Keras cache, no downloads, no network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(files, "DOWNLOADS", tmp_path / "downloads")
    monkeypatch.setattr(files, "URLS", dict.fromkeys(files.URLS, "http://127.0.0.1:9/none"))
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # pooch waits between attempts


@pytest.fixture
def folder(monkeypatch, tmp_path) -> Path:
    """An empty data directory, where the made-up reviews are the published ones."""
    monkeypatch.delenv(files.DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(imdb, "REVIEWS_PER_SPLIT", 4)
    monkeypatch.setattr(imdb, "VOCABULARY_RANGE", (1, 27))
    digest = hashlib.sha256()
    for split in (TRAIN, TEST):
        ranks = [rank for review in split for rank in review]
        for numbers in (list(map(len, split)), ranks, [1, 1, 0, 0]):
            digest.update(np.array(numbers, "<i4").tobytes())
    monkeypatch.setattr(imdb, "PUBLISHED_CONTENT", digest.hexdigest())
    md5 = f"md5:{hashlib.md5(WORD_INDEX.encode()).hexdigest()}"
    monkeypatch.setitem(files.PUBLISHED_HASHES, files.IMDB_WORD_INDEX, md5)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def pack(path: Path, reviews: dict[str, str | bytes] = REVIEWS) -> Path:
    """Reviews in an archive like Stanford's, which also holds what is not to be read."""
    others = {"aclImdb/README": "", "aclImdb/train/unsup/0_0.txt": "", "../" * 50 + "a": ""}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in ({f"aclImdb/{name}": reviews[name] for name in reviews} | others).items():
            content = text if isinstance(text, bytes) else text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("aclImdb/train/pos/5_5.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def own(folder: Path, reviews: dict[str, str | bytes] = REVIEWS) -> Path:
    return pack(folder / files.OWN_REVIEWS, reviews)


def refused(folder: Path, capsys) -> str:
    """Run the command, which must fail in one sentence and leave nothing behind."""
    before = sorted(folder.rglob("*"))
    assert command.main([*MAKE, str(folder)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert sorted(folder.rglob("*")) == before
    return error


def test_as_python_2_made_them():
    train, test = (
        [text.encode() for text in REVIEWS.values()][part] for part in (slice(4), slice(4, 8))
    )
    ranks = imdb_rebuild.word_ranks(train)
    assert imdb_rebuild.word_index(ranks).decode() == WORD_INDEX
    assert imdb_rebuild.encode(train, ranks) == TRAIN
    assert imdb_rebuild.encode(test, ranks) == TEST


def test_files_are_written_and_proved(folder, capsys):
    archive = own(folder)
    assert command.main([*MAKE, str(folder)]) == 0
    assert (folder / files.IMDB_WORD_INDEX).read_text() == WORD_INDEX
    with np.load(folder / files.IMDB, allow_pickle=True) as arrays:
        assert arrays["x_train"].tolist() == TRAIN
        assert arrays["x_test"].tolist() == TEST
        assert arrays["y_train"].tolist() == arrays["y_test"].tolist() == [1, 1, 0, 0]
    assert imdb.content_sha256(folder / files.IMDB) == imdb.PUBLISHED_CONTENT
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"reading {archive} (an archive of your own)",
        f"imdb_word_index.json: MD5 {hashlib.md5(WORD_INDEX.encode()).hexdigest()}, as published",
        f"imdb.npz: content hash {imdb.PUBLISHED_CONTENT}, as published",
        f"{folder / files.IMDB}: written",
        f"{folder / files.IMDB_WORD_INDEX}: written",
    ]


def test_files_that_are_there_are_compared_and_left(folder, capsys, monkeypatch):
    own(folder)
    assert command.main([*MAKE, str(folder)]) == 0
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    capsys.readouterr()
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")  # a proof needs no temporary folder
    assert command.main([*MAKE, str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(
        line.endswith("was there already, with the published content") for line in lines[-2:]
    )
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before

    (folder / files.IMDB_WORD_INDEX).unlink()
    assert command.main([*MAKE, str(folder)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"{files.IMDB_WORD_INDEX}: written")
    assert (folder / files.IMDB).stat().st_mtime_ns == before[folder / files.IMDB]


@pytest.mark.parametrize("name", [files.IMDB, files.IMDB_WORD_INDEX])
def test_another_file_is_never_overwritten(folder, capsys, name):
    own(folder)
    if name == files.IMDB:
        ragged = np.array([[1], [2, 3], [4], [27]], dtype=object)
        labels = np.array([0, 0, 1, 1])
        arrays = {"x_train": ragged, "y_train": labels, "x_test": ragged, "y_test": labels}
        np.savez(folder / name, **arrays)
    else:
        (folder / name).write_text("{}")
    content = (folder / name).read_bytes()
    error = refused(folder, capsys)
    assert f"{folder / name} is there already, with other content" in error
    assert (folder / name).read_bytes() == content


def test_without_reviews_and_with_others_under_stanfords_name(folder, capsys):
    error = refused(folder, capsys)
    assert f"{files.STANFORD_REVIEWS} from http://127.0.0.1:9/none: the connection failed" in error
    archive = pack(folder / files.STANFORD_REVIEWS)
    assert f"{archive} is not Stanford's archive (its MD5 differs)" in refused(folder, capsys)
    assert command.main(["--data-dir", str(folder)]) == 1
    assert 'make data ARGS="--from-reviews"' in capsys.readouterr().err.splitlines()[-1]


BROKEN = {
    "half": lambda content: content[: len(content) // 2],
    "damaged header": lambda content: gzip.compress(
        gzip.decompress(content)[:1024] + b"x" * 512 + gzip.decompress(content)[1536:]
    ),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_broken_archive(folder, capsys, damage):
    archive = own(folder)
    archive.write_bytes(BROKEN[damage](archive.read_bytes()))
    error = refused(folder, capsys)
    assert f"error: {archive}: " in error
    assert "download Stanford's" in error


LONG = "word " * imdb_rebuild.MOST_REVIEW_BYTES
OTHER_REVIEWS = {
    "a long review": (REVIEWS | {"test/neg/1_1.txt": LONG}, "neg holds 1 reviews, not 2"),
    "other training review": (REVIEWS | {"train/pos/1_10.txt": "other words"}, "has the MD5"),
    "other test review": (REVIEWS | {"test/pos/0_10.txt": "the the"}, "their content hash is"),
    "unknown words": (
        REVIEWS | {"test/pos/0_10.txt": "unheard of"},
        "one without words",
    ),
    "Latin-1": (REVIEWS | {"train/pos/10_9.txt": b"caf\xe9"}, "not all reviews are in UTF-8"),
}


@pytest.mark.parametrize("case", OTHER_REVIEWS)
def test_other_reviews(folder, capsys, case):
    held, expected = OTHER_REVIEWS[case]
    own(folder, held)
    assert expected in refused(folder, capsys)


@pytest.mark.faults
def test_real_reviews(tmp_path, capsys):
    """The proof. It takes half a minute."""
    real = Path(os.environ.get(files.DATA_DIR_VARIABLE) or "nowhere")
    names = [files.STANFORD_REVIEWS, files.OWN_REVIEWS]
    archive = next((real / name for name in names if (real / name).is_file()), None)
    if archive is None:
        pytest.skip(f"neither {' nor '.join(names)} in ${files.DATA_DIR_VARIABLE}")
    (tmp_path / archive.name).symlink_to(archive.resolve())
    assert command.main([*MAKE, str(tmp_path)]) == 0

    printed = capsys.readouterr().out
    assert "MD5 bfafd718b763782e994055a2d397834f, as published" in printed
    assert f"content hash {imdb.PUBLISHED_CONTENT}, as published" in printed
    index = (tmp_path / files.IMDB_WORD_INDEX).read_bytes()
    assert hashlib.md5(index).hexdigest() == "bfafd718b763782e994055a2d397834f"


# What CPython 2.7.18 answered when it was asked.
HASHES = {
    b"": 0,
    b"a": 12416037344,
    b"the": -1495230934636648966,
    b"don't": 1711716545879208455,
    "été".encode(): 7663802489438502929,
    b"x" * 40: 4977189553667810664,
}
ORDERS = {  # keys as they came in, and as they came out
    "x_train y_train x_test y_test": "x_test x_train y_train y_test",
    "a b c d e f g h i j": "a c b e d g f i h j",
    "the and a of to is in it i this that was as with for but": (
        "and a for that i of is this it but to as in the was with"
    ),
}
# The numbers from 0 in decimal: how many, and the MD5 of the keys with spaces between them. The
# last table has grown by 4 up to 50,000 keys, and by 2 beyond.
LARGE = {60_000: "9f896fc72bc66f82743acf5ccdd69f22", 120_000: "f19ff8cc56c83191d2e8be44a27bd511"}


def test_hashes_and_orders_of_python_2():
    for string, expected in HASHES.items():
        assert string_hash(string) == expected
    for inserted, expected in ORDERS.items():
        assert iteration_order(inserted.encode().split()) == expected.encode().split()
    for count, md5 in LARGE.items():
        order = iteration_order(b"%d" % number for number in range(count))
        assert hashlib.md5(b" ".join(order)).hexdigest() == md5
