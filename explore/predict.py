"""Says how likely your own reviews are positive, by every trained IMDB network and a linear model.

    make predict TEXT="not a good film, but I liked it"
    make predict ARGS="--file reviews.txt --json" > predictions.json

A file, or the standard input, holds one review a line. The models are those of your own runs, or
else those that come with the project. The words are numbered by IMDB's word index, which is
downloaded once if it is not there.
"""

import argparse
import json
import sys
from pathlib import Path
from textwrap import shorten

from explore.own_reviews import judge_reviews, read_own_reviews
from explore.trained import find_trained
from harness.cli import Parser, add_places, add_sample, run_command
from harness.errors import few


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = Parser("explore.predict", __doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--text", metavar="TEXT", help="the review")
    source.add_argument(
        "--file", type=Path, metavar="FILE", help="reviews, one a line (default: standard input)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    add_sample(parser, "use the models that `make demo` trained on the built-in sample reviews")
    add_places(parser, "results", "data")
    return parser.parse_args(argv)


def opinions(options: argparse.Namespace) -> dict:
    """All models' opinions.

    Returns:
        `models` by their labels, each with the number of last words that it reads (0: all), and
        for each of `reviews` its line, text, numbers of words, the `unknown` words, and the
        `probabilities` that it is positive, by the models' labels.

    Raises:
        RunError: there is no review or no model.
        DataError: the word index is missing.
    """
    reviews = read_own_reviews(options.text, options.file)
    models = find_trained("imdb", options.results_dir, linear=True, sample=options.sample)
    from data.imdb import load_word_index, unknown_words
    from harness.training.machine import prepare

    index = load_word_index(options.data_dir, sample=options.sample)
    prepare(seed=0, deterministic=False)
    vocabulary = min(filter(None, (m.record.config["protocol"]["num_words"] for m in models)))
    words = [review.words for review in reviews]
    judged = {model.label: found for model, found in judge_reviews(models, words, index)}
    return {
        "models": {
            m.label: {
                "title": m.title,
                "seed": m.seed,
                "reads": m.record.config["protocol"]["maxlen"],
            }
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
                "probabilities": {label: round(found[row], 6) for label, found in judged.items()},
            }
            for row, review in enumerate(reviews)
        ],
    }


def describe(review: dict, models: dict, vocabulary: int) -> str:
    """One review's opinions as a table."""
    probabilities = review["probabilities"]
    width = max(len(model["title"]) for model in models.values())
    rows = []
    for label, probability in probabilities.items():
        title, read = models[label]["title"], models[label]["reads"]
        end = f", of the last {read:,} words" if 0 < read < review["words"] else ""
        rows.append(f"  {title:{width}}  {probability:8.3f}  {verdict(probability)}{end}")
    verdicts = [verdict(probability) for probability in probabilities.values()]
    positive, count = verdicts.count("positive"), len(verdicts)
    lines = [
        shorten(review["text"], 96, placeholder=" ..."),
        f"  {'':{width}}  positive  verdict",
        *rows,
        f"  {max(positive, count - positive)} of {count} agree"
        + (f" that it is {max(verdicts, key=verdicts.count)}." if 2 * positive != count else "."),
    ]
    unknown = review["unknown"]
    if unknown:
        share = f"{len(unknown):,} of {review['different_words']:,} different words"
        doubt = " Is it English?" if 2 * len(unknown) > review["different_words"] else ""
        lines.append(
            f"  {share} are not in the vocabulary of {vocabulary:,}: {few(unknown)}.{doubt}"
        )
    return "\n".join(lines)


def verdict(probability: float) -> str:
    """The label that a probability stands for, as accuracy counts it."""
    return "positive" if probability > 0.5 else "negative"


def show(options: argparse.Namespace) -> None:
    """Prints the opinions, as JSON or as tables.

    Raises:
        RunError, DataError: as `opinions`.
    """
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
