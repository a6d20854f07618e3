"""Continues a prompt with the network that text-generation has trained last.

    make generate PROMPT="alice was" ARGS="--temperature 0.5"

The prompt is read in lower case, like the text, and printed with what the network adds to it.
Without a network of your own, it uses the one that comes with the project, trained on *Alice*.
"""

import argparse
import sys
from pathlib import Path

from explore.trained import network_of, newest_trained
from harness.cli import Parser, add_places, add_sample, add_seed, bounded, run_command
from harness.errors import RunError

TRAINING = "text-generation"


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = Parser("explore.generate", __doc__)
    help = "the text to continue (default: %(default)s)"
    parser.add_argument("--prompt", type=_prompt, default="alice was", metavar="TEXT", help=help)
    heat, length = bounded(float, minimum=0), bounded(int, minimum=1)
    help = (
        "0 always takes the most probable character, 1 samples from the network's probabilities, "
        "higher values give more varied text (default: %(default)s)"
    )
    parser.add_argument("--temperature", type=heat, default=0.5, metavar="X", help=help)
    help = "characters to add (default: %(default)s)"
    parser.add_argument("--length", type=length, default=200, metavar="N", help=help)
    add_seed(parser, "seed of the sampling")
    add_sample(parser, "use a network trained on the built-in sample text")
    add_places(parser, "results")
    help = "folder of the run whose network writes (default: your newest, or else the project's)"
    parser.add_argument("--model", type=Path, metavar="DIR", help=help)
    return parser.parse_args(argv)


def _prompt(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def continue_prompt(options: argparse.Namespace) -> str:
    """The prompt and what the network adds to it."""
    if options.model:
        network = network_of(options.model)
    else:
        network = newest_trained(TRAINING, options.results_dir, options.sample)
    record, prompt = network.record, options.prompt.lower()
    protocol, characters = record.config["protocol"], record.data["facts"].get("characters")
    window = protocol.get("window")
    if not (isinstance(characters, str) and characters and type(window) is int and window > 0):
        raise RunError(
            f"{record.path} is a run of {record.experiment} whose record says nothing of "
            f"characters and a window; train a network that writes with `make {TRAINING}`."
        )
    unseen = sorted(set(prompt) - set(characters))
    if unseen:
        raise RunError(
            f"the network never saw {', '.join(map(repr, unseen))}; the prompt may hold "
            f"{characters!r}."
        )
    read = protocol.get("text", "")
    print(f"writing with the network of {record.path}, which read {read}", file=sys.stderr)
    if network.model.output_shape != (None, len(characters)):
        raise RunError(
            f"{network.path} does not match the record beside it; train it again with "
            f"`{record.make_again}`."
        )
    import numpy as np

    from models.networks import continue_text

    rng = np.random.default_rng(options.seed)
    return prompt + continue_text(
        network.model, characters, prompt, options.length, options.temperature, rng, window
    )


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parse_arguments(argv)
    return run_command(lambda: print(continue_prompt(options)))


if __name__ == "__main__":
    sys.exit(main())
