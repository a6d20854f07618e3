"""Says how likely your own reviews are positive, by every trained IMDB network and a linear model.

    make predict TEXT="not a good film, but I liked it"
    make predict ARGS="--file reviews.csv --json" > predictions.json

A file, or the standard input, holds one review a line, or is a CSV with a column `review`. The
models are those of your own runs, or else those that come with the project. The words are numbered
by IMDB's word index, which is downloaded once if it is not there.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from textwrap import indent, shorten

from explore.trained import TrainedNetwork, find_trained
from harness.cli import Parser, add_places, add_sample, run_command
from harness.errors import few

SILENT_SECONDS = 3  # what takes longer says how far it is


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = Parser("explore.predict", __doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--text", metavar="TEXT", help="the review")
    source.add_argument(
        "--file", type=Path, metavar="FILE", help="reviews as text or CSV (default: standard input)"
    )
    parser.add_argument("--column", metavar="NAME", help="the CSV's column that holds the reviews")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    add_sample(parser, "use the models that `make demo` trained on the built-in sample reviews")
    add_places(parser, "results", "data")
    return parser.parse_args(argv)


def opinions(options: argparse.Namespace) -> dict:
    """All models' opinions.

    Returns:
        `models` by their labels, each with the number of last words that it reads (0: all); the
        `vocabulary` that all of them have; and for each of `reviews` its line, text, numbers of
        words, the `unknown` words, and the `probabilities` that it is positive, by the models'
        labels. A model that knows no word of a review has None.
    """
    from data.imdb import encode_words, load_word_index, unknown_words
    from data.own_reviews import read_reviews, read_text

    if options.text is not None:
        reviews = [read_text(options.text)]
    else:
        reviews, form = read_reviews(options.file, options.column)
        print(form, file=sys.stderr)
    models = find_trained("imdb", options.results_dir, options.sample)
    index = load_word_index(options.data_dir, sample=options.sample)
    from harness.training.machine import prepare

    prepare(seed=0, deterministic=False)
    began, encoded, judged = time.perf_counter(), {}, {}
    for number, model in enumerate(models, start=1):
        size = model.setting("num_words")
        if size not in encoded:
            encoded[size] = [encode_words(one.words, index, size or None) for one in reviews]
        judged[model.label] = probabilities(model, encoded[size])
        seconds = time.perf_counter() - began
        if seconds > SILENT_SECONDS:
            place = f"{number} of {len(models)} models"
            print(f"{place}, {seconds:.0f} s: {model.title} is done", file=sys.stderr)
    limit = min(filter(None, encoded), default=None)  # 0 and None stand for all words
    described = {
        model.label: {
            "title": model.title,
            "seed": model.record.seed,
            "reads": model.setting("maxlen"),
        }
        for model in models
    }
    found = [
        {
            "line": review.line,
            "text": review.text,
            "words": len(review.words),
            "different_words": len(set(review.words)),
            "unknown": unknown_words(review.words, index, limit),
            "probabilities": {label: values[row] for label, values in judged.items()},
        }
        for row, review in enumerate(reviews)
    ]
    return {"models": described, "vocabulary": limit or len(index), "reviews": found}


def probabilities(model: TrainedNetwork, ids: list) -> list[float | None]:
    """Probabilities that reviews are positive, to six decimals; None if no word of one is known."""
    from data.imdb import OUT_OF_VOCABULARY_ID

    maxlen = model.setting("maxlen")  # last ids that the model reads; 0: all
    if model.path.suffix == ".npz":
        found = model.model.predict_proba([review[-maxlen:] for review in ids])[:, 1]
    else:
        network = model.model
        from keras.utils import pad_sequences

        x = pad_sequences(ids, maxlen)  # (reviews, maxlen)
        found = network.predict(x, batch_size=1000, verbose=0)[:, 0]
    known = [bool((review[1:] != OUT_OF_VOCABULARY_ID).any()) for review in ids]
    return [round(p, 6) if one else None for p, one in zip(found.tolist(), known, strict=True)]


def describe(review: dict, models: dict, vocabulary: int) -> str:
    """One review's opinions as a table, and how many agree."""
    from harness.reporting.table import Table

    rows, verdicts = [], Counter()
    for label, probability in review["probabilities"].items():
        title, read = models[label]["title"], models[label]["reads"]
        if probability is None:
            rows.append((title, "", "knows no word of it"))
            continue
        verdict = "positive" if probability > 0.5 else "negative"  # as accuracy counts it
        verdicts[verdict] += 1
        end = f", of the last {read:,} words" if 0 < read < review["words"] else ""
        rows.append((title, f"{probability:.3f}", verdict + end))
    lines = [Table(("", "positive", "verdict"), rows, "lrl").text()]
    if verdicts:
        lines.append(f"{verdicts['positive']} of {verdicts.total()} say that it is positive.")
    unknown, different = review["unknown"], review["different_words"]
    if unknown:
        doubt = " Is it English?" if 2 * len(unknown) > different else ""
        lines.append(
            f"{len(unknown):,} of {different:,} different words are not in the vocabulary of "
            f"{vocabulary:,}: {few(unknown)}.{doubt}"
        )
    return shorten(review["text"], 96, placeholder=" ...") + "\n" + indent("\n".join(lines), "  ")


def show(options: argparse.Namespace) -> None:
    """Prints the opinions, as JSON or as tables."""
    found = opinions(options)
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    models, vocabulary = found["models"], found["vocabulary"]
    print("\n\n".join(describe(review, models, vocabulary) for review in found["reviews"]))


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    return run_command(lambda: show(options))


if __name__ == "__main__":
    sys.exit(main())
