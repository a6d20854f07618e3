"""Own reviews: read from the command line or a file, and judged by trained models."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explore.trained import TrainedNetwork
from harness.errors import RunError

SILENT_SECONDS = 3  # what takes longer says how far it is

# Typewriters' characters, which the reviews of the dataset have, for those of phones and editors.
TYPEWRITTEN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "."})


@dataclass(frozen=True)
class OwnReview:
    """One review.

    Attributes:
        line: its line in the file, from 1.
        text: as it was written.
        words: in lower case and without punctuation; at least one.
    """

    line: int
    text: str
    words: list[str]


def read_own_reviews(text: str | None, file: Path | None) -> list[OwnReview]:
    """The reviews of a text, a file or the standard input, one a line, or the text as one.

    Lines without a word are left out and counted on standard error.

    Raises:
        RunError: the file is missing, unreadable, no text in UTF-8, or without any word.
    """
    from data.imdb import split_words

    where = "the text" if text is not None else str(file or "standard input")
    lines = [text] if text is not None else _lines(file, where)
    try:
        words = [split_words(line.translate(TYPEWRITTEN)) for line in lines]
    except UnicodeEncodeError as error:  # the shell gave other bytes
        raise RunError(f"{where} is not text in UTF-8; convert it first.") from error
    numbered = enumerate(zip(lines, words, strict=True), start=1)
    reviews = [
        OwnReview(number, line.strip(), found) for number, (line, found) in numbered if found
    ]
    if not reviews:
        raise RunError(f"{where} holds no word; give a review in English, such as 'a good film'.")
    if len(reviews) < len(lines):
        print(f"left out: {len(lines) - len(reviews):,} lines without a word", file=sys.stderr)
    return reviews


def _lines(file: Path | None, where: str) -> list[str]:
    if file is None and sys.stdin.isatty():
        print("type reviews, one a line, and end with Ctrl-D", file=sys.stderr)
    try:
        content = file.read_bytes() if file else sys.stdin.buffer.read()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise RunError(f"cannot read {where}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RunError(f"{where}, line {line}, is not text in UTF-8; convert it first.") from error
    if "\0" in text:
        raise RunError(f"{where} holds zero bytes and is no text; give one review a line in UTF-8.")
    return text.removesuffix("\n").split("\n")


def judge_reviews(
    models: list[TrainedNetwork], reviews: list[list[str]], index: dict[str, int]
) -> Iterator[tuple[TrainedNetwork, list[float]]]:
    """Each model with its probabilities that the reviews are positive; slow ones say so.

    Args:
        models: trained on IMDB.
        reviews: the words of each.
        index: rank of each word.
    """
    from data.imdb import encode_words

    began, encoded = time.perf_counter(), {}
    for number, model in enumerate(models, start=1):
        protocol = model.record.config["protocol"]
        num_words = protocol["num_words"] or None
        if num_words not in encoded:
            encoded[num_words] = [encode_words(words, index, num_words) for words in reviews]
        found = probabilities(model, encoded[num_words], protocol["maxlen"])
        seconds = time.perf_counter() - began
        if seconds > SILENT_SECONDS:
            place = f"{number} of {len(models)} models"
            print(f"{place}, {seconds:.0f} s: {model.title} is done", file=sys.stderr)
        yield model, found


def probabilities(model: TrainedNetwork, ids: list, maxlen: int) -> list[float]:
    """One model's probabilities.

    Args:
        model: trained on IMDB.
        ids: of each review, whole.
        maxlen: the last ids that the model reads; 0 for all.
    """
    if model.path.suffix == ".npz":
        return model.model.predict_proba([review[-maxlen:] for review in ids])[:, 1].tolist()
    network = model.model
    from keras.utils import pad_sequences

    x = pad_sequences(ids, maxlen)  # (reviews, maxlen)
    return network.predict(x, batch_size=1000, verbose=0)[:, 0].tolist()
