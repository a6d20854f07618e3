"""The dataclass that is a command line."""

import argparse
from dataclasses import dataclass

import pytest

from harness.protocol import add_settings, differences, file_settings, recorded, setting


@dataclass(frozen=True)
class Protocol:
    units: int = setting(32, "units", minimum=1)
    dropout: float = setting(0.2, "share dropped, 20 % as published", minimum=0, below=1)
    masked: bool = setting(False, "mask the padding")
    optimizer: str = setting("adam", "update rule", choices=("adam", "sgd"))
    word: str = setting("namaskar", "the word")
    text: str = setting("alice", "a known text, or a file", file_or=("alice",))


def parse(*argv):
    parser = argparse.ArgumentParser()
    add_settings(parser, Protocol())
    return Protocol(**vars(parser.parse_args(argv)))


def test_defaults_are_the_published_values():
    assert parse() == Protocol()


def test_flags_replace_values_with_the_field_s_type():
    assert parse("--units", "8", "--dropout", "0.5", "--masked") == Protocol(8, 0.5, True)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--units", "0"], "must be at least 1, got 0"),
        (["--units", "2.5"], "expected a whole number, got '2.5'"),
        (["--units", "9" * 400], f"must be below 100000, got {'9' * 50}…\n"),
        (["--units", "9" * 5000], f"expected a whole number, got '{'9' * 50}…'\n"),
        (["--word", "ab\udcff"], r"must hold printable characters, got 'ab\udcff'"),
        (["--word", "\x1b[31m"], r"must hold printable characters, got '\x1b[31m'"),
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


@pytest.mark.parametrize("word", ["hello,world", "", "नमस्कार", "two words", "100%"])
def test_a_word_without_choices_may_be_any(word):
    assert parse("--word", word).word == word


def test_help_of_a_free_word_shows_that_text_is_meant(capsys):
    with pytest.raises(SystemExit):
        parse("--help")
    printed = " ".join(capsys.readouterr().out.split())
    assert "--word TEXT the word (default: namaskar)" in printed
    assert "--optimizer {adam,sgd}" in printed


def test_differences_name_what_was_changed():
    assert differences(Protocol(units=8), Protocol()) == {"units": 8}
    assert differences(Protocol(word="a/b"), Protocol()) == {"word": "a/b"}
    assert differences(Protocol(), Protocol()) == {}


def test_a_record_keeps_the_name_of_a_file_not_its_place():
    protocol = Protocol(text="/home/someone/books/mine.txt", word="a/b")
    assert recorded(protocol) == {
        "units": 32,
        "dropout": 0.2,
        "masked": False,
        "optimizer": "adam",
        "word": "a/b",  # no file: kept as it is
        "text": "mine.txt",
    }
    assert differences(protocol, Protocol(word="a/b")) == {"text": "mine.txt"}
    assert recorded(Protocol())["text"] == "alice"


def test_the_same_file_in_another_place_is_the_same_setting():
    assert differences(Protocol(text="here/mine.txt"), Protocol(text="there/mine.txt")) == {}


def test_known_words_are_no_files():
    assert file_settings(Protocol()) == {}
    assert list(file_settings(Protocol(text="books/my.txt"))) == ["books/my.txt"]
