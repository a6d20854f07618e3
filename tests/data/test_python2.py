"""What Python 2 would have done, against what CPython 2.7.18 did when it was asked."""

import hashlib
import io
import pickle
import pickletools
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import npz, python2_npz
from data.python2_dict import iteration_order, string_hash

HASHES = {
    b"": 0,
    b"a": 12416037344,
    b"b": 12544037731,
    b"the": -1495230934636648966,
    b"film": -509531383351783522,
    b"don't": 1711716545879208455,
    "été".encode(): 7663802489438502929,
    b"x" * 40: 4977189553667810664,
}

ORDERS = [  # keys as they came in, and as they came out
    ("x_train y_train x_test y_test", "x_test x_train y_train y_test"),
    ("a b c d e f g h i j", "a c b e d g f i h j"),
    (
        "the and a of to is in it i this that was as with for but",
        "and a for that i of is this it but to as in the was with",
    ),
]

# The numbers from 0 in decimal: how many, and the MD5 of the keys with spaces between them. The
# last table has grown by 4 up to 50,000 keys, and by 2 beyond.
LARGE = {60_000: "9f896fc72bc66f82743acf5ccdd69f22", 120_000: "f19ff8cc56c83191d2e8be44a27bd511"}


@pytest.mark.parametrize("string", HASHES)
def test_hash(string):
    assert string_hash(string) == HASHES[string]


@pytest.mark.parametrize(("inserted", "expected"), ORDERS)
def test_order(inserted, expected):
    assert iteration_order(inserted.encode().split()) == expected.encode().split()


@pytest.mark.parametrize("count", LARGE)
def test_order_of_many_keys(count):
    order = iteration_order(b"%d" % number for number in range(count))
    assert hashlib.md5(b" ".join(order)).hexdigest() == LARGE[count]


def test_order_depends_on_the_order_of_insertion_only_where_keys_collide():
    assert string_hash(b"a") % 8 == string_hash(b"i") % 8
    assert iteration_order([b"a", b"i"]) != iteration_order([b"i", b"a"])
    assert string_hash(b"a") % 8 != string_hash(b"b") % 8
    assert iteration_order([b"a", b"b"]) == iteration_order([b"b", b"a"])


@settings(deadline=None)
@given(st.lists(st.binary(max_size=6)))
def test_every_key_comes_out_once(keys):
    order = iteration_order(keys)
    assert sorted(order) == sorted(set(keys))
    assert iteration_order(keys + keys) == order


def test_pickle_is_that_of_cpickle():
    """`cPickle.dumps([[], [7], [255, 256, 65535, 65536]], 2)`, but for the numbers in the memo."""
    rows = [[], [7], [255, 256, 65_535, 65_536]]
    expected = b"]q\x07", b"]q\x08K\x07a", b"]q\x09(K\xffM\x00\x01M\xff\xffJ\x00\x00\x01\x00e"
    pickled = python2_npz.pickled_lists(rows)
    assert pickled.endswith(b"\x89]q\x06(" + b"".join(expected) + b"etb.")


@pytest.mark.parametrize("length", [999, 1000, 1001, 1002, 2000, 2001])
def test_pickle_appends_a_thousand_at_once(length):
    opcodes = [
        code.name for code, _, _ in pickletools.genops(python2_npz.pickled_lists([[1] * length]))
    ]
    whole, rest = divmod(length, 1000)
    assert opcodes.count("APPENDS") == whole + (rest > 1)
    assert opcodes.count("APPEND") == 1 + (rest == 1)  # one for the list of this one list


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2**31 - 1)), max_size=400))
def test_pickle_gives_the_lists_back(rows):
    array = pickle.loads(python2_npz.pickled_lists(rows), encoding="latin1")
    assert (array.shape, array.dtype) == ((len(rows),), object)
    assert array.tolist() == rows


def test_archive(tmp_path):
    path = tmp_path / "imdb.npz"
    content = {"x_train": [[1, 2], [3]], "y_train": [1, 0], "x_test": [[70_000]], "y_test": [1]}
    python2_npz.write_imdb(path, **content)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["x_test.npy", "x_train.npy", "y_train.npy", "y_test.npy"]
        headers = [archive.read(name)[:80] for name in archive.namelist()]
    assert all(header.endswith(b" \n") for header in headers)
    assert headers[0].startswith(b"\x93NUMPY\x01\x00F\x00{'descr': '|O', 'fortran_order': False, ")

    with zipfile.ZipFile(path) as archive:
        ours = {
            name: (npz.read_lists if name.startswith("x") else npz.read_numbers)(archive, name)
            for name in content
        }
    numpys = np.load(io.BytesIO(path.read_bytes()), allow_pickle=True, encoding="latin1")
    for name, expected in content.items():
        items = [getattr(item, "tolist", lambda item=item: item)() for item in ours[name]]
        assert items == numpys[name].tolist() == expected
    assert ours["y_train"].dtype == np.int64
