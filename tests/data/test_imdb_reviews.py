"""Rebuilding the IMDB files from the reviews: made-up ones, and the real ones where they are."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from data import command, files, imdb, imdb_archive, imdb_reviews

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
    monkeypatch.setattr(files, "STANFORD_URL", "http://127.0.0.1:9/none")
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


def member(name: str, content: bytes = b"text", **attributes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def members(reviews: dict[str, str] = REVIEWS) -> list[tuple[tarfile.TarInfo, bytes]]:
    return [member(f"aclImdb/{name}", text.encode()) for name, text in reviews.items()]


def pack(path: Path, held: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for info, content in held:
            archive.addfile(info, io.BytesIO(content))
    return path


def own(folder: Path, held: list[tuple[tarfile.TarInfo, bytes]] | None = None) -> Path:
    return pack(folder / files.OWN_REVIEWS, members() if held is None else held)


def refused(folder: Path, capsys) -> str:
    """Run the command, which must fail in one sentence and leave nothing behind."""
    before = sorted(folder.rglob("*"))
    assert command.main([*MAKE, str(folder)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert sorted(folder.rglob("*")) == before
    return error


def test_words():
    assert list(imdb_reviews.words(b" It's <br />A--B\t\xc3\x89\x0cC\n ")) == [
        b"it's",
        b"br",
        b"a",
        b"b",
        b"\xc3\x89\x0cc",
    ]


def test_as_python_2_made_them():
    train, test = list(REVIEWS.values())[:4], list(REVIEWS.values())[4:]
    ranks = imdb_reviews.word_ranks(text.encode() for text in train)
    assert imdb_reviews.word_index(ranks).decode() == WORD_INDEX
    assert imdb_reviews.encode([text.encode() for text in train], ranks) == TRAIN
    assert imdb_reviews.encode([text.encode() for text in test], ranks) == TEST


def test_order_of_a_large_word_index():
    """CPython 2.7.18 filled a dictionary by rank, and another one in the order of the first."""
    ranks = {b"%d" % number: number + 1 for number in range(60_000)}
    words = json.loads(imdb_reviews.word_index(ranks))
    assert words == {word.decode(): rank for word, rank in ranks.items()}
    md5 = hashlib.md5(" ".join(words).encode()).hexdigest()
    assert md5 == "bd506913ac3d05e3a96b8f414b48bae6"


def test_files_are_written_and_proved(folder, capsys):
    extra = [
        member("aclImdb", b"", type=tarfile.DIRTYPE),
        member("aclImdb/README"),
        member("aclImdb/train/unsup/0_0.txt"),
        member("aclImdb/train/pos/notes.txt"),
        member("aclImdb/" + "long" * 100),
    ]
    archive = own(folder, [*extra, *reversed(members())])
    assert command.main([*MAKE, str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [archive.name, files.IMDB, files.IMDB_WORD_INDEX]
    )
    assert (folder / files.IMDB_WORD_INDEX).read_text() == WORD_INDEX
    with np.load(folder / files.IMDB, allow_pickle=True, encoding="latin1") as arrays:
        assert arrays["x_train"].tolist() == TRAIN
        assert arrays["x_test"].tolist() == TEST
        assert arrays["y_train"].tolist() == arrays["y_test"].tolist() == [1, 1, 0, 0]
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"reading {archive} (an archive of your own)",
        f"imdb_word_index.json: MD5 {hashlib.md5(WORD_INDEX.encode()).hexdigest()}, as published",
        f"imdb.npz: content hash {imdb.PUBLISHED_CONTENT}, as published",
        f"imdb.npz: {(folder / files.IMDB).stat().st_size:,} bytes, 17,464,789 published: "
        "this Python's zlib packs differently",
        f"{folder / files.IMDB}: written",
        f"{folder / files.IMDB_WORD_INDEX}: written",
    ]


def test_same_bytes_every_time(folder, tmp_path):
    own(folder)
    own(tmp_path / "other", members()[::-1])
    for place in (folder, tmp_path / "other"):
        assert command.main([*MAKE, str(place)]) == 0
    for name in (files.IMDB, files.IMDB_WORD_INDEX):
        assert (folder / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_without_a_data_directory_files_go_to_downloads(folder, tmp_path):
    own(tmp_path / "downloads")
    assert command.main(["--from-reviews"]) == 0
    assert (tmp_path / "downloads" / files.IMDB).is_file()


def test_files_that_are_there_are_compared_and_left(folder, capsys):
    own(folder)
    assert command.main([*MAKE, str(folder)]) == 0
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    capsys.readouterr()
    assert command.main([*MAKE, str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].endswith("was there already (the published content); left as it is")
    assert lines[-1].endswith("was there already (the published file); left as it is")
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


@pytest.mark.parametrize("place", ["data", "keras/datasets", "downloads"])
def test_stanfords_archive_is_preferred(folder, monkeypatch, tmp_path, capsys, place):
    own(folder, [])
    archive = pack(tmp_path / place / files.STANFORD_REVIEWS, members())
    md5 = f"md5:{hashlib.md5(archive.read_bytes()).hexdigest()}"
    monkeypatch.setitem(files.PUBLISHED_HASHES, files.STANFORD_REVIEWS, md5)
    assert command.main([*MAKE, str(folder)]) == 0
    assert capsys.readouterr().out.startswith(f"reading {archive} (Stanford's archive)\n")


def test_another_archive_under_stanfords_name(folder, capsys):
    archive = pack(folder / files.STANFORD_REVIEWS, members())
    assert f"{archive} is not Stanford's archive (its MD5 differs)" in refused(folder, capsys)


def test_archive_that_cannot_be_downloaded(folder, capsys):
    error = refused(folder, capsys)
    assert f"{files.STANFORD_REVIEWS} from http://127.0.0.1:9/none: the connection failed" in error


def test_make_data_points_to_the_reviews(folder, capsys, monkeypatch):
    monkeypatch.setattr(files, "BASE_URL", "http://127.0.0.1:9/")
    monkeypatch.setattr(files, "CORPUS_URLS", dict.fromkeys(files.CORPUS_URLS, files.STANFORD_URL))
    assert command.main(["--data-dir", str(folder)]) == 1
    assert 'make data ARGS="--from-reviews"' in capsys.readouterr().err.splitlines()[-1]


def test_directory_that_cannot_be_written_to(folder, capsys, monkeypatch):
    own(folder)

    def forbidden(**arguments):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("data.imdb_reviews.tempfile.TemporaryDirectory", forbidden)
    error = refused(folder, capsys)
    assert f"directory {folder} cannot be written to (Permission denied)" in error


def changed(name: str, text: str) -> list[tuple[tarfile.TarInfo, bytes]]:
    return members(REVIEWS | {name: text})


BOMB = b"\0" * (imdb_archive.MOST_REVIEW_BYTES + 1)

BAD_MEMBERS = {
    "link": (member("aclImdb/a", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "neither"),
    "hard link": (member("aclImdb/a", b"", type=tarfile.LNKTYPE, linkname="aclImdb"), "neither"),
    "linked review": (
        member("aclImdb/train/pos/5_5.txt", b"", type=tarfile.SYMTYPE, linkname="1_10.txt"),
        "neither a plain file nor a folder",
    ),
    "device": (member("aclImdb/a", b"", type=tarfile.CHRTYPE), "neither a plain file"),
    "pipe": (member("aclImdb/a", b"", type=tarfile.FIFOTYPE), "neither a plain file"),
    "sparse file": (member("aclImdb/a", b"", type=tarfile.GNUTYPE_SPARSE), "neither a plain file"),
    "way out": (member("aclImdb/../../a"), "'aclImdb/../../a' points out of the archive"),
    "absolute name": (member("/etc/passwd"), "'/etc/passwd' points out of the archive"),
    "long way out": (member("../" * 100 + "a"), "points out of the archive"),
    "long review": (member("aclImdb/train/pos/5_5.txt", BOMB), "claims 1,048,577 bytes"),
    "huge claim": (member("aclImdb/a", pax_headers={"size": "9" * 15}), "claims 999,999,999,999"),
    "negative claim": (member("aclImdb/a", pax_headers={"size": "-512"}), "claims -512 bytes"),
    "endless header": (member("aclImdb/a", pax_headers={"comment": "c" * 10**6}), "belong to no"),
    "same name twice": (member("aclImdb/train/pos/1_10.txt"), "1_10.txt is there twice"),
    "a review too many": (member("aclImdb/test/neg/9_1.txt"), "holds 3 reviews instead of 2"),
}


@pytest.mark.parametrize("case", BAD_MEMBERS)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_bad_member(folder, capsys, case, at_the_end):
    bad, expected = BAD_MEMBERS[case]
    archive = own(folder, [*members(), bad] if at_the_end else [bad, *members()])
    error = refused(folder, capsys)
    assert f"error: {archive}: " in error
    assert expected in error


def test_too_many_members_and_bytes(folder, capsys, monkeypatch):
    own(folder)
    monkeypatch.setattr(imdb_archive, "MOST_MEMBERS", 7)
    assert "holds more than 7 files" in refused(folder, capsys)
    monkeypatch.setattr(imdb_archive, "MOST_MEMBERS", 8)
    monkeypatch.setattr(imdb_archive, "MOST_BYTES", 5_000)
    assert "unpacks to more than 5,000 bytes" in refused(folder, capsys)


BROKEN = {
    "empty": lambda content: b"",
    "error page": lambda content: b"<h1>not found</h1>",
    "gzip of something else": lambda content: gzip.compress(b"hello " * 1000),
    "not compressed": gzip.decompress,
    "half": lambda content: content[: len(content) // 2],
    "checksum cut off": lambda content: content[:-8],
    "last byte cut off": lambda content: content[:-1],
    "checksum wrong": lambda content: content[:-8] + b"\0\0\0\0" + content[-4:],
    "tar cut off in a review": lambda content: gzip.compress(gzip.decompress(content)[:600]),
    "tar cut off between reviews": lambda content: gzip.compress(gzip.decompress(content)[:2048]),
    "damaged header": lambda content: gzip.compress(
        gzip.decompress(content)[:1024] + b"x" * 512 + gzip.decompress(content)[1536:]
    ),
    "endless zeros": lambda content: gzip.compress(gzip.decompress(content) + bytes(10**6)),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_broken_archive(folder, capsys, damage):
    archive = own(folder)
    archive.write_bytes(BROKEN[damage](archive.read_bytes()))
    error = refused(folder, capsys)
    assert f"error: {archive}: " in error
    assert "download Stanford's" in error


OTHER_REVIEWS = {
    "no archive of reviews": ([member("a")], "aclImdb/train/pos holds 0 reviews instead of 2"),
    "a review missing": (members()[:-1], "aclImdb/test/neg holds 1 reviews instead of 2"),
    "other training review": (changed("train/pos/1_10.txt", "other words"), "has the MD5"),
    "other test review": (changed("test/pos/0_10.txt", "the the"), "has the content hash"),
    "unknown words": (changed("test/pos/0_10.txt", "unheard of"), "no word of the training"),
    "empty training review": (changed("train/pos/1_10.txt", ""), "has the MD5"),
    "Latin-1": (
        [*members()[1:], member("aclImdb/train/pos/10_9.txt", b"caf\xe9")],
        "not all are in UTF-8",
    ),
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

    # The first ids of the two reviews that books on Keras print.
    reviews = imdb.load_imdb(tmp_path).x_train
    assert reviews[0][:8].tolist() == [1, 14, 22, 16, 43, 530, 973, 1622]
    assert reviews[1][:8].tolist() == [1, 194, 1153, 194, 8255, 78, 228, 5]
