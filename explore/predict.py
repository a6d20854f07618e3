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
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten

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
    from data.imdb import load_word_index, unknown_words
    from data.own_reviews import read_reviews, read_text

    if options.text is not None:
        reviews = [read_text(options.text)]
    else:
        reviews, form = read_reviews(options.file, options.column)
        print(form, file=sys.stderr)
    models = find_trained("imdb", options.results_dir, linear=True, sample=options.sample)
    index = load_word_index(options.data_dir, sample=options.sample)
    from harness.training.machine import prepare

    prepare(seed=0, deterministic=False)
    protocols = {model.label: model.record.config["protocol"] for model in models}
    vocabulary = min(filter(None, (p["num_words"] for p in protocols.values())))
    judged = dict(judge_reviews(models, [review.words for review in reviews], index))
    return {
        "models": {
            m.label: {"title": m.title, "seed": m.seed, "reads": protocols[m.label]["maxlen"]}
            for m in models
        },
        "vocabulary": vocabulary,
        "reviews": [
            {
                "line": review.line,
                "text": review.text,
                "words": len(review.words),
                "different_words": len(set(review.words)),
                "unknown": unknown_words(review.words, index, vocabulary),
                "probabilities": {label: found[row] for label, found in judged.items()},
            }
            for row, review in enumerate(reviews)
        ],
    }


def judge_reviews(
    models: list[TrainedNetwork], reviews: list[list[str]], index: dict[str, int]
) -> Iterator[tuple[str, list[float | None]]]:
    """Each model's label and its probabilities that the reviews, lists of words, are positive.

    There is none of a review of which the model knows no word. Slow models say how far they are.
    """
    from data.imdb import OUT_OF_VOCABULARY_ID, encode_words

    began, encoded = time.perf_counter(), {}
    for number, model in enumerate(models, start=1):
        protocol = model.record.config["protocol"]
        num_words = protocol["num_words"] or None
        if num_words not in encoded:
            encoded[num_words] = [encode_words(words, index, num_words) for words in reviews]
        ids = encoded[num_words]
        known = [bool((review[1:] != OUT_OF_VOCABULARY_ID).any()) for review in ids]
        found = probabilities(model, ids, protocol["maxlen"])
        seconds = time.perf_counter() - began
        if seconds > SILENT_SECONDS:
            place = f"{number} of {len(models)} models"
            print(f"{place}, {seconds:.0f} s: {model.title} is done", file=sys.stderr)
        yield (
            model.label,
            [round(p, 6) if one else None for p, one in zip(found, known, strict=True)],
        )


def probabilities(model: TrainedNetwork, ids: list, maxlen: int) -> list[float]:
    """Probabilities that reviews are positive, by a model that reads the last ids; 0 reads all."""
    if model.path.suffix == ".npz":
        return model.model.predict_proba([review[-maxlen:] for review in ids])[:, 1].tolist()
    network = model.model
    from keras.utils import pad_sequences

    x = pad_sequences(ids, maxlen)  # (reviews, maxlen)
    return network.predict(x, batch_size=1000, verbose=0)[:, 0].tolist()


def verdict(probability: float) -> str:
    """The label that a probability stands for, as accuracy counts it."""
    return "positive" if probability > 0.5 else "negative"


def describe(review: dict, models: dict, vocabulary: int) -> str:
    """One review's opinions as a table."""
    judged = {label: p for label, p in review["probabilities"].items() if p is not None}
    width = max(len(model["title"]) for model in models.values())
    lines = [shorten(review["text"], 96, placeholder=" ...")]
    if judged:
        lines.append(f"  {'':{width}}  positive  verdict")
    for label, probability in judged.items():
        title, read = models[label]["title"], models[label]["reads"]
        end = f", of the last {read:,} words" if 0 < read < review["words"] else ""
        lines.append(f"  {title:{width}}  {probability:8.3f}  {verdict(probability)}{end}")
    verdicts = [verdict(probability) for probability in judged.values()]
    positive, count = verdicts.count("positive"), len(verdicts)
    if judged:
        agreed = f" that it is {max(verdicts, key=verdicts.count)}" if 2 * positive != count else ""
        lines.append(f"  {max(positive, count - positive)} of {count} agree{agreed}.")
    silent = [model["title"] for label, model in models.items() if label not in judged]
    if not judged:
        lines.append("  No model knows a word of it, so that none can judge it.")
    elif silent:
        lines.append(f"  {few(silent)}: no verdict, since no word of it is known there.")
    unknown = review["unknown"]
    if unknown:
        share = f"{len(unknown):,} of {review['different_words']:,} different words"
        doubt = " Is it English?" if 2 * len(unknown) > review["different_words"] else ""
        lines.append(
            f"  {share} are not in the vocabulary of {vocabulary:,}: {few(unknown)}.{doubt}"
        )
    return "\n".join(lines)


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
