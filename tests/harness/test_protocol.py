"""The dataclass that is a command line."""

import argparse
from dataclasses import dataclass

import pytest

from harness.protocol import add_settings, differences, file_settings, patience, recorded, setting


@dataclass(frozen=True)
class Protocol:
    units: int = setting(32, "units", minimum=1)
    dropout: float = setting(0.2, "share dropped, 20 % as published", minimum=0, below=1)
    masked: bool = setting(False, "mask the padding")
    optimizer: str = setting("adam", "update rule", choices=("adam", "sgd"))
    word: str = setting("namaskar", "the word")
    text: str = setting("alice", "a known text, or a file", file_or=("alice",))
    patience: int = patience()


def parse(*argv):
    parser = argparse.ArgumentParser()
    add_settings(parser, Protocol())
    return Protocol(**vars(parser.parse_args(argv)))


def test_flags_replace_the_published_values_with_the_field_s_type():
    assert parse() == Protocol()
    assert parse("--units", "8", "--dropout", "0.5", "--masked") == Protocol(8, 0.5, True)
    for word in ("hello,world", "", "नमस्कार", "two words", "100%"):  # it has no choices
        assert parse("--word", word).word == word


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--units", "0"], "must be at least 1, got 0"),
        (["--units", "2.5"], "expected a whole number, got '2.5'"),
        (["--units", "9" * 400], f"must be below 100000, got {'9' * 50}…\n"),
        (["--units", "9" * 5000], f"expected a whole number, got '{'9' * 50}…'\n"),
        (["--word", "ab\udcff"], r"must hold printable characters, got 'ab\udcff'"),
        (["--word", "\x1b[31m"], r"must hold printable characters, got '\x1b[31m'"),
        (["--patience", "-1"], "must be at least 0, got -1"),
        (["--dropout", "1"], "must be below 1, got 1"),
        (["--dropout", "nan"], "must be finite, got nan"),
        (["--unit", "3", "--depth", "2"], "--depth"),
        (["--optimizer", "newton"], "invalid choice: 'newton'"),
    ],
)
def test_wrong_values_are_refused_with_one_message(argv, message, capsys):
    with pytest.raises(SystemExit) as stop:
        parse(*argv)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_help_of_a_free_word_shows_that_text_is_meant(capsys):
    with pytest.raises(SystemExit):
        parse("--help")
    printed = " ".join(capsys.readouterr().out.split())
    assert "--word TEXT the word (default: namaskar)" in printed
    assert "--optimizer {adam,sgd}" in printed


DEFAULTS = {
    "units": 32,
    "dropout": 0.2,
    "masked": False,
    "optimizer": "adam",
    "word": "namaskar",
    "text": "alice",
}


@pytest.mark.parametrize(
    ("changes", "kept", "files"),
    [
        ({}, {}, []),
        ({"units": 8}, {"units": 8}, []),
        ({"word": "a/b"}, {"word": "a/b"}, []),  # no file: kept as it is
        ({"text": "books/mine.txt"}, {"text": "mine.txt"}, ["books/mine.txt"]),
    ],
)
def test_a_record_keeps_the_values_and_the_name_of_a_file_not_its_place(changes, kept, files):
    changed = Protocol(**changes)
    assert recorded(changed) == DEFAULTS | kept
    assert differences(changed, Protocol()) == kept
    assert list(file_settings(changed)) == files


def test_a_setting_that_is_off_is_in_no_record():
    assert "patience" not in recorded(Protocol())
    assert recorded(Protocol(patience=3))["patience"] == 3
    assert differences(Protocol(patience=3), Protocol()) == {"patience": 3}
    assert differences(Protocol(), Protocol(patience=3)) == {"patience": 0}


def test_the_same_file_in_another_place_is_the_same_setting():
    assert differences(Protocol(text="here/mine.txt"), Protocol(text="there/mine.txt")) == {}
